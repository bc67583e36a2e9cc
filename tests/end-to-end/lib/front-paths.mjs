// Paths that web servers bring into another form before they hand a request on,
// or do not: whatever way it goes, a request ends up in the same session.

import assert from 'node:assert/strict';

import { message } from './client.mjs';
import { ask, request, Shopper } from './shopper.mjs';

const JOIN = message('joinSession', { customerName: 'Eve' });

// Behind the base path.  All of these are the session Abc.
const SAME = ['/Abc', '/Abc/', '//Abc', '/%41bc', '/%41%62%63?a=%41/../b',
	'/x/../Abc', '/./Abc', '/Abc/.', '/x//../Abc', '/%78/%2e%2E/Abc'];
// These are, or are refused: some servers let no escaped slash pass.
const ANY = ['/Abc%2F', '/x%2F..%2fAbc', '/Abc%3Fa', '/Abc%23', '/Abc%20',
	'/Abc%5C', '/Abc;a', '/%2541bc', '/Abc%00', '/.', '/..', '/Abc/..',
	'/Abc/../..'];

// One text in a frame, masked with zeros (RFC 6455, section 5.2).
const frameOf = (text) =>
	Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]);

// Whether the answer, or what comes by WebSocket, says that Eve is in.  In no
// other session is anybody who could let her in.
const isIn = (text) => text.includes('"customerId"');

const joinByPost = async (front, path) =>
	isIn((await ask(front, 'POST', path, { body: JOIN })).text);

const joinByWebSocket = (front, path) => new Promise((resolve, reject) => {
	const { sending } = request(front, 'GET', path, { fields: {
		Connection: 'Upgrade', Upgrade: 'websocket',
		'Sec-WebSocket-Version': 13,
		'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } });
	sending.once('error', reject);
	sending.once('response', () => resolve(false));
	sending.once('upgrade', (_, socket, first) => {
		let text = '';
		const look = (data) => {
			text += data.toString('latin1');
			if (!/"event":"(joinSession|error)"/.test(text))
				return;
			socket.destroy();
			resolve(isIn(text));
		};
		socket.on('data', look);
		look(first);
		socket.write(frameOf(JOIN));
	});
});

export const meetOnAllPaths = async (front) => {
	const ada = new Shopper(front.daemon, 'Abc');
	await ada.enter('startSession', 'Ada');
	for (const path of [...SAME, ...ANY]) {
		const ways = [await joinByPost(front, path),
			await joinByWebSocket(front, path)];
		assert.equal(ways[0], ways[1], path);
		if (SAME.includes(path))
			assert(ways[0], path);
	}
};
