// Scripts of events, made from seeds: what members of a session do, by
// WebSocket, by polling, and changing between the ways at random, every other
// one of them with deltas.

import assert from 'node:assert/strict';

import { Client } from './client.mjs';
import { withPatience } from './daemon.mjs';
import { applyDelta, isDelta, revisionOf, withoutFeatures } from './delta.mjs';
import { Fastcgi } from './fastcgi.mjs';
import { replay } from './journal.mjs';

const AT_ONCE = 10;

// How all of these places can be talked to; by FastCGI where the place is a
// daemon that has `socket`.
const transportsOf = (...places) => ['websocket', 'polling',
	...places.every(({ socket }) => socket !== undefined) ? ['fastcgi'] : []];

const CARTS = ['{}', '{"n":1}', '{ "n" : [ 1.0e+2 , -0 ] }', '{"a":1,"a":2}',
	'{"big":123456789012345678901234567890}', '{"\\u00e9":"\\ud800\\/"}',
	'{"deep":{"deep":{"deep":[[[]]]}}}', `{"pad":"${'x'.repeat(300)}"}`];

// Numbers from 0 to limit - 1 that the seed decides: an xorshift generator.
const makeRandom = (seed) => {
	let state = Math.imul(seed, 0x9e3779b9) | 1;
	return (limit) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % limit;
	};
};

// What the members do: all at once what is in `together`, and then one after
// the other what is in `afterwards`.
const makeChange = (random, seqs) => {
	const event = random(3) > 0 ? 'updateCart' : 'customerReadyToCheckout';
	// A repeated number, or one that was overtaken, changes nothing.
	const back = random(5) === 0 ? random(3) : -1;
	const seq = Math.max(1, seqs[event] - back);
	seqs[event] = Math.max(seq, seqs[event]);
	const rest = event === 'updateCart' ?
		`"cartContent":${CARTS[random(CARTS.length)]}` :
		`"customerReadyToCheckout":${random(2) > 0}`;
	return { event, rest: `"seq":${seq},${rest}` };
};

const makeChanges = (random, seqs, count) =>
	Array.from({ length: count }, () => makeChange(random, seqs));

const makeScript = (seed) => {
	const random = makeRandom(seed);
	const script = { together: [], afterwards: [] };
	const count = 2 + random(3);
	for (let i = 0; i < count; i++) {
		const seqs = { updateCart: 0, customerReadyToCheckout: 0 };
		script.together.push(makeChanges(random, seqs, 2 + random(5)));
		const steps = [];
		if (i > 0 && random(3) === 0)
			steps.push({ event: 'leaveSession', rest: '' });
		else
			steps.push(...makeChanges(random, seqs, random(3)));
		if (steps[0]?.event === 'leaveSession' && random(2) > 0)
			steps.push({ event: 'joinSession' },
				...makeChanges(random, { updateCart: 0,
					customerReadyToCheckout: 0 }, random(3)));
		script.afterwards.push(steps);
	}
	return script;
};

// The pieces of an answer as they are: parsing would change carts.
const takeApart = (text) => {
	const head = '{"messages":[';
	const tail = text.match(/\](?:,"cursor":"([\d.]+)")?\}$/);
	assert(text.startsWith(head) && tail !== null, text);
	const messages = text.slice(head.length, tail.index);
	const at = messages.search(/\{"event":"multicart(Update|Delta)"/);
	if (at === -1)
		return { reply: messages, cursor: tail[1] };
	return { reply: messages.slice(0, at).replace(/,$/, ''),
		shown: messages.slice(at), cursor: tail[1] };
};

class Member {
	seen = [];		// every state that came, as text
	revision = 0;	// the highest among them
	names = 0;
	deltas = 0;		// that came
	#waiting = [];	// for a revision
	#texts = new Map();	// by incarnation and revision

	constructor(place, session, name, mode, random, takesDeltas) {
		const { host, port, base } = place;
		Object.assign(this, { place, session, name, mode, random,
			takesDeltas });
		this.url = `http://${host}:${port}${base}/${session}`;
	}

	// A request by polling, over HTTP or FastCGI.
	#fetch(transport, query, options) {
		if (transport !== 'fastcgi')
			return fetch(`${this.url}${query}`, options);
		this.fastcgi ??= new Fastcgi(this.place.socket);
		return this.fastcgi.fetch(
			`${this.place.base}/${this.session}${query}`, options);
	}

	// What came, as who has no feature on is shown it.
	#whole(message) {
		if (!isDelta(message))
			return withoutFeatures(message);
		this.deltas++;
		return withoutFeatures(applyDelta(
			this.#texts.get(JSON.parse(message).from), message));
	}

	#see(message) {
		const { cursor } = JSON.parse(message);
		const text = this.#whole(message);
		const revision = Number(cursor.split('.')[1]);
		this.#texts.set(revisionOf(cursor), text);
		this.seen.push({ cursor: revisionOf(cursor), text });
		if (revision <= this.revision)
			return revision;
		Object.assign(this, { revision, cursor, newest: text });
		this.#waiting = this.#waiting.filter((waiter) =>
			waiter.revision > revision || waiter.resolve());
		return revision;
	}

	// Resolves once that revision, or a higher one, was seen.
	reached(revision) {
		if (this.revision >= revision)
			return Promise.resolve();
		return new Promise((resolve) => {
			this.#waiting.push({ revision, resolve });
		});
	}

	async #ask(transport, method, query, body, signal) {
		const headers = this.token === undefined ? {} :
			{ Authorization: `Bearer ${this.token}` };
		const response = await this.#fetch(transport, query,
			{ method, body, headers, signal });
		const text = await response.text();
		const { reply, shown, cursor } = takeApart(text);
		if (shown !== undefined) {
			this.#see(shown);
			assert.equal(JSON.parse(shown).cursor, cursor);
		}
		return { status: response.status, reply };
	}

	// The newest revision there is, whatever was seen of it.
	async ask() {
		const response = await fetch(
			`${this.url}?customerId=${this.customerId}`,
			{ headers: { Authorization: `Bearer ${this.token}` } });
		const { cursor } = await response.json();
		return Number(cursor.split('.')[1]);
	}

	// Poll until told to stop, or until the customer has left.
	async #poll(transport, { signal }) {
		while (!signal.aborted) {
			const before = this.revision;
			const query = `?customerId=${this.customerId}` +
				`${this.cursor === undefined ? '' : `&cursor=${this.cursor}`}` +
				`${this.takesDeltas ? '&features=delta' : ''}`;
			try {
				const { status } = await this.#ask(transport, 'GET', query,
					undefined, signal);
				if (status === 410)
					return;
				assert.equal(status, 200);
				assert(this.revision >= before);
			} catch (error) {
				if (error.name === 'AbortError')
					return;
				throw error;
			}
		}
	}

	async #read(client) {
		let last = 0;
		for (;;) {
			let text;
			try {
				text = await client.next();
			} catch {
				return;
			}
			if (text.startsWith('{"event":"multicart')) {
				if (isDelta(text))
					assert.equal(JSON.parse(text).from.split('.')[1],
						String(last), 'not from what came before');
				const revision = this.#see(text);
				assert(revision > last, 'a connection went back');
				last = revision;
			} else
				this.answered(text);
		}
	}

	async #open() {
		this.client = await Client.open(this.place, `/${this.session}`);
		this.reading = this.#read(this.client);
		if (this.token !== undefined)
			await this.#sendBy('websocket', 'resumeSession', this.#features);
	}

	get #features() {
		return this.takesDeltas ? '"features":["delta"]' : '';
	}

	#startPolling(transport) {
		this.control = new AbortController();
		this.polling = this.#poll(transport, this.control);
	}

	async #stopPolling() {
		this.control.abort();
		await this.polling;
		this.control = undefined;
	}

	async #closeSocket() {
		await this.client.close();
		await this.reading;
		this.client = undefined;
	}

	// Change to another transport.  To or from a WebSocket, the new one comes
	// before the old one goes.
	async #change(transport) {
		if (transport === 'websocket') {
			await this.#open();
			if (this.control !== undefined)
				await this.#stopPolling();
		} else {
			if (this.control !== undefined)
				await this.#stopPolling();
			if (this.token !== undefined)
				this.#startPolling(transport);
			if (this.client !== undefined)
				await this.#closeSocket();
		}
		this.transport = transport;
	}

	async #sendBy(transport, event, rest) {
		const customer = this.token === undefined ? '' :
			`"customerId":"${this.customerId}","token":"${this.token}"`;
		const text = `{"event":"${event}","payload":{` +
			`${[customer, rest].filter((part) => part !== '').join(',')}}}`;
		if (transport !== 'websocket')
			return (await this.#ask(transport, 'POST', '', text)).reply;
		const reply = new Promise((resolve) => { this.answered = resolve; });
		this.client.sendText(text);
		return reply;
	}

	// Send a message, by whatever it is to go; resolves to the answer.
	async #exchange({ event, rest }) {
		let transport = this.mode;
		if (this.mode === 'all') {
			const transports = transportsOf(this.place);
			transport = transports[this.random(transports.length)];
		}
		if (this.transport !== transport)
			await this.#change(transport);
		return JSON.parse(await this.#sendBy(transport, event, rest));
	}

	async act(step) {
		const reply = await this.#exchange(step);
		assert.equal(reply.event, step.event, JSON.stringify(reply));
		return reply.payload;
	}

	// The shop has locked the session: nothing changes.
	async tryInVain() {
		for (const step of [{ event: 'updateCart', rest: '"cartContent":{}' },
			{ event: 'customerReadyToCheckout',
				rest: '"customerReadyToCheckout":true' }]) {
			const { event, payload } = await this.#exchange(step);
			assert.equal(event, 'error');
			assert.equal(payload.code, 'sessionLocked');
		}
	}

	// Start or join.
	async enter(event) {
		const name = `${this.name}${this.names++}`;
		this.token = undefined;
		const { customerId, token } = await this.act({ event,
			rest: `"customerName":"${name}",` +
				(this.takesDeltas ? this.#features : '"resumable":true') });
		Object.assign(this, { customerId, token, hasLeft: false });
		if (this.transport !== 'websocket')
			this.#startPolling(this.transport);
	}

	async leave(step) {
		await this.act(step);
		this.hasLeft = true;
		if (this.control !== undefined) {
			await this.polling;		// 410 ends it
			this.control = undefined;
		}
	}

	async step(step) {
		if (step.event === 'joinSession')
			await this.enter('joinSession');
		else if (step.event === 'leaveSession')
			await this.leave(step);
		else
			await this.act(step);
	}

	async end() {
		if (this.control !== undefined)
			await this.#stopPolling();
		if (this.client !== undefined)
			await this.#closeSocket();
		this.fastcgi?.close();
	}
}

const play = async (members, script, shop) => {
	await members[0].enter('startSession');
	for (const member of members.slice(1))
		await member.enter('joinSession');
	await Promise.all(members.map(async (member, i) => {
		for (const step of script.together[i])
			await member.step(step);
	}));
	if (shop !== undefined) {
		await shop('lock', members[0].session);
		await Promise.all(members.map((member) => member.tryInVain()));
		await shop('unlock', members[0].session);
	}
	for (const [i, member] of members.entries())
		for (const step of script.afterwards[i])
			await member.step(step);
};

// Run a script; resolves to what its members saw and the last state.
const run = async (places, seed, mode, shop) => {
	const script = makeScript(seed);
	const session = `${seed}-${mode}`;
	const members = script.together.map((_, i) => new Member(
		places[i % places.length], session, `m${i}.`, mode,
		makeRandom(1000 * seed + i), i % 2 > 0));
	await play(members, script, shop);
	const last = await members[0].ask();
	const present = members.filter(({ hasLeft }) => !hasLeft);
	await Promise.all(present.map((member) => member.reached(last)));
	for (const { newest, revision } of present) {
		assert.equal(revision, last);
		assert.equal(newest, present[0].newest);
	}
	await Promise.all(members.map((member) => member.end()));
	return { seed, mode, session, newest: members[0].newest,
		seen: members.map(({ seen }) => seen),
		deltas: members.reduce((sum, { deltas }) => sum + deltas, 0) };
};

// Ids are the only thing in which runs of one script differ.
const withoutIds = (text) => text.replace(/"id":"[0-9a-f]{24}"/g, '"id":""');

const runSeed = async (places, seed, shop) => {
	const runs = [];
	for (const mode of [...transportsOf(...places), 'all'])
		runs.push(await run(places, seed, mode, shop));
	for (const { newest, mode } of runs)
		assert.equal(withoutIds(newest), withoutIds(runs[0].newest),
			`seed ${seed}, ${mode}`);
	return runs;
};

// Run the scripts of so many seeds; members go to the places, daemons or fronts
// of one daemon, in turn. shop, if it is there, can 'lock' and 'unlock' a
// session.
export const runScripts = async (places, firstSeed, count, shop) => {
	const runs = [];
	for (let i = 0; i < count; i += AT_ONCE) {
		const seeds = Array.from({ length: Math.min(AT_ONCE, count - i) },
			(_, j) => firstSeed + i + j);
		const some = await withPatience(() => Promise.all(seeds.map((seed) =>
			runSeed(places, seed, shop))));
		runs.push(...some.flat());
	}
	return runs;
};

// Everything seen was a state, and the last one seen is the last there is.
const checkRun = (states, { session, seen, newest }, lasts) => {
	for (const { cursor, text } of seen.flat())
		assert.equal(text, states.get(`${session} ${cursor}`), session);
	assert.equal(newest, lasts.get(session), session);
};

// Compare what was seen with the stopped daemon's database.
export const checkScripts = (database, runs) => {
	const { states } = replay(database);
	const lasts = new Map();
	for (const [key, text] of states)
		lasts.set(key.split(' ')[0], text);
	for (const one of runs)
		checkRun(states, one, lasts);
};

// How many states were seen.
export const countSeen = (runs) =>
	runs.reduce((sum, { seen }) => sum + seen.flat().length, 0);

// How many of them were made of deltas.
export const countDeltas = (runs) =>
	runs.reduce((sum, { deltas }) => sum + deltas, 0);
