// What customers say to one another, from one transport to another.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client, message } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { Members, TRANSPORTS } from './lib/member.mjs';
import { makeRandom } from './lib/random.mjs';
import { ask } from './lib/shopper.mjs';
import { hasText } from './lib/storage.mjs';

const SEEDS = Number(process.env.SEEDS ?? 3);
const SAY = ['say'];
const SECRET = 'a-word-that-nobody-wrote-down';

const serve = async (settings = {}) => {
	const folder = makeFolder();
	const socket = path.join(folder, 'fastcgi.sock');
	const database = path.join(folder, 'shop.db');
	const daemon = await Daemon.start({ database, settings: {
		'fastcgi-listen': `unix:${socket}`, 'say-rate': 0,
		'log-level': 'debug', ...settings } });
	await daemon.logged(/ for FastCGI\n/);
	return { daemon, database, folder, members: new Members(daemon, socket) };
};

const heard = async (member, n) => {
	const list = [];
	while (list.length < n) {
		const { event, payload } = await member.next();
		assert.equal(event, 'say');
		assert.equal(payload.missed, undefined);
		list.push(payload.what);
	}
	return list;
};

const enterAll = async (members) => {
	const all = [];
	for (const [i, transport] of TRANSPORTS.entries())
		all.push(await members.enter(transport,
			i === 0 ? 'startSession' : 'joinSession', transport, SAY));
	return all;
};

test('everybody hears the others, once and in order', { concurrency: true },
	() => withPatience(async () => {
		const { daemon, members } = await serve();
		const all = await enterAll(members);
		// Everybody at once: the order is that of each sender.
		await Promise.all(all.map(async (member, who) => {
			for (let n = 0; n < 8; n++)
				await member.say({ who, n, text: ' \u00e9\ud800' });
		}));
		for (const [i, member] of all.entries()) {
			const list = await heard(member, 16);
			for (const [who] of all.entries()) {
				const numbers = list.filter((what) => what.who === who)
					.map(({ n }) => n);
				assert.deepEqual(numbers, who === i ? [] :
					[0, 1, 2, 3, 4, 5, 6, 7]);
			}
		}
		// To one alone, and then to all, which shows that nothing else came.
		const [ada, bob, eve] = all;
		await ada.say(1, { to: eve.customerId });
		await ada.say(2);
		assert.deepEqual((await eve.next()).payload, { from: ada.customerId,
			what: 1, to: eve.customerId });
		for (const member of [bob, eve])
			assert.deepEqual((await member.next()).payload,
				{ from: ada.customerId, what: 2 });
		await Promise.all(all.map((member) => member.close()));
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));

test('a customer goes from one transport to another and loses nothing',
	{ concurrency: true }, () => withPatience(async () => {
		const { daemon, members } = await serve();
		const ada = await members.enter('websocket', 'startSession', 'Ada', SAY);
		let bob = await members.enter('websocket', 'joinSession', 'Bob', SAY);
		let n = 0;
		for (const transport of ['polling', 'fastcgi', 'websocket', 'fastcgi',
			'polling', 'websocket']) {
			await ada.say(n);
			assert.deepEqual(await heard(bob, 1), [n++]);
			const gone = bob.close();
			// While it is nowhere.
			await ada.say(n);
			await gone;
			const next = members.member(transport, SAY);
			await next.resume(bob);
			bob = next;
			await ada.say(n + 1);
			assert.deepEqual(await heard(bob, 2), [n, n + 1]);
			n += 2;
		}
		await bob.close();
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));

// What a script of says and changes of transport comes to, made from a seed.
const runScript = async (seed) => {
	const random = makeRandom(seed);
	const { daemon, members } = await serve();
	const all = await enterAll(members);
	const expected = all.map(() => []);
	for (let n = 0; n < 60; n++) {
		const who = random(all.length);
		if (random(4) === 0) {
			all[who] = await members.goOver(all[who],
				TRANSPORTS[random(TRANSPORTS.length)]);
			continue;
		}
		const to = random(2 * all.length);
		const more = to < all.length ? { to: all[to].customerId } : {};
		// It is answered, so that this one is said before the next.
		const { messages } = await ask(daemon, 'POST', '/one', {
			body: message('say', { customerId: all[who].customerId,
				token: all[who].token, what: n, seq: n + 1, ...more }) });
		assert.deepEqual(messages, [{ event: 'say',
			payload: { seq: n + 1 } }]);
		for (const [i, list] of expected.entries())
			if (i !== who && (to >= all.length || i === to))
				list.push(n);
	}
	for (const [i, member] of all.entries())
		assert.deepEqual(await heard(member, expected[i].length),
			expected[i], `seed ${seed}`);
	await Promise.all(all.map((member) => member.close()));
	members.close();
	assert.equal(await daemon.stop(), 0);
};

test('whatever way they take, all hear the same', { concurrency: true },
	() => withPatience(async () => {
		for (let seed = 1; seed <= SEEDS; seed++)
			await runScript(seed);
	}));

test('who is far behind is told so', { concurrency: true },
	() => withPatience(async () => {
		const { daemon, members } = await serve();
		const ada = await members.enter('websocket', 'startSession', 'Ada', SAY);
		const bob = await members.enter('polling', 'joinSession', 'Bob', SAY);
		const eve = await members.enter('websocket', 'joinSession', 'Eve', SAY);
		await ada.say('here');
		await heard(bob, 1);
		await bob.close();
		for (let i = 0; i <= 40; i++)
			await ada.say(i);
		// Who is not slow has heard the last one, so all were taken.
		await heard(eve, 42);
		const back = await members.goOver(bob, 'fastcgi');
		assert.deepEqual((await back.next()).payload, { missed: 9 });
		assert.deepEqual(await heard(back, 32),
			Array.from({ length: 32 }, (_, i) => i + 9));
		await Promise.all([back.close(), eve.close()]);
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));

test('what is refused says why', { concurrency: true },
	() => withPatience(async () => {
		const { daemon, members } = await serve({ 'max-say': 8,
			'say-rate': 1, 'say-burst': 2 });
		const ada = await Client.open(daemon, '/one');
		const { customerId } = await ada.enter('startSession', 'Ada');
		await ada.nextOf('multicartUpdate');
		const codes = [];
		for (const what of ['123456', '1234567', 1, 2, 3]) {
			ada.send('say', { customerId, what, seq: codes.length + 1 });
			const { event, payload } = JSON.parse(await ada.next());
			codes.push(event === 'error' ? payload.code : 'said');
			assert.equal(payload.seq, codes.length);
		}
		assert.deepEqual(codes, ['said', 'messageTooLarge', 'said',
			'rateLimited', 'rateLimited']);
		await ada.close();
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));

test('what is said is in no file and no log', { concurrency: true },
	() => withPatience(async () => {
		const { daemon, database, folder, members } = await serve();
		const all = await enterAll(members);
		const [ada, bob, eve] = all;
		await ada.say(SECRET);
		for (const member of [bob, eve])
			assert.deepEqual(await heard(member, 1), [SECRET]);
		await Promise.all(all.map((member) => member.close()));
		members.close();
		assert.equal(await daemon.stop(), 0);
		assert(!daemon.log.includes(SECRET));
		for (const name of fs.readdirSync(folder)) {
			const file = path.join(folder, name);
			if (fs.statSync(file).isFile())
				assert(!fs.readFileSync(file).includes(SECRET), name);
		}
		assert(!hasText(database, SECRET));
		const { output } = await ctl(database, 'audit', 'export');
		assert(!/"event":"say"/.test(output));
	}));
