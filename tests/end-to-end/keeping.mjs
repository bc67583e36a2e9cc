// All that the daemon keeps and forgets, together: customers who come, leave,
// return and are replaced, erasures by the daemon and without one, retention of
// bodies and of rows, restarts and kills.  After each of them everything that
// buddyshoppingctl and the views say must agree.
//
// RUNS is how many scripts are played (4); SEED repeats the first of them.

import assert from 'node:assert/strict';
import path from 'node:path';
import test, { describe } from 'node:test';

import { Client } from './lib/client.mjs';
import { CtlLines } from './lib/ctl-lines.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { SEED, makeRandom } from './lib/random.mjs';
import { STORAGE, hasText, needQuery, queryViews } from './lib/storage.mjs';

const RUNS = Number(process.env.RUNS ?? 4);
const ROUNDS = 3;		// starts of the daemon
const STEPS = 20;		// of a round
const SESSIONS = 3;
const LONG = 12;		// multicarts that are compared in a round

needQuery();

const settingsOf = (random) => ({
	'message-rate': 0,
	'new-session-rate': 0,
	'absence-window': 1,
	'absence-window-tokenless': 1,
	'max-remembered': 3,
	'audit-anchor-interval': 1,
	'clock-grace': 0,
	'journal-retention': [0, 1, 2][random(3)],
	'audit-retention': [0, 1, 3][random(3)],
});

// A script: who is connected, what they were shown, and what was erased.
class Script {
	members = [];		// {session, client, id, token, secret}
	seen = new Map();	// "SESSION CURSOR" -> {text, ms}: a multicart, and
				// when it was shown
	heads = [];		// lines of audit head, oldest first
	secrets = [];		// texts that must not be in any file any more
	count = 0;
	lines = new CtlLines();

	constructor(seed) {
		this.random = makeRandom(seed);
		this.database = path.join(makeFolder(), 'shop.db');
	}

	pick(list) {
		return list[this.random(list.length)];
	}

	tool(...args) {
		return this.lines.run(this.database, ...args);
	}

	async objects(...args) {
		const { status, output, error } = await this.tool(...args);
		assert.equal(status, 0, error);
		return output.split('\n').slice(0, -1)
			.map((line) => JSON.parse(line));
	}

	async fine(...args) {
		const result = await this.tool(...args);
		assert.equal(result.status, 0, `${args}: ` +
			JSON.stringify(result));
		assert.equal(result.error, '', `${args}`);
		return result.output;
	}

	// The answer to a request; null if it was refused, or nothing was to be
	// said to it.  Behind it goes what is always answered.  What is shown
	// meanwhile is remembered.
	async answer({ client, session }, event) {
		let answer = null;
		client.sendText('{');
		for (;;) {
			const text = await client.next().catch(() => null);
			if (text === null)
				return answer;
			const { event: got, payload, cursor } = JSON.parse(text);
			if (got === 'multicartUpdate' && cursor !== undefined)
				this.seen.set(`${session} ${cursor}`,
					{ text, ms: Date.now() });
			if (got === event)
				answer = payload;
			if (payload.code === 'invalidJson')
				return answer;
		}
	}

	async enter() {
		const session = `s${this.random(SESSIONS)}`;
		const client = await Client.open(this.daemon, `/${session}`);
		const secret = `secret-${this.count++}-name`;
		const event = this.pick(['startSession', 'joinSession']);
		const resumable = this.random(2) === 0;
		const member = { session, client, secret };
		client.send(event, { customerName: secret,
			...resumable ? { resumable } : {} });
		const payload = await this.answer(member, event);
		if (payload === null)
			return client.socket.terminate();
		this.members.push(Object.assign(member, {
			id: payload.customerId, token: payload.token }));
	}

	async cart(member) {
		member.client.send('updateCart', { customerId: member.id,
			seq: ++this.count, cartContent: { note: member.secret,
				items: [{ id: this.random(4),
					quantity: this.random(9) }] } });
		await this.answer(member, 'updateCart');
	}

	async ready(member) {
		member.client.send('customerReadyToCheckout', {
			customerId: member.id, seq: ++this.count,
			customerReadyToCheckout: this.random(2) === 0 });
		await this.answer(member, 'customerReadyToCheckout');
	}

	async refused(member) {
		member.client.sendText('{');
		await this.answer(member);
	}

	async leave(member) {
		member.client.send('leaveSession', { customerId: member.id });
		await this.answer(member, 'leaveSession');
	}

	async resume(member) {
		member.client.socket.terminate();
		await member.client.closed;
		member.client = await Client.open(this.daemon,
			`/${member.session}`);
		member.client.send('resumeSession', {
			customerId: member.id, token: member.token ?? 'x' });
		await this.answer(member, 'resumeSession');
	}

	// Erase somebody who is or was there, or a whole session.
	async erase(member) {
		const isAll = this.random(4) === 0;
		const { status, error } = await this.tool('erase', '--yes',
			'--session', member.session,
			...isAll ? [] : ['--customer', member.id]);
		// Who has left may be forgotten altogether by now.
		assert([0, 2].includes(status), `${status}: ${error}`);
		if (status === 0)
			this.secrets.push(...this.members.filter((other) =>
				other === member || (isAll &&
				other.session === member.session))
				.map(({ secret }) => secret));
	}

	// The daemon's next line about the chain: a second has gone by.
	async letTimePass() {
		const lines = this.daemon.log.match(/chain: /g) ?? [];
		const session = `other${this.count++}`;
		const client = await Client.open(this.daemon, `/${session}`);
		await client.enter('startSession', 'Other');
		client.socket.terminate();
		await this.daemon.logged(new RegExp(
			`(chain: [^]*){${lines.length + 1}}`));
	}

	async step() {
		const connected = this.members.filter(({ client }) =>
			client.socket.readyState === 1);
		const kind = this.random(30);
		if (connected.length < 2 || kind < 6)
			return this.enter();
		const member = this.pick(connected);
		if (kind < 15)
			return this.cart(member);
		if (kind < 18)
			return this.ready(member);
		if (kind < 20)
			return this.refused(member);
		if (kind < 22)
			return this.leave(member);
		if (kind < 24)
			return this.resume(member);
		if (kind < 26)
			return member.client.socket.terminate();
		if (kind < 28)
			return this.erase(this.pick(this.members));
		return this.letTimePass();
	}

	// Of whom nothing is left counts from 1 again: what was shown before that
	// was another multicart.
	isOfThisStart([session, at], rows) {
		const [incarnation] = at.split('.').map(Number);
		const start = rows.find((row) => row.session === session &&
			row.incarnation === incarnation && row.revision === 1);
		return start === undefined ||
			Date.parse(start.time) <= this.seen.get(`${session} ${at}`).ms;
	}

	async compareStates(rows) {
		const keys = [...this.seen.keys()].filter((key) =>
			this.isOfThisStart(key.split(' '), rows));
		for (let i = 0; i < LONG && keys.length > 0; i++) {
			const key = keys.splice(this.random(keys.length), 1)[0];
			const [session, at] = key.split(' ');
			const { status, output } = await this.tool('audit', 'state',
				session, '--at', at);
			assert([0, 2].includes(status));
			if (status === 0)
				this.compareState(JSON.parse(this.seen.get(key).text),
					JSON.parse(output));
		}
	}

	// What is not erased is as it was shown.
	compareState(shown, told) {
		assert.equal(told.cursor, shown.cursor);
		const contents = (state) => state.payload.multicartContent;
		assert.equal(contents(told).length, contents(shown).length);
		contents(told).forEach(({ owner, content }, i) => {
			const before = contents(shown)[i];
			assert.deepEqual({ ...owner, name: null },
				{ ...before.owner, name: null });
			assert([before.owner.name, ''].includes(owner.name));
			if (Object.keys(content).length > 0)
				assert.deepEqual(content, before.content);
		});
	}

	compareViews(rows) {
		const events = queryViews(this.database,
			'SELECT * FROM audit_event ORDER BY seq');
		assert.deepEqual(events.map(({ seq, event, erased, hash }) =>
			({ seq, event, erased: erased === 1, hash })),
		rows.map(({ seq, event, erased = false, hash }) =>
			({ seq, event, erased, hash })));
	}

	// Whatever the tool says of a stopped daemon's database agrees.
	async check() {
		const proof = await this.fine('audit', 'verify');
		const head = (await this.fine('audit', 'head')).trim();
		assert(proof.includes(`chain up to ${head}\n`), proof);
		const first = Number(/rows up to (\d+),/.exec(proof)?.[1] ?? 0);
		this.heads.push(head);
		for (const line of this.heads) {
			const { status, error } = await this.tool('audit', 'verify',
				'--head', line);
			assert.equal(status, parseInt(line, 10) < first ? 2 : 0,
				`${line} ${first} ${error}`);
		}
		const rows = await this.objects('audit', 'export');
		if (rows.length > 0)
			await this.fine('audit', 'verify', '--from',
				`${Math.max(first + 1, this.pick(rows).seq)}`);
		this.compareViews(rows);
		const sessions = await this.objects('audit', 'sessions', '--json');
		for (const { session } of sessions)
			await this.checkSession(session, rows);
		await this.compareStates(rows);
	}

	async checkSession(session, rows) {
		await this.fine('audit', 'verify', '--session', session);
		const own = await this.objects('audit', 'show', session, '--json');
		assert.deepEqual(own.filter(({ event }) => event !== 'retain')
			.map(({ seq }) => seq),
		rows.filter((row) => row.session === session)
			.map(({ seq }) => seq));
		await this.fine('audit', 'show', session);
		const { status } = await this.tool('audit', 'who', session, '1');
		assert([0, 2].includes(status));
		const numbers = own.filter(({ revision }) => revision > 0)
			.map(({ incarnation, revision }) =>
				`${incarnation}.${revision}`);
		const diff = await this.tool('audit', 'diff', session,
			this.pick(numbers) ?? '1', this.pick(numbers) ?? '1');
		assert([0, 2].includes(diff.status), JSON.stringify(diff));
	}

	async checkCopy() {
		const copy = `${this.database}.copy`;
		const told = (await this.fine('backup', '--force', copy)).trim()
			.split('\n').at(-1);
		const original = await this.fine('audit', 'verify');
		const { status, output } = await this.lines.run(copy, 'audit',
			'verify');
		assert.equal(status, 0, output);
		assert.equal(output, original);
		assert(output.includes(told), told);
	}

	checkSecrets() {
		for (const secret of this.secrets)
			assert(!hasText(this.database, secret), secret);
	}

	async round() {
		this.daemon = await Daemon.start({ database: this.database,
			settings: settingsOf(this.random) });
		for (let i = 0; i < STEPS; i++)
			await this.step();
		await this.fine('audit', 'verify');
		if (this.random(2) === 0)
			assert.equal(await this.daemon.stop(), 0);
		else
			assert.equal(await this.daemon.kill(), 'SIGKILL');
		if (this.random(2) === 0)
			await this.erase(this.pick(this.members));
		await this.check();
		if (STORAGE === 'sqlite')
			await this.checkCopy();
		this.checkSecrets();
	}
}

describe('scripts', { concurrency: true }, () => {
	for (let run = 0; run < RUNS; run++)
		test(`what is kept agrees with itself (SEED=${SEED + run})`, () =>
			withPatience(async () => {
				const script = new Script(SEED + run);
				try {
					for (let i = 0; i < ROUNDS; i++)
						await script.round();
				} finally {
					await script.lines.stop();
				}
			}));
});
