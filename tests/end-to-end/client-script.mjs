// The browser's client as the daemon serves it, by both ways to it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';

import './lib/browser-globals.mjs';
import { makeFolder, withDaemon } from './lib/daemon.mjs';
import { readSource } from './lib/documents.mjs';
import { Fastcgi } from './lib/fastcgi.mjs';

const PLACE = '/buddies/at/client/buddyshopping.js';

// Run steps with a daemon and a function like fetch(), twice.
const testBoth = (name, steps) => {
	for (const way of ['HTTP', 'FastCGI'])
		test(`${name}, by ${way}`, () => {
			const socket = path.join(makeFolder(), 'f');
			return withDaemon({ 'base-path': '/buddies/at/',
				'fastcgi-listen': `unix:${socket}`,
				'allowed-origins': 'https://shop.example' },
			async (daemon) => {
				if (way === 'FastCGI') {
					const server = new Fastcgi(socket);
					await steps((...args) => server.fetch(...args));
					server.close();
				} else {
					await steps((target, options) => fetch(
						`http://${daemon.host}:${daemon.port}${target}`,
						options));
				}
			});
		});
};

const bytesOf = async (answer) => Buffer.from(await answer.arrayBuffer());

testBoth('it is the file, whole or compressed', async (get) => {
	const source = Buffer.from(readSource('contrib/client/buddyshopping.js'));
	// fetch() always takes gzip, and unpacks it.
	for (const coding of ['identity', 'gzip']) {
		const answer = await get(`${PLACE}?v=1`, { headers: {
			'Accept-Encoding': coding, Origin: 'https://other.example' } });
		assert.equal(answer.status, 200);
		const { headers } = answer;
		assert.equal(headers.get('content-type'),
			'text/javascript; charset=utf-8');
		assert.equal(headers.get('access-control-allow-origin'), '*');
		assert.equal(headers.get('cache-control'), 'public, max-age=3600');
		assert.equal(headers.get('vary'), 'Accept-Encoding');
		assert.match(headers.get('etag'), coding === 'gzip' ?
			/^"[0-9a-f]{16}-gzip"$/ : /^"[0-9a-f]{16}"$/);
		assert.equal(headers.get('content-encoding'),
			coding === 'gzip' ? 'gzip' : null);
		const bytes = await bytesOf(answer);
		const isPacked = bytes[0] === 0x1f;
		assert((isPacked ? gunzipSync(bytes) : bytes).equals(source));
	}
});

testBoth('who has it is told so', async (get) => {
	const first = await get(PLACE, { headers: { 'Accept-Encoding': 'gzip' } });
	await bytesOf(first);
	const etag = first.headers.get('etag');
	const again = await get(PLACE, { headers: { 'Accept-Encoding': 'gzip',
		'If-None-Match': etag } });
	assert.equal(again.status, 304);
	assert.equal(again.headers.get('etag'), etag);
	assert.equal((await bytesOf(again)).length, 0);
	// A cache may take it for that of what it has.
	assert([null, first.headers.get('content-length')].includes(
		again.headers.get('content-length')));
	const other = await get(PLACE, { headers: { 'Accept-Encoding': 'gzip',
		'If-None-Match': '"of another version"' } });
	assert.equal(other.status, 200);
	await bytesOf(other);
});

testBoth('it is nowhere else, and is only read', async (get) => {
	const errorOf = async (target, options) =>
		(await (await get(target, options)).json()).messages[0].payload.code;
	for (const target of ['/client/buddyshopping.js', `${PLACE}/`,
		'/buddies/at/client/buddyshopping.ts'])
		assert.match(await errorOf(target), /^(notFound|invalidSession)$/);
	assert.equal(await errorOf(PLACE, { method: 'POST', body: '{}' }),
		'invalidSession');
});

test('it runs, as it was served', () => withDaemon({}, async (daemon) => {
	const file = path.join(makeFolder(), 'client.mjs');
	fs.writeFileSync(file, await (await fetch(
		`http://${daemon.host}:${daemon.port}/client/buddyshopping.js`)).text());
	const { BuddyShopping } = await import(file);
	const shop = new BuddyShopping(`http://${daemon.host}:${daemon.port}/one`,
		{ forcePolling: true });
	assert.match(await shop.startSession('Ada'), /^[0-9a-f]{24}$/);
	await shop.updateCart({ pears: 1 });
	await shop.leave();
	shop.close();
}));
