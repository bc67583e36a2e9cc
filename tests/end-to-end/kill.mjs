// kill -9 under load, again and again: whatever any client was told or shown
// is in the database that is opened afterwards.
//
// KILLS is how often (20); SEED repeats the choices of a run.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { Client, message } from './lib/client.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { needSqlite, replay } from './lib/journal.mjs';

const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? Date.now() % 1000000);
const SESSIONS = 4;
const MEMBERS = 3;
const ACKS_MAX = 150;		// acknowledged in a round before it is killed

needSqlite();

let state = SEED;
const random = (n) => {
	state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
	return Math.floor(state / 4294967296 * n);
};

const revisionOf = (cursor) => Number(cursor.split('.')[1]);

// One customer through all rounds, and all that it was told.
class Customer {
	seq = 0;		// the last one sent
	acknowledged = 0;
	newest = 0;		// the highest revision shown

	constructor(session, number, seen) {
		this.session = session;
		this.number = number;
		this.seen = seen;	// "SESSION CURSOR" -> text
	}

	async connect(daemon) {
		this.client = await Client.open(daemon, `/${this.session}`);
		if (this.id === undefined)
			await this.#enter();
		else
			await this.#resume();
	}

	async #enter() {
		const event = this.number === 0 ? 'startSession' : 'joinSession';
		const reply = await this.client.enter(event, `N${this.number}`,
			{ resumable: true });
		this.id = reply.customerId;
		this.token = reply.token;
	}

	async #resume() {
		this.client.send('resumeSession',
			{ customerId: this.id, token: this.token });
		const { payload } = JSON.parse(await this.client.next());
		assert.equal(payload.customerId, this.id);
		assert(payload.seq >= this.acknowledged, 'an applied seq is lost');
		this.seq = Math.max(this.seq, payload.seq);
		const before = this.newest;
		this.#see(await this.client.next());
		assert(this.newest >= before && this.shown >= before,
			'a revision is lost');
	}

	#see(text) {
		const { cursor } = JSON.parse(text);
		const key = `${this.session} ${cursor}`;
		assert.equal(text, this.seen.get(key) ?? text);
		this.seen.set(key, text);
		this.shown = revisionOf(cursor);
		this.newest = Math.max(this.newest, this.shown);
	}

	#change() {
		const seq = ++this.seq;
		const customerId = this.id;
		if (random(4) === 0)
			this.client.send('customerReadyToCheckout', { customerId,
				customerReadyToCheckout: random(2) === 0, seq });
		else
			this.client.send('updateCart', { customerId, seq,
				cartContent: { seq, pad: 'x'.repeat(random(3000)) } });
	}

	// Change things, one at a time, until the connection ends.
	async work(acknowledge) {
		this.#change();
		for (;;) {
			const text = await this.client.next().catch(() => null);
			if (text === null)
				return;
			const { event, payload } = JSON.parse(text);
			if (event === 'multicartUpdate') {
				this.#see(text);
				continue;
			}
			assert.equal(text, message(event, { seq: this.seq }));
			this.acknowledged = payload.seq;
			acknowledge();
			this.#change();
		}
	}
}

const makeCustomers = (seen) => {
	const customers = [];
	for (let number = 0; number < MEMBERS; number++)
		for (let session = 0; session < SESSIONS; session++)
			customers.push(new Customer(`s${session}`, number, seen));
	return customers;
};

const runRound = async (database, customers) => {
	const daemon = await Daemon.start({ database,
		settings: { 'message-rate': 0, 'new-session-rate': 0 } });
	for (const customer of customers)
		await customer.connect(daemon);
	let left = random(ACKS_MAX);
	const acknowledge = () => {
		if (left-- === 0)
			daemon.kill();
	};
	await Promise.all(customers.map((customer) =>
		customer.work(acknowledge)));
	assert.equal(await daemon.ended, 'SIGKILL');
};

// One more start settles what the last kill left behind.
const checkAll = async (database, customers, seen) => {
	const daemon = await Daemon.start({ database });
	assert.equal(await daemon.stop(), 0);
	const { states, applied } = replay(database);
	for (const [key, text] of seen)
		assert.equal(states.get(key), text, `${key} was seen, and is lost`);
	for (const customer of customers)
		assert(applied.get(customer.id) >= customer.acknowledged);
	console.log(`# ${seen.size} states were seen, ${states.size} are there`);
};

test(`${KILLS} kills lose nothing (SEED=${SEED})`, async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const seen = new Map();
	const customers = makeCustomers(seen);
	for (let i = 0; i < KILLS; i++)
		await withPatience(() => runRound(database, customers));
	await checkAll(database, customers, seen);
});
