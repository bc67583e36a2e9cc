// Who may start and join sessions is said by tickets of a shop's server, which
// node makes here: over WebSocket, HTTP and FastCGI, with keys that are
// replaced while the daemon runs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { describe } from 'node:test';

import './lib/browser-globals.mjs';
import { BuddyShopping } from '../../contrib/client/buddyshopping.js';
import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { TICKETS, blocksFor } from './lib/documents.mjs';
import { Fastcgi } from './lib/fastcgi.mjs';
import { ERASED_WORDS, daemonOptions, hasText } from './lib/storage.mjs';
import { ALGORITHMS, TicketKey, now } from './lib/ticket.mjs';
import { hasScript, toolOnTerminal } from './lib/tool.mjs';

// Steps with a daemon that needs tickets of the keys in `keys`, a folder that
// make() fills.
const withTickets = (make, steps, more = {}) => withPatience(async () => {
	const folder = makeFolder();
	const keys = path.join(folder, 'keys');
	const socket = path.join(folder, 'fastcgi.sock');
	fs.mkdirSync(keys);
	const made = make(keys);
	const daemon = await Daemon.start({
		database: path.join(folder, 'shop.db'),
		settings: { 'require-tickets': 'yes', 'ticket-keys': keys,
			'fastcgi-listen': `unix:${socket}`, ...more },
	});
	await daemon.logged(/ for FastCGI\n/);
	daemon.socket = socket;
	await steps(daemon, made, keys);
	assert.equal(await daemon.stop(), 0);
});

const makeAll = (keys) => ALGORITHMS.map((alg) =>
	new TicketKey(alg, `key-of-${alg}`, keys));

const bodyOf = (event, customerName, ticket) => JSON.stringify({ event,
	payload: { customerName, ticket } });

// How a message can be said: each resolves to the code of the error, or
// undefined.
const codeOf = ({ event, payload }) =>
	event === 'error' ? payload.code : undefined;
const ways = {
	websocket: async (daemon, session, text) => {
		const client = await Client.open(daemon, `/${session}`);
		client.sendText(text);
		const code = codeOf(JSON.parse(await client.next()));
		await client.close();
		return code;
	},
	polling: async (daemon, session, text) => {
		const answer = await fetch(
			`http://127.0.0.1:${daemon.port}/${session}`,
			{ method: 'POST', body: text });
		const code = codeOf((await answer.json()).messages[0]);
		assert.equal(answer.status, code === undefined ? 200 : 401);
		assert.equal(answer.headers.get('www-authenticate'),
			code === undefined ? null : 'Bearer');
		return code;
	},
	fastcgi: async (daemon, session, text) => {
		const connection = new Fastcgi(daemon.socket);
		const answer = await connection.fetch(`/${session}`,
			{ method: 'POST', body: text });
		const code = codeOf((await answer.json()).messages[0]);
		assert.equal(answer.status, code === undefined ? 200 : 401);
		connection.close();
		return code;
	},
};

const checkKey = async (daemon, say, way, key) => {
	const session = `${way}-${key.alg}`;
	const start = (ticket) => say(daemon, session,
		bodyOf('startSession', 'Zoë', ticket));
	assert.equal(await start(), 'ticketRequired');
	assert.equal(await start(key.sign({ exp: now() - 61 })), 'invalidTicket');
	assert.equal(await start(key.sign({}, { alg: 'none' })), 'invalidTicket');
	assert.equal(await start(key.sign({ name: 'Zoe' })), 'invalidTicket');
	assert.equal(await start(key.sign({ sub: 'account-4711', name: 'Zoë',
		session, role: 'host' })), undefined);
};

// By HTTP a bad ticket is answered a second late.
describe('tickets', { concurrency: true }, () => {
	for (const [way, say] of Object.entries(ways))
		test(`by ${way}`, () => withTickets(makeAll,
			(daemon, keys) => Promise.all(keys.map((key) =>
				checkKey(daemon, say, way, key)))));
});

// The client's README, where `answer` is what the shop says to who asks for one.
const [{ text: README }] = blocksFor(TICKETS, 'contrib/client/README.md');
const openShop = (url, answer) => Function('BuddyShopping', 'url', 'fetch',
	`${README}; return shop;`)(BuddyShopping, url, answer);

for (const transport of ['websocket', 'polling'])
	test(`the browser client enters with tickets by ${transport}`, () =>
		withTickets(makeAll, async (daemon, [key]) => {
			const url = `http://127.0.0.1:${daemon.port}/shared`;
			const asked = [];
			const shops = ['Ada', 'Bob'].map((name) =>
				openShop(url, async (...request) => {
					asked.push(request);
					return new Response(key.sign({ sub: name, name,
						session: 'shared' }));
				}));
			shops.push(openShop(url, async () =>
				new Response('', { status: 403 })));
			for (const shop of shops)
				shop.forcePolling = transport === 'polling';
			const [ada, bob, eve] = shops;
			const id = await ada.startSession('Ada');
			const [{ customer }] = await listed(daemon.database, 'Ada');
			assert.equal(customer, id);
			await bob.joinSession('Bob');
			assert.equal(bob.transport, transport);
			assert.deepEqual(asked[0], ['/ticket', { method: 'POST' }]);
			await assert.rejects(eve.joinSession('Eve'), {
				code: 'noTicket', cause: new Error('Please log in.') });
			await assert.rejects(bob.leave().then(() =>
				bob.joinSession('Eve')), { code: 'invalidTicket' });
			for (const shop of shops)
				shop.close();
		}));

test('a ticket of another session, or for guests, is none to start with',
	() => withTickets(makeAll, async (daemon, [key]) => {
		const guest = key.sign({ session: 'one', role: 'guest' });
		const say = (session, event, ticket) => ways.websocket(daemon,
			session, bodyOf(event, 'Ada', ticket));
		assert.equal(await say('one', 'startSession', guest),
			'invalidTicket');
		const host = await Client.open(daemon, '/one');
		await host.enter('startSession', 'Ada',
			{ ticket: key.sign({ session: 'one' }) });
		assert.equal(await say('one', 'joinSession', guest), undefined);
		assert.equal(await say('two', 'joinSession', guest),
			'invalidTicket');
		await host.close();
	}));

test('keys are replaced without an outage, and a bad one changes nothing',
	() => withTickets((keys) => new TicketKey('ES256', 'old', keys),
		async (daemon, old, keys) => {
			const say = (key, session) => ways.websocket(daemon, session,
				bodyOf('startSession', 'Ada', key.sign()));
			const reload = () => ctl(daemon.database, 'reload');
			const fresh = new TicketKey('EdDSA', 'new', keys);
			assert.equal(await say(fresh, 'a'), 'invalidTicket');
			assert.deepEqual(await reload(), { status: 0,
				output: 'ticket-keys: changed\n', error: '' });
			assert.equal(await say(fresh, 'a'), undefined);
			assert.equal(await say(old, 'b'), undefined);

			// A key that cannot be, and all of them stay.
			fs.rmSync(old.file);
			const bad = path.join(keys, 'bad.hs256');
			fs.writeFileSync(bad, 'too short', { mode: 0o600 });
			const refused = await reload();
			assert.equal(refused.status, 78);
			assert(refused.error.startsWith(
				`${bad}: ticket-keys: has less than 32 bytes\n`));
			assert.match(refused.error, /nothing was changed\n$/);
			assert.equal(await say(old, 'c'), undefined);
			assert.equal(await say(fresh, 'd'), undefined);

			fs.rmSync(bad);
			assert.equal((await reload()).output, 'ticket-keys: changed\n');
			assert.equal(await say(old, 'e'), 'invalidTicket');
			assert.equal(await say(fresh, 'e'), undefined);
			assert.equal((await reload()).output, '');
			assert.equal(await daemon.stop(), 0);
			// Tickets and accounts are nobody's to read there.
			assert(!daemon.log.includes('eyJ'));
		}));

// Customers of an account as the tool lists them: the sessions and events.
const listed = async (database, account) => {
	const { status, output, error } = await ctl(database, 'audit',
		'customers', '--account', account, '--json');
	if (status === 2)
		assert.equal(error, 'buddyshoppingctl: nobody of that account is known\n');
	else
		assert.equal(status, 0);
	return output.split('\n').slice(0, -1).map((line) => JSON.parse(line));
};

const enter = async (daemon, session, event, name, ticket) => {
	const client = await Client.open(daemon, `/${session}`);
	const { customerId } = await client.enter(event, name, { ticket });
	return { client, customerId };
};

test('the customers of an account are found, and erased everywhere',
	() => withTickets(makeAll, async (daemon, [key]) => {
		const { database } = daemon;
		const account = 'konto-4711-\u00e9';
		const mine = key.sign({ sub: account });
		const ada = await enter(daemon, 'one', 'startSession', 'Penelope',
			mine);
		const bob = await enter(daemon, 'one', 'joinSession', 'Calypso',
			key.sign({ sub: 'konto-4712' }));
		const again = await enter(daemon, 'two', 'startSession', 'Penelope',
			mine);
		await enter(daemon, 'three', 'startSession', 'Circe', key.sign());
		assert.deepEqual((await listed(database, account))
			.map(({ session, customer, event, name }) =>
				[session, customer, event, name]), [
			['one', ada.customerId, 'start', 'Penelope'],
			['two', again.customerId, 'start', 'Penelope']]);
		assert.deepEqual(await listed(database, 'konto-471'), []);
		const table = await ctl(database, 'audit', 'customers', '--account',
			'konto-4712');
		assert.match(table.output, /^SESSION +CUSTOMER +EVENT +TIME +NAME\n/);
		assert(table.output.includes(`${bob.customerId} join `));
		// The others in a session do not hear of it, and nothing else does.
		bob.client.close();
		const metrics = await ctl(database, 'status', '--json');
		assert(!metrics.output.includes('konto'));
		assert(!daemon.log.includes('konto'));

		// In one session, and then everywhere else.
		assert.deepEqual(await ctl(database, 'erase', '--yes', '--account',
			account, '--session', 'two'), { status: 0,
			error: ERASED_WORDS, output: 'two: erased 2 records\n' });
		assert.deepEqual((await listed(database, account))
			.map(({ session }) => session), ['one']);
		assert.deepEqual(await ctl(database, 'erase', '--yes',
			`--account=${account}`), { status: 0,
			error: ERASED_WORDS, output: 'one: erased 2 records\n' });
		assert.deepEqual(await listed(database, account), []);
		assert(!hasText(database, 'Penelope') && !hasText(database, account));
		assert(hasText(database, 'Calypso'));
		assert.equal((await ctl(database, 'erase', '--yes', '--account',
			account)).status, 2);

		// By the tool alone, while no daemon runs.
		assert.equal(await daemon.stop(), 0);
		assert.deepEqual(await ctl(database, 'erase', '--yes', '--account',
			'konto-4712'), { status: 0,
			error: ERASED_WORDS, output: 'one: erased 2 records\n' });
		assert(!hasText(database, 'Calypso'));
		assert.deepEqual(await listed(database, 'konto-4712'), []);
		const { output } = await ctl(database, 'audit', 'export');
		assert.equal(output.match(/"event":"erase"/g).length, 3);
		assert(hasText(database, 'Circe'));
		assert.equal((await ctl(database, 'audit', 'verify')).status, 0);
	}));

test('who comes while it is asked for is erased, too',
	{ skip: !hasScript && 'script(1) was not found' },
	() => withTickets(makeAll, async (daemon, [key]) => {
		const { database } = daemon;
		const ticket = key.sign({ sub: 'konto-4711' });
		const clients = [];
		const come = async (event, name, ticketOfOne) => {
			const { client } = await enter(daemon, 'one', event, name,
				ticketOfOne);
			clients.push(client);
		};
		await come('startSession', 'Penelope', ticket);
		const { status, shown } = await toolOnTerminal(database, ['erase',
			'--account', 'konto-4711'], {}, async () => {
			await come('joinSession', 'Calypso', key.sign({ sub: 'b' }));
			await come('joinSession', 'Nausicaa', ticket);
			return 'y\n';
		});
		assert.equal(status, 0, shown);
		assert(shown.includes('Erase names, carts, addresses and ' +
			'accounts of 1 customer of account konto-4711, for ever?'),
		shown);
		assert.equal(shown.match(/one: erased 2 records/g).length, 2);
		assert.deepEqual(await listed(database, 'konto-4711'), []);
		assert(!hasText(database, 'Nausicaa'));
		assert(hasText(database, 'Calypso'));
		for (const client of clients)
			client.close();
	}));

test('who was forgotten meanwhile is erased, too', () => withTickets(makeAll,
	async (daemon, [key]) => {
		const { database } = daemon;
		const ticket = key.sign({ sub: 'konto-4711' });
		await enter(daemon, 'one', 'startSession', 'Circe', key.sign());
		// Of those who left, the session remembers one.
		for (const name of ['Penelope', 'Calypso', 'Nausicaa']) {
			const { client, customerId } = await enter(daemon, 'one',
				'joinSession', name, ticket);
			client.send('leaveSession', { customerId });
			await client.nextOf('leaveSession');
			client.close();
		}
		assert.equal((await listed(database, 'konto-4711')).length, 3);
		const { status, output } = await ctl(database, 'erase', '--yes',
			'--account', 'konto-4711');
		assert.deepEqual([status, output.match(/^one: erased 2 records$/gm)
			?.length], [0, 3], output);
		assert.deepEqual(await listed(database, 'konto-4711'), []);
		for (const name of ['Penelope', 'Calypso', 'Nausicaa', 'konto'])
			assert(!hasText(database, name), name);
		assert(hasText(database, 'Circe'));
		assert.equal((await ctl(database, 'audit', 'verify')).status, 0);
	}, { 'max-remembered': 1 }));

test('who is meant is said in one way', () => withTickets(makeAll,
	async ({ database }) => {
		const both = await ctl(database, 'erase', '--yes', '--account', 'a',
			'--customer', '0'.repeat(24));
		assert.equal(both.status, 64);
		assert.match(both.error, /--account and --customer are two ways/);
		assert.equal((await ctl(database, 'audit', 'customers')).status, 64);
	}));

test('an audience is asked for', () => withTickets(makeAll,
	async (daemon, keys) => {
		const say = (key, claims, session) => ways.polling(daemon, session,
			bodyOf('startSession', 'Ada', key.sign(claims)));
		await Promise.all(keys.map(async (key) => {
			assert.equal(await say(key, {}, 'a'), 'invalidTicket');
			assert.equal(await say(key, { aud: ['x', 'https://shop'] },
				`a-${key.alg}`), undefined);
		}));
	}, { 'ticket-audience': 'https://shop' }));

test('a daemon does not start with a key that is wrong', async () => {
	const folder = makeFolder();
	const file = path.join(folder, 'a.pem');
	fs.writeFileSync(file, 'x');
	const daemon = new Daemon([...daemonOptions(path.join(folder, 'shop.db')), '-o',
		`ticket-keys=${file}`], {});
	assert.equal(await daemon.ended, 78);
	assert(daemon.log.includes(
		`${file}: ticket-keys: is no public key in PEM`));
});
