// A customer who changes things through whatever happens to the daemon, and
// keeps what it was told.

import assert from 'node:assert/strict';

import { Client, message } from './client.mjs';

// Sooner than a good client.
const REPEAT_MS = 50;

const revisionOf = (cursor) => Number(cursor.split('.')[1]);

export class Customer {
	seq = 0;		// the last one sent
	acknowledged = 0;
	newest = 0;		// the highest revision shown
	refusals = 0;		// because of the storage
	#isLockedOut = false;
	#change;		// the last one sent

	// Number 0 of a session is its host; what is shown goes into `seen`,
	// "SESSION CURSOR" -> text, random(n) makes the choices, and who repeats
	// goes on when the storage refuses something.
	constructor(session, number, { seen, random, repeats = false }) {
		this.session = session;
		this.number = number;
		this.seen = seen;
		this.random = random;
		this.repeats = repeats;
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

	#makeChange() {
		const seq = ++this.seq;
		const customerId = this.id;
		this.#isLockedOut = false;
		this.#change = this.random(4) === 0 ?
			['customerReadyToCheckout', { customerId,
				customerReadyToCheckout: this.random(2) === 0, seq }] :
			['updateCart', { customerId, seq,
				cartContent: { seq, pad: 'x'.repeat(this.random(3000)) } }];
		this.client.send(...this.#change);
	}

	// The storage refused it, which changed nothing: it is sent again.
	#repeat({ event, seq, retryAfter }) {
		assert.deepEqual([event, seq], [this.#change[0], this.seq]);
		assert(Number.isInteger(retryAfter) && retryAfter > 0);
		this.refusals++;
		this.onRefusal?.();
		setTimeout(() => this.client.send(...this.#change), REPEAT_MS);
	}

	// Who is locked out tries again when something is shown.
	#hear(text, acknowledge) {
		const { event, payload } = JSON.parse(text);
		if (event === 'multicartUpdate') {
			this.#see(text);
			if (this.#isLockedOut)
				this.#makeChange();
			return;
		}
		if (event === 'error' && this.repeats &&
			payload.code === 'storageUnavailable') {
			this.#repeat(payload);
			return;
		}
		if (event === 'error') {
			assert.deepEqual([payload.code, payload.seq],
				['sessionLocked', this.seq], text);
			this.#isLockedOut = true;
			return;
		}
		assert.equal(text, message(event, { seq: this.seq }));
		this.acknowledged = payload.seq;
		acknowledge(this);
		this.#makeChange();
	}

	// Change things, one at a time, until the connection ends.
	async work(acknowledge) {
		this.#makeChange();
		for (;;) {
			const text = await this.client.next().catch(() => null);
			if (text === null)
				return;
			this.#hear(text, acknowledge);
		}
	}
}

// The customers of so many sessions, hosts first.
export const makeCustomers = (sessions, members, told) =>
	Array.from({ length: members }, (_, number) =>
		Array.from({ length: sessions }, (__, session) =>
			new Customer(`s${session}`, number, told))).flat();

// Whether all that they were told is among the states of a journal and the
// highest seqs that it has (replay() of journal.mjs).
export const checkTold = ({ states, applied }, customers, seen) => {
	for (const [key, text] of seen)
		assert.equal(states.get(key), text, `${key} was seen, and is lost`);
	for (const customer of customers)
		assert(applied.get(customer.id) >= customer.acknowledged);
	console.log(`# ${seen.size} states were seen, ${states.size} are there`);
};
