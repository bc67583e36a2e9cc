// Webhooks: what happens is told to the shop's server, signed, in order within
// a session and at least once, whatever that server and the daemon go through.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';

import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { OTHER, Receiver, SECRET, distinct, linesOf, seqOf, webhookSettings,
	withWebhook } from './lib/receiver.mjs';
import { SHOPPED, changeCart, enter, expectShopped, isInOrder, setReady, shop,
	statusOf, succeed, typesOf } from './lib/webhooks.mjs';

test('what happens is told, signed and in order', () =>
	withWebhook(undefined, {}, async ({ receiver, daemon, database }) => {
		const ada = await enter(daemon, 'one', 'Ada');
		const bob = await enter(daemon, 'one', 'Bob', 'joinSession');
		await ada.nextOf('multicartUpdate');
		await changeCart(ada, 1);
		await bob.nextOf('multicartUpdate');
		await setReady(ada, true);
		await setReady(bob, true);
		const events = await receiver.untilTold('one', 'session.ready');
		assert.deepEqual(typesOf(events), ['session.started',
			'customer.joined', 'cart.changed', 'customer.ready',
			'customer.ready', 'session.ready']);
		assert.deepEqual(Object.keys(events[0]),
			['id', 'type', 'timestamp', 'data']);
		assert.equal(events[1].data.customer, bob.customerId);
		await succeed(database, 'lock', 'one');
		await succeed(database, 'end', 'one');
		await receiver.untilTold('one', 'session.ended');
		await receiver.until(() => true);
		const status = await statusOf(database);
		assert.equal(status.on, true);
		assert.equal(status.parked, 0);
	}));

test('chosen types alone are sent', () =>
	withWebhook(undefined, { 'webhook-events': 'session.ready' },
		async ({ receiver, daemon }) => {
			await shop(daemon, 'one');
			await shop(daemon, 'two');
			await receiver.until(() => receiver.events.length === 2);
			assert.deepEqual(typesOf(receiver.events),
				['session.ready', 'session.ready']);
		}));

test('a session that is refused is tried again and holds up no other',
	{ concurrency: true }, () => {
		let refusals = 2;
		return withWebhook(({ data, type }) =>
			data.session === 'one' && type === 'customer.ready' &&
				refusals-- > 0 ? 500 : 204, {},
		async ({ receiver, daemon, database }) => {
			await shop(daemon, 'one');
			await receiver.until(() => receiver.attempts.some(
				({ status }) => status === 500));
			await shop(daemon, 'two');
			await receiver.untilTold('two', 'session.unready');
			expectShopped(receiver.of('two'));
			await receiver.untilTold('one', 'session.unready');
			expectShopped(receiver.of('one'));
			assert.equal(receiver.attempts.filter(({ status }) =>
				status === 500).length, 2);
			assert.equal((await statusOf(database)).refused, 2);
		});
	});

test('an event is given up when its time is over, and the next one comes',
	{ concurrency: true }, () =>
		withWebhook(({ type }) => type === 'session.started' ? 500 : 200,
			{ 'webhook-retry-time': 1 },
			async ({ receiver, daemon, database }) => {
				await shop(daemon, 'one');
				await receiver.untilTold('one', 'session.unready');
				await daemon.logged(/event 1 is given up after \d attempts: the answer is 500/);
				assert.deepEqual(typesOf(receiver.of('one')).slice(0, 4),
					SHOPPED.slice(1, 5));
				assert.equal((await statusOf(database)).givenUp, 1);
			}));

test('a hanging receiver, one that cuts off and one that talks nonsense', () =>
	withPatience(async () => {
		const doings = [
			(socket) => socket,				// hangs
			(socket) => socket.destroy(),
			(socket) => socket.end('\0\x01nonsense\r\n\r\n'),
			(socket) => socket.end('HTTP/1.1 999999 ?\r\n\r\n'),
			(socket) => socket.end('HTTP/1.1 200'),
			(socket) => socket.end('HTTP/0.9\r\n'),
		];
		const words = [/timed out/i, /Empty reply|reset/, /HTTP|weird/i,
			/HTTP|status/i, /./, /HTTP/];
		let doing;
		const server = net.createServer((socket) => {
			socket.on('error', () => {});
			socket.once('data', () => doing(socket));
		});
		await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
		const url = `http://127.0.0.1:${server.address().port}/hook`;
		const database = path.join(makeFolder(), 'shop.db');
		const daemon = await Daemon.start({ database, settings: {
			...webhookSettings({ url }), 'webhook-timeout': 1 } });
		for (const [i, each] of doings.entries()) {
			doing = each;
			const { output, status } = await ctl(database, 'webhook', 'test');
			if (status === 0)
				assert.match(output, /^delivered: status 200/);
			else {
				assert.equal(status, 69, output);
				assert.match(output, words[i]);
			}
		}
		assert.equal(await daemon.stop(), 0);
		server.close();
	}));

test('a test event says what came back', () => {
	let status = 200;
	return withWebhook(() => status, {}, async ({ receiver, database }) => {
		assert.match(await succeed(database, 'webhook', 'test'),
			/^delivered: status 200 after \d+ ms\n$/);
		assert.deepEqual(receiver.events[0].type, 'webhook.test');
		status = 404;
		const refused = await ctl(database, 'webhook', 'test');
		assert.equal(refused.status, 69);
		assert.match(refused.output,
			/^refused: status 404 after \d+ ms: the answer is 404\n$/);
	});
});

test('of tests at once each ends, and so does one whose URL goes away', () =>
	withPatience(async () => {
		const answers = [];
		const receiver = await Receiver.start((event, response) => {
			answers.push(() => response.writeHead(200).end());
		});
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const configuration = path.join(folder, 'shop.conf');
		fs.writeFileSync(configuration, linesOf(webhookSettings(receiver)));
		const daemon = await Daemon.start({ database, configuration });
		const first = ctl(database, 'webhook', 'test');
		await receiver.until(() => answers.length === 1);
		const second = ctl(database, 'webhook', 'test');
		// Of the first one nothing is known any more.
		assert.equal((await first).status, 69);
		assert.match((await first).error, /webhook test: .* do it again/);
		answers[0]();
		await receiver.until(() => answers.length === 2);
		answers[1]();
		assert.match((await second).output, /^delivered: status 200/);
		const third = ctl(database, 'webhook', 'test');
		await receiver.until(() => answers.length === 3);
		fs.writeFileSync(configuration, '');
		await succeed(database, 'reload');
		assert.match((await third).output,
			/^unreachable: .*there is no URL any more/);
		assert.equal(await daemon.stop(), 0);
		await receiver.stop();
	}));

test('redirects are not followed', () => {
	let other;
	return withWebhook((event, response) => {
		response.writeHead(302, { Location: other.url });
		response.end();
	}, {}, async ({ database }) => {
		other = await Receiver.start();
		const { status, output } = await ctl(database, 'webhook', 'test');
		assert.equal(status, 69);
		assert.match(output, /the answer is 302/);
		assert.equal(other.attempts.length, 0);
		await other.stop();
	});
});

test('addresses that are not public are refused, whatever the name says', () =>
	withPatience(async () => {
		const receiver = await Receiver.start();
		for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
			const database = path.join(makeFolder(), 'shop.db');
			const daemon = await Daemon.start({ database, settings: {
				...webhookSettings(receiver),
				'webhook-url': `https://${host}:${receiver.port}/`,
				'webhook-allow-private': 'no' } });
			const { status, output } = await ctl(database, 'webhook', 'test');
			assert.equal(status, 69);
			assert.match(output, /^forbidden: status 0 .*not public/);
			assert.equal(await daemon.stop(), 0);
		}
		assert.equal(receiver.attempts.length, 0);
		await receiver.stop();
	}));

test('no proxy of the environment is asked', () => withPatience(async () => {
	const receiver = await Receiver.start();
	const proxy = net.createServer(() => assert.fail('the proxy was asked'));
	await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${proxy.address().port}`;
	const database = path.join(makeFolder(), 'shop.db');
	const daemon = await Daemon.start({ database,
		settings: webhookSettings(receiver),
		env: { http_proxy: url, HTTP_PROXY: url, all_proxy: url } });
	await succeed(database, 'webhook', 'test');
	assert.equal(await daemon.stop(), 0);
	proxy.close();
	await receiver.stop();
}));

test('two secrets sign both, and a reload changes them', () =>
	withWebhook(undefined, {}, async ({ receiver, daemon, database, settings }) => {
		await succeed(database, 'webhook', 'test');
		assert.equal(receiver.attempts[0].signatures.length, 1);
		fs.writeFileSync(settings['webhook-secret'],
			`whsec_${OTHER}\nwhsec_${SECRET}\n`);
		await succeed(database, 'reload');
		await succeed(database, 'webhook', 'test');
		assert.equal(receiver.attempts[1].signatures.length, 2);
		receiver.secret = OTHER;
		fs.writeFileSync(settings['webhook-secret'], `whsec_${OTHER}\n`);
		await succeed(database, 'reload');
		await succeed(database, 'webhook', 'test');
		assert.equal(receiver.attempts[2].signatures.length, 1);
		// No secret is told anybody.
		const told = daemon.log + await succeed(database, 'config') +
			await succeed(database, 'webhook', 'status');
		assert(!told.includes('whsec_') && !told.includes(OTHER));
	}));

test('a stop and a start lose nothing and repeat nothing that was kept', () =>
	withWebhook(undefined, {}, async ({ receiver, daemon, start }) => {
		await shop(daemon, 'one');
		await receiver.untilTold('one', 'session.unready');
		assert.equal(await daemon.stop(), 0);
		const again = await start();
		await shop(again, 'two');
		await receiver.untilTold('two', 'session.unready');
		expectShopped(receiver.of('two'));
		assert.equal(distinct(receiver.of('one')).length,
			receiver.of('one').length);
		assert.equal(await again.stop(), 0);
	}));

test('what happens while the receiver is away comes later, over a restart',
	{ concurrency: true }, () => {
		let status = 503;
		return withWebhook(() => status, {},
			async ({ receiver, daemon, start, database }) => {
				for (let i = 0; i < 5; i++)
					await shop(daemon, `s${i}`);
				await receiver.until(() => receiver.attempts.length >= 5);
				assert.equal(await daemon.stop(), 0);
				const again = await start();
				status = 200;
				for (let i = 0; i < 5; i++) {
					await receiver.untilTold(`s${i}`, 'session.unready');
					expectShopped(receiver.of(`s${i}`));
				}
				assert.equal(await again.stop(), 0);
				assert(fs.existsSync(database));
			});
	});

// SEED repeats what the receiver refuses.
const SEED = Number(process.env.SEED ?? Date.now() % 1000000);

const makeRandom = (seed) => {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 4294967296;
	};
};

test('kill -9 in the middle: none is lost, and a session keeps its order ' +
	`(SEED=${SEED})`, { concurrency: true }, () => {
		const random = makeRandom(SEED);
		return withWebhook(({ data }) => data.session === 's1' &&
			random() < 0.3 ? 500 : 200, {},
		async ({ receiver, daemon, start }) => {
			let current = daemon;
			for (let round = 0; round < 4; round++) {
				for (let i = 0; i < 4; i++)
					await shop(current, `s${round}${i}`);
				await shop(current, `s1`);
				assert.equal(await current.kill(), 'SIGKILL');
				current = await start();
			}
			await receiver.until(() => receiver.of('s1').filter(
				({ type }) => type === 'session.unready').length >= 4 &&
				distinct(receiver.of('s1')).filter(({ type }) =>
					type === 'session.unready').length === 4);
			for (let round = 0; round < 4; round++)
				for (let i = 0; i < 4; i++) {
					await receiver.untilTold(`s${round}${i}`,
						'session.unready');
					assert(isInOrder(distinct(
						receiver.of(`s${round}${i}`))));
				}
			assert(isInOrder(distinct(receiver.of('s1'))));
			assert.equal(await current.stop(), 0);
		});
	});

test('a replay tells again what came behind a row', () =>
	withWebhook(undefined, {}, async ({ receiver, daemon, database }) => {
		await shop(daemon, 'one');
		await receiver.untilTold('one', 'session.unready');
		const before = receiver.of('one').filter((e) => seqOf(e) > 2);
		const count = receiver.events.length;
		await succeed(database, 'webhook', 'replay', '--after', '2');
		await receiver.until(() => receiver.events.length >=
			count + before.length);
		assert.deepEqual(receiver.events.slice(count, count + before.length),
			before);
		await daemon.logged(/webhook replay: behind row 2/);
		const wrong = await ctl(database, 'webhook', 'replay', '--after', 'x');
		assert.equal(wrong.status, 64);
		const ahead = await ctl(database, 'webhook', 'replay', '--after', '999');
		assert.equal(ahead.status, 69);
		assert.match(ahead.error, /nothing behind that row is done yet/);
		await shop(daemon, 'two');
		await receiver.untilTold('two', 'session.unready');
	}));

test('a webhook that is new begins now, and one that is gone is forgotten', () =>
	withPatience(async () => {
		const receiver = await Receiver.start();
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const configuration = path.join(folder, 'shop.conf');
		const lines = linesOf(webhookSettings(receiver));
		fs.writeFileSync(configuration, '');
		const daemon = await Daemon.start({ database, configuration });
		await shop(daemon, 'before');
		assert.equal((await ctl(database, 'webhook', 'test')).status, 69);
		assert.equal((await statusOf(database)).on, false);
		fs.writeFileSync(configuration, lines);
		await succeed(database, 'reload');
		await daemon.logged(/webhook: begins behind row \d+/);
		await shop(daemon, 'one');
		await receiver.untilTold('one', 'session.unready');
		assert.equal(receiver.of('before').length, 0);
		fs.writeFileSync(configuration, '');
		await succeed(database, 'reload');
		await daemon.logged(/webhook: ends behind row \d+/);
		await shop(daemon, 'between');
		assert.equal(await daemon.stop(), 0);
		fs.writeFileSync(configuration, lines);
		const again = await Daemon.start({ database, configuration });
		await shop(again, 'two');
		await receiver.untilTold('two', 'session.unready');
		assert.equal(receiver.of('between').length, 0);
		assert.equal(await again.stop(), 0);
		await receiver.stop();
	}));

test('sessions of another shop are nothing to this one', () =>
	withPatience(async () => {
		const receiver = await Receiver.start();
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const configuration = path.join(folder, 'shop.conf');
		fs.writeFileSync(configuration, 'shop other { base-path = "/o/" }\n');
		const daemon = await Daemon.start({ database, configuration,
			settings: webhookSettings(receiver) });
		await shop(daemon, 'o/one');
		await shop(daemon, 'two');
		await receiver.untilTold('two', 'session.unready');
		assert.equal(receiver.events.length, receiver.of('two').length);
		assert.equal(await daemon.stop(), 0);
		await receiver.stop();
	}));

const sessionsOf = ({ events }) =>
	[...new Set(events.map(({ data }) => data.session))];

test('each shop hears of its own sessions, with its own secret and position',
	() => withPatience(async () => {
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const configuration = path.join(folder, 'shop.conf');
		const books = await Receiver.start(), music = await Receiver.start();
		music.secret = OTHER;
		const sections = {
			books: linesOf(webhookSettings(books)),
			music: linesOf(webhookSettings(music, [OTHER])),
			games: '' };
		const write = (names) => fs.writeFileSync(configuration,
			names.map((name) => `shop ${name} {\n${sections[name]}}\n`)
				.join(''));
		const shopOf = (status, name) =>
			status.shops.find(({ shop: each }) => each === name);
		write(['books', 'music', 'games']);
		let daemon = await Daemon.start({ database, configuration });
		for (const place of ['books/b1', 'music/m1', 'games/g1', 'o1'])
			await shop(daemon, place);
		expectShopped(await books.untilTold('b1', 'session.unready'));
		expectShopped(await music.untilTold('m1', 'session.unready'));
		let status = await statusOf(database);
		assert.equal(status.on, false);
		assert.deepEqual(status.shops.map(({ shop: name, on }) => [name, on]),
			[['books', true], ['music', true]]);
		assert.match(await succeed(database, 'webhook', 'status'),
			/^There is no webhook-url\.\n\nshop +books\n(.+\n)+\nshop +music\n/);
		// Each is tried alone; a receiver takes its own secret alone.
		await succeed(database, 'webhook', 'test', '--shop=music');
		assert.equal(music.events.at(-1).type, 'webhook.test');
		music.events.pop();
		assert(!books.events.some(({ type }) => type === 'webhook.test'));
		for (const words of [['test'], ['test', '--shop=games'],
			['replay', '--after=0', '--shop=games']])
			assert.equal((await ctl(database, 'webhook', ...words)).status,
				69);
		assert.equal((await ctl(database, 'webhook', 'test',
			'--shop=a/b')).status, 64);

		// Both go on where they were.
		assert.equal(await daemon.stop(), 0);
		const counts = [books.events.length, music.events.length];
		daemon = await Daemon.start({ database, configuration });
		await shop(daemon, 'books/b2');
		await shop(daemon, 'music/m2');
		await books.untilTold('b2', 'session.unready');
		await music.untilTold('m2', 'session.unready');
		assert.deepEqual([books, music].map(sessionsOf),
			[['b1', 'b2'], ['m1', 'm2']]);
		for (const [i, receiver] of [books, music].entries())
			assert.equal(distinct(receiver.events).length,
				receiver.events.length, `${i} of ${counts}`);
		const before = books.events.length;
		await succeed(database, 'webhook', 'replay', '--after=0',
			'--shop=books');
		await books.until(() => books.of('b2').filter(({ type }) =>
			type === 'session.unready').length === 2);
		assert(books.events.length > before);
		assert.deepEqual(sessionsOf(music), ['m1', 'm2']);

		// One that is removed is told nothing, and begins anew.
		write(['books', 'games']);
		await succeed(database, 'reload');
		await daemon.logged(/webhook of shop music: ends behind row \d+/);
		write(['books', 'music', 'games']);
		await shop(daemon, 'books/b3');
		await books.untilTold('b3', 'session.unready');
		status = await statusOf(database);
		assert.deepEqual([shopOf(status, 'books').on,
			shopOf(status, 'music').on], [true, false]);
		await succeed(database, 'reload');
		await daemon.logged(/webhook of shop music: begins behind row \d+/);
		await shop(daemon, 'music/m3');
		expectShopped(await music.untilTold('m3', 'session.unready'));
		assert.deepEqual(sessionsOf(music), ['m1', 'm2', 'm3']);
		assert.equal(await daemon.stop(), 0);
		await books.stop();
		await music.stop();
	}));

test('a section needs a secret of its own', () => withPatience(async () => {
	const folder = makeFolder();
	const configuration = path.join(folder, 'shop.conf');
	const settings = webhookSettings({ url: 'http://127.0.0.1:1/' });
	fs.writeFileSync(configuration, linesOf(settings) +
		'shop books {\nwebhook-url = "http://127.0.0.1:2/"\n}\n');
	await assert.rejects(Daemon.start({ configuration,
		database: path.join(folder, 'shop.db') }),
	/webhook-url: nothing to sign with/);
}));

test('carts are told once a second, and the last one is', { concurrency: true },
	() => withWebhook(undefined, {}, async ({ receiver, daemon }) => {
		const ada = await enter(daemon, 'one', 'Ada');
		for (let i = 0; i < 200; i++)
			await changeCart(ada, i);
		await setReady(ada, true);
		await receiver.untilTold('one', 'session.ready');
		const events = receiver.of('one');
		const carts = events.filter(({ type }) => type === 'cart.changed');
		assert(carts.length < 20, `${carts.length} of 200`);
		// The last one, and before what came behind it.
		assert.equal(carts.at(-1).data.revision, 201);
		assert.deepEqual(typesOf(events.slice(-3)),
			['cart.changed', 'customer.ready', 'session.ready']);
		await ada.close();
	}));

test('TLS is verified', { skip: !hasOpenssl() && 'no openssl' }, () =>
	withPatience(async () => {
		const folder = makeFolder();
		const key = path.join(folder, 'key.pem');
		const cert = path.join(folder, 'cert.pem');
		execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
			'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key,
			'-out', cert, '-subj', '/CN=shop', '-days', '2',
			'-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
		const receiver = await Receiver.start(undefined, {
			key: fs.readFileSync(key), cert: fs.readFileSync(cert) });
		const settings = webhookSettings(receiver);
		const database = path.join(makeFolder(), 'shop.db');
		let daemon = await Daemon.start({ database, settings });
		const { output } = await ctl(database, 'webhook', 'test');
		assert.match(output, /^unreachable: .*certificate/);
		assert.equal(await daemon.stop(), 0);
		daemon = await Daemon.start({ database,
			settings: { ...settings, 'webhook-ca': cert } });
		assert.match(await succeed(database, 'webhook', 'test'), /^delivered/);
		assert.equal(await daemon.stop(), 0);
		await receiver.stop();
	}));

function hasOpenssl()
{
	try {
		execFileSync('openssl', ['version'], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}
