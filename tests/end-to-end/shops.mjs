// Several shops on one daemon: what each has of its own, and that none sees or
// starves another.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { callAt, lineOf } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { get, parse, valueOf } from './lib/exposition.mjs';
import { Fastcgi } from './lib/fastcgi.mjs';
import { Shopper, ask } from './lib/shopper.mjs';
import { TicketKey } from './lib/ticket.mjs';

// A daemon with what stands outside of sections and the sections, of which each
// has a key for its server, SHOP-key.
const startShops = async (sections, outside = '',
	folder = makeFolder(), settings = {}) => {
	const configuration = path.join(folder, 'shops.conf');
	const database = path.join(folder, 'shop.db');
	const socket = path.join(folder, 'fastcgi');
	const keysOf = (name) => {
		const file = path.join(folder, `${name}.keys`);
		fs.writeFileSync(file, lineOf(`${name}-server`, `${name}-key`));
		return `api-keys = "${file}"\n`;
	};
	const write = (these, rest = outside) => fs.writeFileSync(configuration,
		`${rest}\n${keysOf('outside')}` + Object.entries(these)
			.map(([name, text]) => `shop ${name} {\n${keysOf(name)}${text}\n}\n`)
			.join(''));
	write(sections);
	const daemon = await Daemon.start({ database, configuration, settings: {
		'api-listen': '127.0.0.1:0', 'fastcgi-listen': `unix:${socket}`,
		'session-ttl': 0,
		...settings } });
	const [, port] = await daemon.logged(
		/listening on 127\.0\.0\.1:(\d+) for the shop's server/);
	return { daemon, folder, socket, write, admin: `${database}.admin`,
		call: (shop, method, target) => callAt(Number(port), method, target,
			{ key: `${shop}-key` }),
		ctl: (...words) => ctl(database, ...words) };
};

const withShops = (sections, steps, ...more) => withPatience(async () => {
	const shops = await startShops(sections, ...more);
	await steps(shops);
	assert.equal(await shops.daemon.stop(), 0);
});

const TWO = { books: '', music: 'base-path = /m/a' };
// The same id in three shops.
const TARGETS = { outside: '/one', books: '/books/one', music: '/m/a/one' };
const NAMES = { outside: 'one', books: 'books/one', music: 'music/one' };

const idsOf = async ({ call }, shop) =>
	(await call(shop, 'GET', '/v1/sessions')).sessions.map(({ id }) => id);

// The names of customers that their multicart shows.
const namesIn = (text) => [...text.matchAll(/"name":"(\w*)"/g)]
	.map(([, name]) => name);

test('one id is a session in each shop', () => withShops(TWO,
	async (shops) => {
		for (const [shop, target] of Object.entries(TARGETS)) {
			const ann = await Client.open(shops.daemon, target);
			await ann.enter('startSession', `Ann${shop}`);
			const bob = new Shopper(shops.daemon, target.slice(1));
			const answer = await bob.enter('joinSession', `Bob${shop}`);
			assert.deepEqual(namesIn(answer.text),
				[`Ann${shop}`, `Bob${shop}`]);
			assert(!answer.text.includes(NAMES[shop]) || shop === 'outside');
			const fastcgi = new Fastcgi(shops.socket);
			const { status, json } = await fastcgi.fetch(target, {
				method: 'POST', headers: { 'Content-Type': 'application/json' },
				body: JSON.stringify({ event: 'joinSession',
					payload: { customerName: `Cid${shop}` } }) });
			assert.equal(status, 200);
			const { messages } = await json();
			assert.deepEqual(namesIn(JSON.stringify(messages)),
				[`Ann${shop}`, `Bob${shop}`, `Cid${shop}`]);
			fastcgi.close();
		}
		const { output } = await shops.ctl('sessions', '--json');
		assert.deepEqual(output.trim().split('\n').map((line) =>
			JSON.parse(line).session), Object.values(NAMES));
	}));

test('the longest base path says whose a request is', () => withShops(
	{ in: 'base-path = /a/', inner: 'base-path = /a/b/' },
	async (shops) => {
		for (const target of ['/a', '/a/b', '/a/b/c', '/a//b/./d', '/e'])
			await new Shopper(shops.daemon, target.slice(1))
				.enter('startSession', 'Ann');
		assert.deepEqual(await idsOf(shops, 'outside'), ['a', 'e']);
		assert.deepEqual(await idsOf(shops, 'in'), ['b']);
		assert.deepEqual(await idsOf(shops, 'inner'), ['c', 'd']);
		for (const [target, status] of [['/a/b/c/d', 400], ['/a/', 404],
			['/a/b/', 404], ['/a/c/d', 400], ['/a/b/../../in%2fx', 400]])
			assert.equal((await ask(shops.daemon, 'GET', target)).status,
				status, target);
	}));

test('pages of one shop may not ask the other', () => withShops({
	books: 'allowed-origins = {"https://books.example"}', music: '' },
async ({ daemon }) => {
	const from = async (target, origin) => (await ask(daemon, 'OPTIONS',
		target, { fields: { Origin: `https://${origin}.example` } })).status;
	assert.equal(await from('/books/one', 'books'), 204);
	assert.equal(await from('/books/one', 'shop'), 403);
	assert.equal(await from('/music/one', 'shop'), 204);
	assert.equal(await from('/music/one', 'books'), 403);
	assert.equal(await from('/one', 'books'), 403);
}, 'allowed-origins = {"https://shop.example"}'));

test('tickets of one shop are refused at the other', () => {
	const folder = makeFolder();
	const [ours, theirs] = ['ours', 'theirs'].map((kid) =>
		new TicketKey('EdDSA', kid, folder));
	return withShops({
		books: `ticket-keys = {"${theirs.file}"}\nrequire-tickets = yes`,
		music: 'ticket-audience = music', open: 'ticket-keys = {}\n' +
			'require-tickets = no' }, async ({ daemon }) => {
		const start = async (target, ticket) => (await new Shopper(daemon,
			target).post('startSession', { customerName: 'Ann',
			ticket })).status;
		assert.equal(await start('books/a', ours.sign()), 401);
		assert.equal(await start('books/a', undefined), 401);
		assert.equal(await start('a', theirs.sign()), 401);
		assert.equal(await start('music/a', ours.sign()), 401);
		// The session of a ticket is the id in the URL.
		assert.equal(await start('books/a', theirs.sign(
			{ session: 'books/a' })), 401);
		assert.equal(await start('books/a', theirs.sign({ session: 'a' })),
			200);
		assert.equal(await start('a', ours.sign({ session: 'a' })), 200);
		assert.equal(await start('music/a', ours.sign({ aud: 'music' })), 200);
		assert.equal(await start('open/a', undefined), 200);
	}, `ticket-keys = {"${ours.file}"}\nrequire-tickets = start`, folder);
});

test('a token is good in its shop alone', () => withShops(TWO,
	async ({ daemon }) => {
		const ann = new Shopper(daemon, 'books/one');
		await ann.enter('startSession', 'Ann');
		await new Shopper(daemon, 'one').enter('startSession', 'Bob');
		ann.target = '/one';
		assert.equal((await ann.post('resumeSession', {})).status, 401);
		ann.target = '/books/one';
		assert.equal((await ann.post('resumeSession', {})).status, 200);
	}));

test('a key sees its shop alone', () => withShops(TWO, async (shops) => {
	const { daemon, call } = shops;
	const ann = await new Shopper(daemon, 'books/one');
	await ann.enter('startSession', 'Ann');
	const one = '/v1/sessions/one';
	for (const shop of ['outside', 'music']) {
		assert.deepEqual(await idsOf(shops, shop), []);
		for (const [method, target] of [['GET', one], ['POST', `${one}/lock`],
			['POST', `${one}/unlock`], ['POST', `${one}/end`],
			['DELETE', `${one}/customers/${ann.customerId}`]])
			assert.equal((await call(shop, method, target)).status, 404,
				`${shop} ${target}`);
		// Nor by another spelling.
		assert.equal((await call(shop, 'GET', '/v1/sessions/books%2fone'))
			.status, 404);
	}
	assert.deepEqual(await idsOf(shops, 'books'), ['one']);
	const read = await call('books', 'GET', one);
	assert.equal(read.id, 'one');
	assert.equal(read.present, 1);
	assert.equal((await call('books', 'POST', `${one}/lock`)).id, 'one');
	assert.equal((await call('books', 'POST', `${one}/unlock`)).status, 200);
	const removed = await call('books', 'DELETE',
		`${one}/customers/${ann.customerId}`);
	assert.equal(removed.status, 200);
	assert.equal((await call('books', 'POST', `${one}/end`)).id, 'one');
	await daemon.logged(
		/<6>api: end of a session: asked for by books-server of shop books\n/);
}));

test('a key is told what happens in its shop alone', () => withShops(TWO,
	async ({ daemon, call }) => {
		const held = call('music', 'GET', '/v1/events?after=0&wait=55');
		const customers = {};
		for (const [shop, target] of Object.entries(TARGETS)) {
			const ann = new Shopper(daemon, target.slice(1));
			await ann.enter('startSession', 'Ann');
			customers[shop] = ann.customerId;
		}
		for (const [i, shop] of Object.keys(TARGETS).entries()) {
			const { events, cursor } = await call(shop, 'GET',
				'/v1/events?after=0&wait=0');
			assert.deepEqual(events.map(({ id, data }) =>
				[id, data.session, data.customer]),
			[[String(i + 1), 'one', customers[shop]]]);
			// Behind its own are rows of others, which are passed over.
			assert.equal(cursor, '3');
			assert.deepEqual((await call(shop, 'GET',
				`/v1/events?after=${i + 1}&wait=0`)).events, []);
		}
		assert.deepEqual((await held).events.map(({ data }) => data.customer),
			[customers.music]);
	}));

test('a list is paged past the sessions of others', () => withShops(TWO,
	async ({ daemon, call }) => {
		for (let i = 0; i < 12; i++)
			await new Shopper(daemon, i % 4 === 0 ? `books/s${i}` : `s${i}`)
				.enter('startSession', 'Ann');
		const ids = [];
		let after = '';
		do {
			const page = await call('books', 'GET',
				`/v1/sessions?limit=1${after}`);
			ids.push(...page.sessions.map(({ id, present }) => {
				assert.equal(present, 1);
				return id;
			}));
			after = page.next === null ? null : `&after=${page.next}`;
		} while (after !== null);
		assert.deepEqual(ids, ['s0', 's4', 's8']);
	}));

test('shops come and go with a reload, and stay over a restart', () =>
	withPatience(async () => {
		const shops = await startShops(TWO);
		const { daemon } = shops;
		const ann = await Client.open(daemon, '/books/one');
		const { customerId, token } = await ann.enter('startSession', 'Ann',
			{ resumable: true });
		const bob = await Client.open(daemon, '/m/a/one');
		await bob.enter('startSession', 'Bob');
		const cid = new Shopper(daemon, 'books/one');
		await cid.enter('joinSession', 'Cid');
		const { cursor } = await cid.poll({ cursor: null });
		const held = await cid.held({ cursor });

		shops.write({ music: TWO.music, games: '' });
		const { status, output } = await shops.ctl('reload');
		assert.equal(status, 0);
		assert.deepEqual(output.split('\n').sort(), ['', 'shop books: changed',
			'shop games: changed']);
		assert.equal(await ann.closed, 1008);
		assert.equal((await held.answer).status, 200);
		assert.equal((await cid.poll()).status, 400);
		await new Shopper(daemon, 'games/one').enter('startSession', 'Dan');
		assert.equal((await shops.call('books', 'GET', '/v1/sessions'))
			.status, 401);
		assert.deepEqual(await idsOf(shops, 'outside'), []);
		bob.send('resumeSession', { customerId: 'x', token: 'x' });
		assert.match(await bob.next(), /"multicartUpdate"/);
		await bob.close();

		assert.equal(await daemon.stop(), 0);
		const again = await startShops(TWO, '', shops.folder);
		const eve = await Client.open(again.daemon, '/books/one');
		eve.send('resumeSession', { customerId, token });
		const shown = await eve.nextOf('multicartUpdate');
		assert.deepEqual(namesIn(shown.text), ['Ann', 'Cid']);
		assert.equal(await again.daemon.stop(), 0);
	}));

test('a wrong section changes nothing', () => withShops(TWO,
	async (shops) => {
		shops.write({ books: 'listen = "*:1"', more: '' });
		const { status, error } = await shops.ctl('reload');
		assert.equal(status, 78);
		assert.match(error, /:\d+: listen: stands outside of sections/);
		await new Shopper(shops.daemon, 'books/one')
			.enter('startSession', 'Ann');
		assert.equal((await ask(shops.daemon, 'GET', '/more/one')).status,
			400);
	}));

test('the interface is there for the keys of sections alone', () =>
	withPatience(async () => {
		const folder = makeFolder();
		const configuration = path.join(folder, 'shops.conf');
		const keys = path.join(folder, 'books.keys');
		fs.writeFileSync(keys, lineOf('books-server', 'books-key'));
		fs.writeFileSync(configuration,
			`shop books { api-keys = "${keys}" }\n`);
		const daemon = await Daemon.start({ configuration,
			database: path.join(folder, 'shop.db'),
			settings: { 'api-listen': '127.0.0.1:0' } });
		const [, port] = await daemon.logged(
			/listening on 127\.0\.0\.1:(\d+) for the shop's server/);
		const { status } = await callAt(Number(port), 'GET',
			'/v1/sessions', { key: 'books-key' });
		assert.equal(status, 200);
		assert.equal(await daemon.stop(), 0);
	}));

test('an account is erased in all shops, or in one session', () => {
	const folder = makeFolder();
	const key = new TicketKey('EdDSA', 'ours', folder);
	return withShops(TWO, async ({ daemon, ctl: run }) => {
		const ticket = key.sign({ sub: 'ann@example.org' });
		for (const target of ['one', 'books/one', 'm/a/one'])
			await new Shopper(daemon, target).enter('startSession', 'Ann',
				{ ticket });
		const known = async () => [...(await run('audit', 'customers',
			'--account=ann@example.org', '--json')).output
			.matchAll(/"session":"([^"]*)"/g)].map(([, name]) => name).sort();
		assert.deepEqual(await known(), ['books/one', 'music/one', 'one']);
		const erase = ['erase', '--yes', '--account=ann@example.org'];
		assert.equal((await run(...erase, '--session=books/one')).status, 0);
		assert.deepEqual(await known(), ['music/one', 'one']);
		assert.equal((await run(...erase)).status, 0);
		assert.deepEqual(await known(), []);
	}, `ticket-keys = {"${key.file}"}`, folder);
});

test('whoever runs it names sessions with their shop', () => withShops(TWO,
	async ({ daemon, ctl: run }) => {
		const ann = new Shopper(daemon, 'books/one');
		await ann.enter('startSession', 'Ann');
		await new Shopper(daemon, 'one').enter('startSession', 'Bob');
		const lines = async (...words) => {
			const { status, output, error } = await run(...words);
			assert.equal(status, 0, error);
			return output;
		};
		assert.match(await lines('session', 'books/one'), /Ann/);
		assert.doesNotMatch(await lines('session', 'one'), /Ann/);
		await lines('lock', 'books/one');
		assert.match(await lines('sessions'), /locked +books\/one\n/);
		await lines('unlock', 'books/one');
		assert.match(await lines('audit', 'show', 'books/one'), /Ann/);
		assert.match(await lines('audit', 'sessions'), /\bbooks\/one\b/);
		for (const words of [['sessions'], ['audit', 'sessions']]) {
			const named = async (shop) => [...(await lines(...words, '--json',
				`--shop=${shop}`)).matchAll(/"session":"([^"]*)"/g)]
				.map(([, name]) => name);
			assert.deepEqual(await named('books'), ['books/one']);
			assert.deepEqual(await named(''), ['one']);
			assert.deepEqual(await named('book'), []);
			assert.equal((await run(...words, '--shop=a/b')).status, 64);
		}
		assert.match(await lines('audit', 'verify'), /./);
		assert.match(await lines('config'),
			/^music\/base-path +file +reload +\/m\/a$/m);
		await lines('kick', 'books/one', ann.customerId);
		await lines('end', 'books/one');
		await lines('erase', '--yes', '--session=books/one');
		assert.doesNotMatch(await lines('audit', 'show', 'books/one'), /Ann/);
		assert.match(await lines('audit', 'show', 'one'), /Bob/);
		for (const name of ['Books/one', 'books/', '/one', 'books/one/x'])
			assert.equal((await run('session', name)).status, 64, name);
	}));

// Limits of addresses do not hold on this machine, but for whom a proxy names.
const PROXY = 'trusted-proxies = {127.0.0.1}';
const from = (address) => ({ fields: { 'X-Forwarded-For': address } });

test('a shop that is full leaves the others their places', () => withShops({
	books: 'max-connections = 3', music: 'max-connections = 3' },
async ({ daemon }) => {
	const open = (target) => Client.open(daemon, target);
	const ann = await open('/books/one');
	await ann.enter('startSession', 'Ann');
	const strangers = [await open('/books/two'), await open('/books/two')];
	const refused = await ask(daemon, 'GET', '/books/one?customerId=x');
	assert.equal(refused.status, 429);
	assert.equal(refused.fields['retry-after'], '10');
	for (const target of ['/music/one', '/music/one', '/one', '/two'])
		await open(target);
	await assert.rejects(open('/books/one'), { status: 429 });
	// Who has joined stays; of the others the first one goes, once it has
	// been there for a second.
	let isGone = false;
	strangers[0].closed.then(() => { isGone = true; });
	while (!isGone)
		await open('/books/three').then((client) => client.close(), () => {});
	await (await open('/books/one')).enter('joinSession', 'Cid');
	ann.send('leaveSession', { customerId: 'x' });
	assert.match(await ann.next(), /"multicartUpdate"/);
}));

test('what is started in one shop does not count in another', () => withShops({
	books: 'new-session-rate = 1', music: 'max-sessions = 1' },
async ({ daemon }) => {
	const start = async (target, address) => (await new Shopper(daemon, target)
		.post('startSession', { customerName: 'Ann' }, from(address))).status;
	assert.equal(await start('books/a', '192.0.2.1'), 200);
	assert.equal(await start('books/b', '192.0.2.1'), 429);
	assert.equal(await start('books/b', '192.0.2.2'), 200);
	assert.equal(await start('music/a', '192.0.2.1'), 200);
	assert.equal(await start('music/b', '192.0.2.2'), 429);
	assert.equal(await start('a', '192.0.2.1'), 200);
	assert.equal(await start('b', '192.0.2.1'), 200);
}, PROXY));

test('what each shop has is told', () => withShops({
	books: 'max-connections = 2\nmax-sessions = 1', music: '' },
async ({ daemon, admin }) => {
	const scrape = async () => parse((await get(admin, '/metrics')).text);
	const ann = await Client.open(daemon, '/books/one');
	await ann.enter('startSession', 'Ann');
	const bob = await Client.open(daemon, '/books/two');
	bob.send('startSession', { customerName: 'Bob' });
	assert.match(await bob.next(), /"rateLimited"/);
	await assert.rejects(Client.open(daemon, '/books/two'), { status: 429 });
	await (await Client.open(daemon, '/one')).enter('startSession', 'Cid');
	const families = await scrape();
	const told = (name, shop, more = {}) => valueOf(families,
		`buddyshopping_shop_${name}`, { shop, ...more });
	assert.deepEqual(['', 'books', 'music'].map((shop) => [
		told('connections', shop), told('sessions', shop),
		told('sessions_started_total', shop),
		told('limited_total', shop, { scope: 'connections' }),
		told('limited_total', shop, { scope: 'sessions' }),
		told('limited_total', shop, { scope: 'starts' })]),
	[[1, 1, 1, 0, 0, 0], [2, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]]);
	const listed = fs.readFileSync(path.join(process.env.srcdir ?? '.',
		'man/buddyshopping.8'), 'utf8')
		.matchAll(/^\.It Li (buddyshopping_shop_\w+)$/gm);
	assert.deepEqual([...listed].map(([, name]) => name),
		[...families.keys()].filter((name) => name.includes('_shop_')));
}));
