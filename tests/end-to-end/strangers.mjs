// Connections of nobody's do not keep customers out.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import test, { describe } from 'node:test';

import { Client } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';
import { pass, Shopper } from './lib/shopper.mjs';

const CONNECTIONS = 200;
const STRANGERS = 205;
const FULL = { 'max-connections': CONNECTIONS, 'join-timeout': 0,
	'head-timeout': 600, 'body-timeout': 600 };

// What a stranger may do without ever joining; `ended` is when it has to go, or
// nothing if it had to before it was there.
const strangers = {
	'silent WebSockets': (daemon) => Client.open(daemon, '/one')
		.then((client) => ({ ended: client.closed }), () => ({})),
	'silent connections': (daemon) => connect(daemon, ''),
	'unfinished heads': (daemon) => connect(daemon, 'GET /one HTTP/1.1\r\n'),
	'unfinished bodies': (daemon) => connect(daemon, 'POST /one HTTP/1.1\r\n' +
		'Host: x\r\nContent-Length: 100\r\n\r\n{'),
	'idle connections': (daemon) => connect(daemon, 'OPTIONS /one HTTP/1.1\r\n' +
		'Host: x\r\n\r\n'),
};

// Resolves once connected.
const connect = async ({ host, port }, text) => {
	const socket = net.connect(port, host);
	socket.on('error', () => {});
	await once(socket, 'connect');
	socket.write(text);
	socket.resume();
	return { ended: new Promise((resolve) => socket.once('close', resolve)) };
};

const enter = async (daemon, event, name) => {
	const client = await Client.open(daemon, '/one');
	client.id = (await client.enter(event, name)).customerId;
	return client;
};

const update = async (client, seq) => {
	client.send('updateCart', { customerId: client.id, seq, cartContent: {} });
	await client.nextOf('updateCart');
};

// An address of this machine that is not the loopback's, to which limits
// apply; or undefined.
const outside = Object.values(os.networkInterfaces()).flat()
	.find(({ internal, family }) => !internal && family === 'IPv4')?.address;

// A connection from there that was let in, as its answer to a request shows;
// undefined if it was not.
const letIn = (daemon) => new Promise((resolve) => {
	const socket = net.connect(daemon.port, outside);
	socket.on('error', () => {});
	socket.once('data', () => resolve(socket));
	socket.once('close', () => resolve(undefined));
	socket.write('OPTIONS /one HTTP/1.1\r\nHost: x\r\n\r\n');
});

const close = async (socket) => {
	const closed = once(socket, 'close');
	socket.destroy();
	await closed;
};

test('an address has so many connections, whatever they do',
	{ skip: outside === undefined }, () => withDaemon(
		{ 'max-connections-per-address': 3 }, async (daemon) => {
			const there = { ...daemon, host: outside, base: '' };
			const sockets = [await letIn(daemon), await letIn(daemon)];
			const client = await Client.open(there, '/one');
			await client.enter('startSession', 'Ada');
			assert.equal(await letIn(daemon), undefined);
			assert.equal(await letIn(daemon), undefined);
			const said = new RegExp(`${outside.replaceAll('.', '\\.')} has ` +
				'max-connections-per-address', 'g');
			await daemon.logged(said);
			assert.equal(daemon.log.match(said).length, 1);

			// Others are not concerned, and who goes makes room.
			await enter(daemon, 'joinSession', 'Bob');
			await client.close();
			await pass(daemon);
			sockets.push(await letIn(daemon));
			assert(sockets[2]);
			for (const socket of sockets)
				await close(socket);
			await pass(daemon);
			const again = await Client.open(there, '/one');
			await again.enter('joinSession', 'Eve');
			await again.close();
		}));

test('one address has half of the house at the most',
	{ skip: outside === undefined }, () => withDaemon(
		{ 'max-connections': 4 }, async (daemon) => {
			const sockets = [await letIn(daemon), await letIn(daemon)];
			assert(sockets[1]);
			assert.equal(await letIn(daemon), undefined);
			const host = await enter(daemon, 'startSession', 'Ada');
			await update(host, 1);
			sockets.forEach((socket) => socket.destroy());
		}));

describe('a house full of strangers', { concurrency: true }, () => {
	for (const [name, come] of Object.entries(strangers))
		test(`${name} make room, who has joined stays`, () => withDaemon(FULL,
			async (daemon) => {
				const host = await enter(daemon, 'startSession', 'Ada');
				const held = new Shopper(daemon);
				await held.enter('joinSession', 'Eve');
				const poll = await held.held({ wait: 55 });
				let stays = true;
				host.closed.then(() => { stays = false; });
				const all = Array.from({ length: STRANGERS },
					() => come(daemon));

				const guest = await enter(daemon, 'joinSession', 'Bob');
				await Promise.race(all.map(async (one) => (await one).ended));
				await update(guest, 1);
				await update(host, 1);
				assert(stays);
				await poll.answer;
				await Promise.all(all);
			}));

	test('who has joined makes no room', () => withDaemon(
		{ 'max-connections': 2 }, async (daemon) => {
			const host = await enter(daemon, 'startSession', 'Ada');
			const guest = await enter(daemon, 'joinSession', 'Bob');
			const late = enter(daemon, 'joinSession', 'Eve');
			await daemon.logged(/max-connections \(2\) are reached/);
			await update(host, 1);
			await update(guest, 1);
			await guest.close();
			await update(await late, 1);
			await update(host, 2);
		}));
});
