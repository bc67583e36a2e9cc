// Webhooks that wait: what was erased meanwhile is sent no more, what the
// receiver asks for is done, and what waits is bounded and kept.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { Daemon, FAULTY, makeFolder, withPatience } from './lib/daemon.mjs';
import { Receiver, distinct, linesOf, seqOf, webhookSettings, withWebhook }
	from './lib/receiver.mjs';
import { lackingQuery, query, unlessOn } from './lib/storage.mjs';
import { TicketKey } from './lib/ticket.mjs';
import { tool } from './lib/tool.mjs';
import { changeCart, enter, isInOrder, setReady, statusOf, succeed, typesOf,
	untilStatus } from './lib/webhooks.mjs';

const ACCOUNT = 'account-of-penelope';

// A key of tickets, and what its customers say of themselves.
const withTickets = () => {
	const key = new TicketKey('HS256', '2026a', makeFolder());
	return { settings: { 'ticket-keys': key.file },
		of: (sub) => ({ ticket: key.sign({ sub }) }) };
};

// Attempts of a session's events that name somebody's account.
const naming = ({ attempts }, account) => attempts.filter(({ event }) =>
	JSON.stringify(event).includes(account));

// Of the tool's statuses: there is no such customer.
const NONE = 2;

const isKnown = async (database, account) => {
	const { status, stdout, stderr } = await tool(database,
		['audit', 'customers', `--account=${account}`]);
	assert(status === 0 || status === NONE, stderr);
	return stdout !== '';
};

// Resolves once it is in the database that all is done up to row seq.
const untilKept = async (database, seq) => {
	for (;;) {
		const [kept] = query(database,
			`SELECT seq FROM webhook WHERE shop = '' ORDER BY shop`);
		if (kept?.seq >= seq)
			return;
		await setImmediate();
	}
};

test('what waits behind a request that hangs is erased, too', () => {
	const tickets = withTickets();
	let release;
	const hangs = new Promise((resolve) => { release = resolve; });
	return withWebhook(async ({ id }) => {
		if (id === '1')
			await hangs;
		return 200;
	}, tickets.settings, async ({ receiver, daemon, database }) => {
		await enter(daemon, 'one', 'Ada');
		await enter(daemon, 'one', 'Pen', 'joinSession', tickets.of(ACCOUNT));
		await untilStatus(database, ({ held }) => held === 2);
		await succeed(database, 'erase', '--yes', '--account', ACCOUNT);
		release();
		const events = await receiver.untilTold('one', 'customer.left');
		assert.deepEqual(typesOf(distinct(events)),
			['session.started', 'customer.joined', 'customer.left']);
		assert.deepEqual(naming(receiver, ACCOUNT), []);
	});
});

test('a request that hangs is ended when what it says is erased', () => {
	const tickets = withTickets();
	return withWebhook(async ({ data }) => {
		if (data.account !== undefined)
			await new Promise(() => {});
		return 200;
	}, tickets.settings, async ({ receiver, daemon, database }) => {
		const pen = await enter(daemon, 'one', 'Pen', 'startSession',
			tickets.of(ACCOUNT));
		await receiver.until(() => receiver.attempts.length === 1);
		// More than is erased at once, and her coming is erased last.
		for (let i = 0; i < 250; i++)
			await changeCart(pen, i);
		await succeed(database, 'erase', '--yes', '--session', 'one');
		const events = await receiver.untilTold('one', 'session.ended');
		assert.deepEqual(typesOf(events),
			['session.started', 'cart.changed', 'session.ended']);
		assert.equal(naming(receiver, ACCOUNT).length, 1);
		// It was not waited for.
		assert.equal((await statusOf(database)).timeout, 0);
	});
});

// A receiver that asks for an hour without anything, once.
const asksForAnHour = (status, fields) => {
	let asks = 1;
	return (event, response) => {
		if (asks-- <= 0)
			return 200;
		response.writeHead(status, fields);
		response.end();
	};
};

test('Retry-After holds back all, and what is erased by then is not sent', () => {
	const tickets = withTickets();
	return withWebhook(asksForAnHour(503, { 'Retry-After': 7200 }),
		tickets.settings, async ({ receiver, daemon, database }) => {
			await enter(daemon, 'one', 'Ada');
			await daemon.logged(/webhook: nothing is sent for 3600 s: the receiver asked for it/);
			await enter(daemon, 'two', 'Pen', 'startSession',
				tickets.of(ACCOUNT));
			const { paused } = await untilStatus(database,
				({ held }) => held === 1);
			assert(paused > 3000 && paused <= 3600, `${paused}`);
			await succeed(database, 'erase', '--yes', '--account', ACCOUNT);
			assert.equal(receiver.attempts.length, 1);
			// Whoever changed something at the receiver says so.
			await succeed(database, 'reload');
			await receiver.untilTold('one', 'session.started');
			assert.deepEqual(typesOf(await receiver.untilTold('two',
				'customer.left')), ['session.started', 'customer.left']);
			assert.deepEqual(naming(receiver, ACCOUNT), []);
			assert.equal((await statusOf(database)).paused, 0);
		});
});

test('410 is taken for an hour', () =>
	withWebhook(asksForAnHour(410, {}), {}, async ({ receiver, daemon,
		database }) => {
		await enter(daemon, 'one', 'Ada');
		await daemon.logged(/webhook: nothing is sent for 3600 s: the answer is 410 \(Gone\)/);
		const { paused, status } = await untilStatus(database,
			({ paused: seconds }) => seconds > 0);
		assert(paused > 3000 && paused <= 3600, `${paused}`);
		assert.equal(status, 410);
		assert.match(await succeed(database, 'webhook', 'status'),
			/^paused for \(s\) +3\d\d\d$/m);
		await succeed(database, 'reload');
		await receiver.untilTold('one', 'session.started');
	}));

test('a short Retry-After is waited for, and no longer', { concurrency: true },
	() => {
		const times = [];
		return withWebhook((event, response) => {
			if (times.push(Date.now()) > 1)
				return 200;
			response.writeHead(429, { 'Retry-After': 3 });
			response.end();
		}, {}, async ({ receiver, daemon }) => {
			await enter(daemon, 'one', 'Ada');
			await receiver.untilTold('one', 'session.started');
			assert(times[1] - times[0] >= 3000, `${times}`);
		});
	});

test('what grew too old while it waited is not sent', { concurrency: true },
	() => {
		const tickets = withTickets();
		return withWebhook(asksForAnHour(503, { 'Retry-After': 3600 }),
			{ ...tickets.settings, 'journal-retention': 1, 'clock-grace': 0 },
			async ({ receiver, daemon, database }) => {
				await enter(daemon, 'one', 'Ada');
				await receiver.until(() => receiver.attempts.length === 1);
				const pen = await enter(daemon, 'two', 'Pen',
					'startSession', tickets.of(ACCOUNT));
				await untilStatus(database, ({ held }) => held === 1);
				pen.send('leaveSession', { customerId: pen.customerId });
				while (await isKnown(database, ACCOUNT))
					continue;
				// The daemon knows that, too, once it answers this.
				await enter(daemon, 'three', 'Eve');
				await succeed(database, 'reload');
				assert.deepEqual(typesOf(await receiver.untilTold('two',
					'customer.left')), ['session.started', 'customer.left']);
				assert.deepEqual(naming(receiver, ACCOUNT), []);
			});
	});

test('a position that the storage refused is kept when it can be',
	{ concurrency: true, skip: unlessOn('sqlite', 'the disk is that of a file') ||
		(lackingQuery() ?? false) },
	() => withPatience(async () => {
		let release;
		const hangs = new Promise((resolve) => { release = resolve; });
		const receiver = await Receiver.start(() => hangs);
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const full = path.join(folder, 'full');
		const settings = webhookSettings(receiver);
		const daemon = await Daemon.start({ program: FAULTY, database,
			settings, env: { FAULT_WRITE: full } });
		await enter(daemon, 'one', 'Ada');
		await receiver.until(() => receiver.attempts.length === 1);
		fs.writeFileSync(full, '');
		release(200);
		await daemon.logged(/store: .* full/);
		fs.rmSync(full);
		// Although nothing happens any more.
		await untilKept(database, seqOf(receiver.of('one')[0]));
		assert.equal(await daemon.kill(), 'SIGKILL');
		const again = await Daemon.start({ database, settings });
		await enter(again, 'two', 'Bob');
		await receiver.untilTold('two', 'session.started');
		assert.equal(receiver.of('one').length, 1);
		assert.equal(await again.stop(), 0);
		await receiver.stop();
	}));

test('a reload uses no connection of before', () =>
	withWebhook(undefined, {}, async ({ receiver, database }) => {
		let connections = 0;
		// However long the tool takes.
		receiver.server.keepAliveTimeout = 0;
		receiver.server.on('connection', () => { connections++; });
		for (let i = 0; i < 2; i++)
			await succeed(database, 'webhook', 'test');
		assert.equal(connections, 1);
		await succeed(database, 'reload');
		await succeed(database, 'webhook', 'test');
		assert.equal(connections, 2);
	}));

test('a URL that goes away leaves no connection', () =>
	withPatience(async () => {
		const receiver = await Receiver.start();
		receiver.server.keepAliveTimeout = 0;
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const configuration = path.join(folder, 'shop.conf');
		fs.writeFileSync(configuration, linesOf(webhookSettings(receiver)));
		const connected = once(receiver.server, 'connection');
		const daemon = await Daemon.start({ database, configuration });
		await succeed(database, 'webhook', 'test');
		const [socket] = await connected;
		const closed = once(socket, 'close');
		fs.writeFileSync(configuration, '');
		await succeed(database, 'reload');
		await closed;
		assert.equal(await daemon.stop(), 0);
		await receiver.stop();
	}));

test('what waits while the receiver hangs is bounded, and all of it comes', () => {
	let release;
	const hangs = new Promise((resolve) => { release = resolve; });
	const SESSIONS = 10, TIMES = 50;
	return withWebhook(() => hangs, { 'message-rate': 0,
		'new-session-rate': 0, 'session-write-rate': 0, 'webhook-timeout': 60 },
	async ({ receiver, daemon, database }) => {
		const clients = await Promise.all(Array.from({ length: SESSIONS },
			(_, i) => enter(daemon, `s${i}`, 'Ada')));
		const toggle = async (client) => {
			for (let i = 0; i < TIMES; i++) {
				await setReady(client, true);
				await setReady(client, false);
			}
		};
		await Promise.all(clients.map(toggle));
		const { held, underWay, readSeq } = await untilStatus(database,
			(status) => status.held >= 1024);
		// A thousand, and what a read yields.
		assert(held < 1024 + 300, `${held}`);
		assert.equal(underWay, 8);
		assert(readSeq < SESSIONS * (1 + TIMES * 2));
		release(200);
		for (let i = 0; i < SESSIONS; i++) {
			// Each makes an event of the customer and one of all.
			await receiver.until(() =>
				receiver.of(`s${i}`).length >= 1 + TIMES * 4);
			assert(isInOrder(receiver.of(`s${i}`)));
		}
		assert.equal(receiver.events.length, SESSIONS * (1 + TIMES * 4));
	});
});

test('events that are purged before they are taken are counted',
	{ concurrency: true }, () => {
		let status = 500;
		return withWebhook(() => status,
			{ 'audit-retention': 1, 'journal-retention': 1, 'clock-grace': 0 },
			async ({ receiver, daemon, database }) => {
				await enter(daemon, 'one', 'Ada');
				await receiver.until(() => receiver.attempts.some(
					(attempt) => attempt.status === 500));
				await succeed(database, 'end', 'one');
				await daemon.logged(/webhook: rows behind \d+ were purged before they were delivered/);
				const { purged } = await untilStatus(database,
					({ parked }) => parked === 0);
				assert(purged > 0);
				status = 200;
				await enter(daemon, 'one', 'Ada');
				await receiver.untilTold('one', 'session.started');
			});
	});
