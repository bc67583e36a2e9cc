// A shop whose customers change things all the time, by WebSocket and polling,
// whatever becomes of its database; and what is said of that.

import assert from 'node:assert/strict';
import path from 'node:path';

import { ctl } from './ctl.mjs';
import { checkTold, makeCustomers } from './customer.mjs';
import { Daemon, makeFolder } from './daemon.mjs';
import { get, parse, valueOf } from './exposition.mjs';
import { replay } from './journal.mjs';
import { makeRandom } from './random.mjs';
import { Shopper } from './shopper.mjs';
import { move, query, urlOf } from './storage.mjs';

const SESSIONS = 2;
const MEMBERS = 2;
const REPEAT_MS = 50;

// One by polling, which does as those of customer.mjs do.
class Poller {
	seq = 0;
	acknowledged = 0;
	refusals = 0;

	constructor(session) {
		this.session = session;
	}

	async connect(daemon) {
		this.isEnding = false;
		if (this.shopper !== undefined) {
			this.shopper.daemon = daemon;
			return;
		}
		this.shopper = new Shopper(daemon, this.session);
		await this.shopper.enter('joinSession', 'Polly');
		this.id = this.shopper.customerId;
	}

	async #send() {
		const answer = await this.shopper.post('updateCart',
			{ seq: this.seq, cartContent: { seq: this.seq } })
			.catch((error) => {
				if (!this.isEnding)
					throw error;
			});
		if (this.isEnding)
			return false;
		if (answer.status === 200)
			return true;
		// While it stops, too.
		assert.equal(answer.status, 503, answer.text);
		assert(Number(answer.fields['retry-after']) > 0);
		return false;
	}

	async work(acknowledge) {
		while (!this.isEnding) {
			this.seq++;
			while (!await this.#send()) {
				if (this.isEnding)
					return;
				this.refusals++;
				this.onRefusal?.();
				await new Promise((resolve) => {
					setTimeout(resolve, REPEAT_MS);
				});
			}
			this.acknowledged = this.seq;
			acknowledge(this);
		}
	}
}

export class BusyShop {
	customers = [];
	#seen = new Map();
	#working = [];
	#waiting = new Set();
	#resolvers = [];

	// Resolves when its customers are there, and do nothing yet.  url(direct)
	// is where the daemon finds the database.
	static async open({ url = (direct) => direct, settings, env, database =
		path.join(makeFolder(), 'shop.db'), direct } = {}) {
		const shop = new BusyShop();
		if (direct !== undefined)
			move(database, direct);
		direct ??= urlOf(database);
		Object.assign(shop, { database, direct, options: { database,
			url: url(direct), env,
			settings: { 'message-rate': 0, 'new-session-rate': 0,
				...settings } } });
		shop.customers = [...makeCustomers(SESSIONS, MEMBERS, {
			seen: shop.#seen, random: makeRandom(), repeats: true }),
		new Poller('s0')];
		await shop.start();
		return shop;
	}

	// Start its daemon, and let its customers come, or come back.
	async start() {
		this.daemon = await Daemon.start(this.options);
		for (const customer of this.customers)
			await customer.connect(this.daemon);
	}

	// Resolves once all of them were told that a change is done.
	work() {
		const acknowledge = (customer) => {
			this.#waiting.delete(customer);
			if (this.#waiting.size === 0)
				this.#resolvers.splice(0).forEach((resolve) => resolve());
		};
		const progress = this.progress();
		this.#working = this.customers.map((customer) =>
			customer.work(acknowledge));
		return progress;
	}

	// Likewise, of one more.
	progress() {
		return new Promise((resolve) => {
			this.#waiting = new Set(this.customers);
			this.#resolvers.push(resolve);
		});
	}

	// Resolves once each of them was refused something.
	refused() {
		return Promise.all(this.customers.map((customer) =>
			new Promise((resolve) => {
				customer.onRefusal = resolve;
			})));
	}

	get refusals() {
		return this.customers.reduce((sum, { refusals }) => sum + refusals, 0);
	}

	get #admin() {
		return `${this.database}.admin`;
	}

	// What those are told who watch it: {ready, healthy, storage}.
	async health() {
		const [ready, healthy] = await Promise.all(['/readyz', '/healthz']
			.map((place) => get(this.#admin, place)));
		const { status, output, error } = await ctl(this.database, 'status');
		assert.equal(status, 0, error);
		return { ready: ready.status === 200 || JSON.parse(ready.text).reason,
			healthy: healthy.status === 200,
			storage: output.match(/^storage +(\w+)/m)[1] };
	}

	// How many errors of a kind the metrics have.
	async errors(kind) {
		const { text } = await get(this.#admin, '/metrics');
		return valueOf(parse(text), 'buddyshopping_storage_errors_total',
			{ kind });
	}

	// What the daemon has logged of its storage, but for what `text` was so far:
	// a line each, and with it what it is, 3 an error and 6 for information.
	said(text = '') {
		return this.daemon.log.slice(text.length).split('\n')
			.filter((line) => line.includes('store: '));
	}

	async expect(ready, storage) {
		assert.deepEqual(await this.health(),
			{ ready, healthy: true, storage });
	}

	// Who connects for each change does so no more.
	stopPolling() {
		const polling = this.customers.length - 1;
		this.customers[polling].isEnding = true;
		return this.#working[polling];
	}

	// Nothing is there twice, and all is that somebody was told.
	async check() {
		await Promise.all(this.#working);
		checkTold(replay(this.database), this.customers, this.#seen);
		assert.deepEqual(query(this.database, `SELECT customer, client_seq
			FROM journal WHERE client_seq > 0 GROUP BY customer, client_seq
			HAVING count(*) > 1 ORDER BY customer, client_seq`), []);
		const { status, output, error } = await ctl(this.database,
			'audit', 'verify');
		assert.equal(status, 0, output + error);
	}

	// The end of its daemon, which it comes to unharmed.
	async close() {
		await this.stopPolling();
		assert.equal(await this.daemon.stop(), 0);
		await this.check();
	}
}
