// A page that is closed says goodbye, as navigator.sendBeacon() does it: its
// polls are answered, and its customer stays no longer than one whose
// connection ended.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { Client, message } from './lib/client.mjs';
import { makeFolder, withDaemon } from './lib/daemon.mjs';
import { Fastcgi } from './lib/fastcgi.mjs';
import { ask, Shopper } from './lib/shopper.mjs';

const BEACON = { 'Content-Type': 'text/plain;charset=UTF-8' };
const SETTINGS = { 'absence-window': 1 };

const goodbyeOf = ({ customerId, token }) =>
	message('goodbye', { customerId, token });
const answerTo = ({ customerId }) =>
	`{"messages":[${message('goodbye', { customerId })}]}`;

const enterPair = async (daemon) => {
	const ada = new Shopper(daemon), bob = await Client.open(daemon, '/one');
	await ada.enter('startSession', 'Ada');
	await bob.enter('joinSession', 'Bob');
	await bob.nextOf('multicartUpdate');
	await ada.poll();
	return { ada, bob };
};

const namesOf = ({ payload }) =>
	payload.multicartContent.map(({ owner }) => owner.name);

// send resolves to the text of the answer to a body.
const leavesByGoodbye = async (daemon, send) => {
	const { ada, bob } = await enterPair(daemon);
	const held = await ada.held();
	assert.equal(await send(goodbyeOf(ada)), answerTo(ada));
	const { status, text } = await held.answer;
	assert.equal(status, 200);
	assert.equal(text, `{"messages":[],"cursor":"${ada.cursor}"}`);
	// Long before poll-presence is over.
	assert.deepEqual(namesOf(await bob.nextOf('multicartUpdate')), ['Bob']);
	const back = await ada.poll();
	assert.deepEqual(namesOf(back.messages[0]), ['Ada', 'Bob']);
};

test('who says goodbye by a beacon leaves soon', () => withDaemon(SETTINGS,
	(daemon) => leavesByGoodbye(daemon, async (body) =>
		(await ask(daemon, 'POST', '/one', { fields: BEACON, body })).text)));

test('who says goodbye by FastCGI leaves soon', () => {
	const socket = path.join(makeFolder(), 'fastcgi.sock');
	return withDaemon({ ...SETTINGS, 'fastcgi-listen': `unix:${socket}` },
		async (daemon) => {
			const fastcgi = new Fastcgi(socket);
			await leavesByGoodbye(daemon, async (body) =>
				(await fastcgi.fetch('/one', { method: 'POST', body })).text());
			fastcgi.close();
		});
});

test('who says goodbye by curl leaves soon', (t) => withDaemon(SETTINGS,
	(daemon) => leavesByGoodbye(daemon, async (body) => {
		try {
			const { stdout } = await promisify(execFile)('curl', ['-s',
				`http://${daemon.host}:${daemon.port}/one`, '-d', body,
				'-H', 'Content-Type: text/plain']);
			return stdout;
		} catch (error) {
			if (error.code !== 'ENOENT')
				throw error;
			t.diagnostic('curl was not found');
			return (await ask(daemon, 'POST', '/one', { body })).text;
		}
	})));

test('a wrong token ends nothing', () => withDaemon(SETTINGS,
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const held = await ada.held();
		const { token } = ada;
		const wrong = (token[0] === 'A' ? 'B' : 'A') + token.slice(1);
		const { status, messages } = await ask(daemon, 'POST', '/one',
			{ fields: BEACON, body: goodbyeOf({ ...ada, token: wrong }) });
		assert.equal(status, 401);
		assert.equal(messages[0].payload.code, 'invalidToken');
		assert.equal(messages[0].payload.event, 'goodbye');
		bob.send('updateCart', { customerId: ada.customerId, cartContent: {} });
		bob.send('goodbye', { customerId: ada.customerId, token });
		const codes = [];
		while (codes.length < 2)
			codes.push(JSON.parse(await bob.next()).payload.code);
		assert.deepEqual(codes, ['notYourCustomer', 'unknownEvent']);
		const { answer } = held;
		await ada.post('customerReadyToCheckout',
			{ customerReadyToCheckout: true });
		assert.equal((await answer).messages.length, 1);
	}));

test('who left is told so', () => withDaemon(SETTINGS, async (daemon) => {
	const { ada } = await enterPair(daemon);
	await ada.post('leaveSession', {});
	const { status, messages } = await ask(daemon, 'POST', '/one',
		{ fields: BEACON, body: goodbyeOf(ada) });
	assert.equal(status, 410);
	assert.equal(messages[0].payload.code, 'leftSession');
}));
