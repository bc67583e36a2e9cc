// Who is here, as members see it by each transport.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { Members, TRANSPORTS } from './lib/member.mjs';
import { ask } from './lib/shopper.mjs';

const PRESENCE = ['presence'];

const serve = async (settings = {}) => {
	const folder = makeFolder();
	const socket = path.join(folder, 'fastcgi.sock');
	const database = path.join(folder, 'shop.db');
	const configuration = `${database}.conf`;
	fs.writeFileSync(configuration, Object.entries(settings)
		.map(([key, value]) => `${key} = ${value}\n`).join(''));
	const daemon = await Daemon.start({ database, configuration,
		settings: { 'fastcgi-listen': `unix:${socket}` } });
	await daemon.logged(/ for FastCGI\n/);
	return { daemon, database, configuration,
		members: new Members(daemon, socket) };
};

// Until exactly these are here, in this order.
const untilHere = async (member, ...others) => {
	const ids = others.map(({ customerId }) => customerId);
	for (;;) {
		const { event, payload } = await member.next();
		assert.equal(event, 'presenceUpdate');
		assert.deepEqual(Object.keys(payload), ['present']);
		if (payload.present.join() === ids.join())
			return;
	}
};

for (const transport of TRANSPORTS)
	test(`by ${transport} one sees who comes and goes`, { concurrency: true },
		() => withPatience(async () => {
			const { daemon, members } = await serve({ 'presence-grace': 1 });
			const ada = await members.enter(transport, 'startSession', 'Ada',
				PRESENCE);
			await untilHere(ada, ada);
			// One who asks for nothing, and one of each kind.
			const joe = await Client.open(daemon, '/one');
			Object.assign(joe, await joe.enter('joinSession', 'Joe',
				{ resumable: true }));
			await untilHere(ada, ada, joe);
			const others = [];
			for (const kind of TRANSPORTS) {
				others.push(await members.enter(kind, 'joinSession', kind,
					PRESENCE));
				await untilHere(ada, ada, joe, ...others);
				await untilHere(others.at(-1), ada, joe, ...others);
			}
			while (others.length > 0) {
				await others.shift().close();
				await untilHere(ada, ada, joe, ...others);
			}
			await joe.close();
			await untilHere(ada, ada);
			await ada.close();
			members.close();
			assert.equal(await daemon.stop(), 0);
		}));

test('who goes from one transport to another stays here',
	{ concurrency: true }, () => withPatience(async () => {
		const { daemon, members } = await serve({ 'presence-grace': 3600 });
		const ada = await members.enter('websocket', 'startSession', 'Ada',
			PRESENCE);
		let bob = await members.enter('websocket', 'joinSession', 'Bob',
			PRESENCE);
		await untilHere(ada, ada, bob);
		for (const transport of ['polling', 'websocket', 'polling'])
			bob = await members.goOver(bob, transport);
		// The next that Ada is told of is another one who comes.
		const eve = await members.enter('polling', 'joinSession', 'Eve',
			PRESENCE);
		const { payload } = await ada.next();
		assert.deepEqual(payload.present, [ada, bob, eve]
			.map(({ customerId }) => customerId));
		await Promise.all([ada, bob, eve].map((member) => member.close()));
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));

// Its bytes are those that others get too.
test('a large multicart is alone in its answer', { concurrency: true },
	() => withPatience(async () => {
		const { daemon, members } = await serve({ 'presence-grace': 3600 });
		const ada = await members.enter('websocket', 'startSession', 'Ada',
			PRESENCE);
		await ask(daemon, 'POST', '/one', { body: JSON.stringify({
			event: 'updateCart', payload: { customerId: ada.customerId,
				token: ada.token, cartContent: { pad: 'x'.repeat(70000) } } }) });
		const joined = await ask(daemon, 'POST', '/one', {
			body: JSON.stringify({ event: 'joinSession',
				payload: { customerName: 'Bob', features: PRESENCE } }) });
		assert.deepEqual(joined.messages.map(({ event }) => event),
			['joinSession', 'multicartUpdate']);
		assert.equal(joined.messages[1].cursor, joined.cursor);
		const { customerId, token } = joined.messages[0].payload;
		const polled = await ask(daemon, 'POST', '/one', {
			body: JSON.stringify({ event: 'poll', payload: { customerId, token,
				cursor: joined.cursor, features: PRESENCE } }) });
		assert.deepEqual(polled.messages, [{ event: 'presenceUpdate',
			payload: { present: [ada.customerId, customerId] } }]);
		assert.notEqual(polled.cursor, joined.cursor);
		await ada.close();
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));

// Those who are at the same place share its compressed form.
test('with compression each has its own cursor', { concurrency: true },
	() => withPatience(async () => {
		const { daemon, members } = await serve({ 'presence-grace': 3600,
			'websocket-compression': 'yes' });
		const clients = [];
		for (const features of [PRESENCE, PRESENCE, ['lock']]) {
			const client = await Client.open(daemon, '/one',
				{ perMessageDeflate: true });
			Object.assign(client, await client.enter(clients.length === 0 ?
				'startSession' : 'joinSession', 'Ada', { features }));
			clients.push(client);
		}
		const [ada] = clients;
		const { customerId } = ada;
		ada.send('updateCart', { customerId,
			cartContent: { pad: 'x'.repeat(4000) } });
		const cursors = [];
		for (const client of clients) {
			let cursor;
			do
				({ cursor } = await client.nextOf('multicartUpdate'));
			while (!cursor.startsWith('1.4.'));
			cursors.push(cursor);
		}
		assert.match(cursors[0], /^1\.4\.\d+\.0\.\d+$/);
		assert.equal(cursors[1].split('.')[2], cursors[0].split('.')[2]);
		assert.equal(cursors[2], '1.4.0');
		await Promise.all(clients.map((client) => client.close()));
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));

test('another grace is adopted by a reload', { concurrency: true },
	() => withPatience(async () => {
		const { daemon, database, configuration, members } = await serve(
			{ 'presence-grace': 3600 });
		const ada = await members.enter('websocket', 'startSession', 'Ada',
			PRESENCE);
		const bob = await members.enter('websocket', 'joinSession', 'Bob',
			PRESENCE);
		await untilHere(ada, ada, bob);
		await bob.close();
		fs.writeFileSync(configuration, 'presence-grace = 1\n');
		const { status, error } = await ctl(database, 'reload');
		assert.equal(status, 0, error);
		await untilHere(ada, ada);
		await ada.close();
		members.close();
		assert.equal(await daemon.stop(), 0);
	}));
