// What the tool makes of answers that are JSON, but not what it asked for: each
// member of each answer removed, and replaced by something of every other kind.

import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';

import { CtlLines } from './lib/ctl-lines.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';

const CUSTOMER = '0123456789abcdef01234567';

const SESSION = { session: 'one', incarnation: 1, revision: 2, members: 3,
	present: 2, away: 1, connections: 2, polls: 0, cartBytes: 70,
	locked: false };

// What the daemon answers, by path, and the commands that it is for.  The
// erasure is asked twice: for its number, and how it goes.
const ANSWERS = {
	'/status': { version: '1', pid: 1, state: 'running', storage: 'ok',
		uptime: 1, database: 'shop.db', logLevel: 'info', websockets: 1,
		requests: 1, sessions: 1, present: 1, pending: 0 },
	'/sessions': { sessions: [SESSION], next: null },
	'/session': { ...SESSION, customers: [{ customer: CUSTOMER, name: 'Ada',
		host: true, ready: false, token: true, member: true, present: true,
		connections: 1, polls: 0, cartBytes: 35 }] },
	'/config': { settings: [{ key: 'listen', value: '*:1', default: '*:8080',
		origin: 'file', reloadable: false }] },
	'/reload': { problems: [], adopted: ['demo'], restart: ['listen'] },
	'/erase': { id: 1 },
	'/erase/1': { state: 'done', bodies: 1 },
	'/kick': {},
	'/lock': { id: 1 },
	'/unlock': { id: 1 },
	'/end': { id: 1 },
	'/call/1': { state: 'done', incarnation: 1, revision: 5,
		payload: { multicartContent: [] } },
	'/webhook': { shops: [], on: true, deliveredSeq: 7, readSeq: 8, held: 1, underWay: 1,
		parked: 0, oldest: 2, paused: 0, delivered: 6, refused: 1, timeout: 0,
		unreachable: 0, forbidden: 0, givenUp: 0, purged: 0, status: 500,
		error: 'the answer is 500' },
	'/webhook-test': { id: 1 },
	'/webhook-test/1': { state: 'done', result: 'delivered', status: 200,
		ms: 3, error: null },
	'/webhook-replay': {},
	'/log-level': {},
	'/drain': {},
};

const COMMANDS = [
	{ words: ['status'], paths: ['/status'], json: true },
	{ words: ['sessions'], paths: ['/sessions'], json: true },
	{ words: ['session', 'one'], paths: ['/session'], json: true },
	{ words: ['config'], paths: ['/config'], json: true },
	{ words: ['reload'], paths: ['/reload'], json: true },
	{ words: ['erase', '--session=one', '--yes'],
		paths: ['/erase', '/erase/1'] },
	{ words: ['kick', 'one', CUSTOMER], paths: ['/kick'] },
	{ words: ['lock', 'one'], paths: ['/lock', '/call/1'] },
	{ words: ['unlock', 'one'], paths: ['/unlock'] },
	{ words: ['end', 'one'], paths: ['/end'] },
	{ words: ['log-level', 'info'], paths: ['/log-level'] },
	{ words: ['webhook', 'status'], paths: ['/webhook'], json: true },
	{ words: ['webhook', 'test'],
		paths: ['/webhook-test', '/webhook-test/1'] },
	{ words: ['webhook', 'replay', '--after=7'], paths: ['/webhook-replay'] },
	{ words: ['drain'], paths: ['/drain'] },
];

// What may be null, and what may be a number instead of that.
const NULLABLE = ['name', 'value', 'default', 'next', 'error'];
const OTHERS = [null, -1, 1e30, 7, 'x', true, [], ['x', null], {}];

const isNumber = (value) => Number.isInteger(value) && value >= 0 &&
	value < 2 ** 64;
const kindOf = (value) => value === null ? 'null' : Array.isArray(value) ?
	'list' : typeof value === 'number' ? isNumber(value) ? 'number' :
	'other number' : typeof value;
const isList = (value, like) => Array.isArray(value) && value.every((one) =>
	kindOf(one) === kindOf(like) && (kindOf(one) !== 'object' ||
		Object.keys(like).every((key) => key in one)));

// Whether the tool may take value in the place of member, which was `was`.
const mayBe = (key, was, value) => {
	if (Array.isArray(was))
		return isList(value, was[0] ?? 'a text');
	if ((key === 'state' && was === 'done') || key === 'result')
		return false; // only some words are states
	if (key === 'error')
		return value === null || typeof value === 'string';
	if (key === 'next')
		return value === null || value === 7;
	return kindOf(value) === kindOf(was) ||
		(value === null && NULLABLE.includes(key));
};

// Variants of an answer, each with whether it can be understood.
const variants = function* (answer) {
	for (const [key, was] of Object.entries(answer)) {
		const { [key]: removed, ...rest } = answer;
		yield { value: rest, isGood: false };
		for (const other of OTHERS)
			yield { value: { ...answer, [key]: other },
				isGood: mayBe(key, was, other) };
		if (!Array.isArray(was))
			continue;
		for (const { value, isGood } of was.flatMap((element) =>
			typeof element === 'object' ? [...variants(element)] : []))
			yield { value: { ...answer, [key]: [...was, value] }, isGood };
	}
	yield { value: { ...answer, another: [[{}]] }, isGood: true };
	for (const value of OTHERS.filter((other) => kindOf(other) !== 'object'))
		yield { value, isGood: false };
};

const database = path.join(makeFolder(), 'shop.db');
assert.equal(await (await Daemon.start({ database })).stop(), 0);

// Somebody who listens where the daemon should, and did: there is a database.
// What `answer` returns for a path is the answer; ctl() runs the tool.
const withListener = (steps) => withPatience(async () => {
	const tool = new CtlLines();
	const listener = { ctl: (...words) => tool.run(database, ...words) };
	const server = net.createServer((socket) => {
		let head = '';
		socket.setEncoding('latin1').on('error', () => {});
		socket.on('data', (data) => {
			head += data;
			if (!head.includes('\r\n\r\n'))
				return;
			const [, target] = head.split(' ');
			const { status, body } = listener.answer(target.split('?')[0]);
			socket.end(`HTTP/1.1 ${status} x\r\nContent-Length: ` +
				`${Buffer.byteLength(body)}\r\n\r\n${body}`);
		});
	});
	await new Promise((resolve) => {
		server.listen(`${database}.admin`, resolve);
	});
	try {
		await steps(listener);
	} finally {
		await new Promise((resolve) => { server.close(resolve); });
		await tool.stop();
	}
});

// Whatever number an answer has, it is that of the first.
const known = (target) => ({
	status: 'id' in (ANSWERS[target] ?? {}) ? 202 : 200,
	body: JSON.stringify(ANSWERS[target.replace(/\d+$/, '1')]) });

// Answer text at the path, once, and else what the daemon does.
const answerAt = (where, text) => {
	let asked = 0;
	return (target) => target !== where || asked++ > 0 ? known(target) :
		{ ...known(target), body: text };
};

const MISUNDERSTOOD =
	/^buddyshoppingctl: the daemon's answer is not understood: .*\n$/;

const check = async (listener, words, where, text, isGood) => {
	listener.answer = answerAt(where, text);
	const { status, output, error } = await listener.ctl(...words);
	const what = `${words.join(' ')}: ${text}: ${error}`;
	assert.equal(status, isGood ? 0 : 69, what);
	if (!isGood) {
		assert.match(error, MISUNDERSTOOD, what);
		assert.equal(output, '', what);
	}
};

for (const { words, paths, json } of COMMANDS)
	test(`${words.join(' ')} gets something else`, () => withListener(
		async (listener) => {
			const ways = json ? [words, [...words, '--json']] : [words];
			for (const where of paths)
				for (const way of ways) {
					for (const { value, isGood } of variants(ANSWERS[where]))
						await check(listener, way, where,
							JSON.stringify(value), isGood);
					for (const text of ['', 'no', '{', '{}{}'])
						await check(listener, way, where, text, false);
				}
		}));

test('figures that are none are not understood', () => withListener(
	async (listener) => {
		for (const body of ['', '{}', 'buddyshopping_sessions x\n']) {
			listener.answer = () => ({ status: 200, body });
			const { status, output, error } = await listener.ctl('top',
				'--json');
			assert.equal(status, 69, error);
			assert.equal(output, '');
			assert.match(error, MISUNDERSTOOD);
		}
	}));

test('a list of sessions that never ends is none', () => withListener(
	async (listener) => {
		listener.answer = () => ({ status: 200,
			body: JSON.stringify({ sessions: [SESSION], next: 7 }) });
		const { status, error } = await listener.ctl('sessions');
		assert.equal(status, 69);
		assert.match(error, MISUNDERSTOOD);
	}));

test('a refusal may be anything', () => withListener(async (listener) => {
	const bodies = ['', 'x', '[]', '5', '{}', '{"error":5}',
		'{"error":{"error":"x"}}', '{"error":null}', '{"error":"why"}'];
	for (const { words } of COMMANDS)
		for (const [status, wanted] of [[404, 2], [503, 69]])
			for (const body of bodies) {
				listener.answer = () => ({ status, body });
				const run = await listener.ctl(...words);
				assert.equal(run.status, wanted, `${words}: ${run.error}`);
				assert.equal(run.output, '');
				assert.equal(run.error, 'buddyshoppingctl: ' +
					(body.includes('why') ? 'why\n' :
						`the daemon refused (${status})\n`));
			}
}));

// The same with texts that a terminal would obey.
const EVIL = 'a\u001b[31m\u009b\u202e\u2066\u200bz';
const isEvil = (text) => /[\x00-\x09\x0b-\x1f\x7f-\x9f]|\p{Cf}/u.test(text);
const spoil = (value) => typeof value === 'string' ? EVIL :
	Array.isArray(value) ? value.map(spoil) : value instanceof Object ?
		Object.fromEntries(Object.entries(value).map(([key, member]) =>
			[key, spoil(member)])) : value;

test('nothing that it says is obeyed', () => withListener(async (listener) => {
	for (const status of [200, 503])
		for (const { words, paths: [where], json } of COMMANDS)
			for (const way of json ? [words, [...words, '--json']] : [words]) {
				const body = JSON.stringify(spoil(status === 200 ?
					ANSWERS[where] : { error: '' }));
				assert(status === 200 || isEvil(body));
				listener.answer = () => ({ status, body });
				const { output, error } = await listener.ctl(...way);
				assert(!isEvil(output) && !isEvil(error), `${way}: ` +
					JSON.stringify(output + error));
				if (status === 200 && json)
					assert.match(output, /\\u009b\\u202e/);
			}
}));
