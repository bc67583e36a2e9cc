// Long-polling, as protocol(7) describes it: the same messages as over a
// WebSocket, on the same URL, by requests that each prove their customer.

import assert from 'node:assert/strict';
import http from 'node:http';
import test, { describe } from 'node:test';

import { Client, message, multicart } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';
import { ask, pass, Shopper } from './lib/shopper.mjs';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const TEXT_TYPE = { 'Content-Type': 'text/plain' };

const enterPair = async (daemon) => {
	const ada = new Shopper(daemon), bob = new Shopper(daemon);
	await ada.enter('startSession', 'Ada');
	ada.cursor = (await bob.enter('joinSession', 'Bob')).cursor;
	return { ada, bob };
};

const member = ({ customerId: id }, name, isHost, more = {}) =>
	({ id, name, isHost, isReady: false, cart: '{}', ...more });

const envelope = (cursor, ...messages) =>
	`{"messages":[${messages.join(',')}]` +
	`${cursor === undefined ? '' : `,"cursor":"${cursor}"`}}`;

const expect = (answer, text) => {
	assert.equal(answer.text, text);
	assert.equal(answer.status, 200);
};

const expectError = (answer, status, code, event) => {
	assert.equal(answer.messages.length, 1);
	assert.equal(answer.messages[0].event, 'error');
	assert.equal(answer.messages[0].payload.code, code);
	assert.equal(answer.messages[0].payload.event, event);
	assert.equal(answer.cursor, undefined);
	assert.equal(answer.status, status);
};

const namesOf = ({ payload }) =>
	payload.multicartContent.map(({ owner }) => owner.name);

for (const [name, fields] of Object.entries({ 'application/json': JSON_TYPE,
	'text/plain': TEXT_TYPE, 'no type': {} })) {
	test(`a conversation by POST with ${name}`, () => withDaemon({},
		async (daemon) => {
			const ada = new Shopper(daemon), bob = new Shopper(daemon);
			const started = await ada.post('startSession',
				{ customerName: 'Ada' }, { fields });
			Object.assign(ada, started.messages[0].payload);
			const host = member(ada, 'Ada', true);
			expect(started, envelope('1.1', message('startSession',
				{ customerId: ada.customerId, token: ada.token }),
			multicart([host], '1.1')));

			const joined = await bob.post('joinSession',
				{ customerName: 'Bob' }, { fields });
			const { customerId, token } = joined.messages[0].payload;
			bob.customerId = customerId;
			const guest = member(bob, 'Bob', false);
			expect(joined, envelope('1.2', message('joinSession',
				{ customerId, token }), multicart([host, guest], '1.2')));

			// Bob's token is in the message, Ada's beside it.
			expect(await bob.post('updateCart', { token,
				cartContent: { n: 1 } }, { fields }), envelope());
			expect(await bob.post('customerReadyToCheckout', { token, seq: 5,
				customerReadyToCheckout: true }, { fields }),
			envelope(undefined,
				message('customerReadyToCheckout', { seq: 5 })));
			Object.assign(guest, { cart: '{"n":1}', isReady: true });
			expect(await bob.post('resumeSession', { token }, { fields }),
				envelope('1.4', message('resumeSession',
					{ customerId, seq: 5 }),
				multicart([host, guest], '1.4')));
			expect(await bob.post('leaveSession', { token }, { fields }),
				envelope(undefined,
					message('leaveSession', { customerId })));
			expect(await ada.post('poll', { cursor: '1.4' }, { fields }),
				envelope('1.5', multicart([host], '1.5')));
		}));
}

test('a cart comes back byte for byte', () => withDaemon({},
	async (daemon) => {
		const ada = new Shopper(daemon);
		await ada.enter('startSession', 'Ada');
		const cart = '{"b":1.0e+2,"a":[12345678901234567890],"a":"\\u0000\\/"}';
		expect(await ask(daemon, 'POST', ada.target, { fields: ada.bearer,
			body: '{"event":"updateCart","payload":{"customerId":' +
				`"${ada.customerId}","cartContent":${cart}}}` }), envelope());
		expect(await ada.poll(), envelope('1.2', multicart(
			[member(ada, 'Ada', true, { cart })], '1.2')));
	}));

test('a wrong token learns nothing', () => withDaemon({},
	async (daemon) => {
		const ada = new Shopper(daemon);
		await ada.enter('startSession', 'Ada');
		const { token, customerId, bearer } = ada;
		const wrong = (token[0] === 'A' ? 'B' : 'A') + token.slice(1);
		const tokens = [{}, { Authorization: '' }, { Authorization: 'Bearer' },
			{ Authorization: 'Bearer ' }, { Authorization: `Basic ${token}` },
			{ Authorization: `Bearer ${wrong}` }, { Authorization: token },
			{ Authorization: `Bearer ${token}x` },
			{ Authorization: `Bearer ${token.slice(1)}` }];
		const events = { poll: {}, resumeSession: { token: wrong },
			leaveSession: {}, updateCart: { cartContent: {} },
			customerReadyToCheckout: { customerReadyToCheckout: true } };
		for (const [event, payload] of Object.entries(events)) {
			const texts = new Set(), answers = [];
			for (const fields of tokens)
				for (const target of ['/one', '/none'])
					for (const id of [customerId, '0'.repeat(24)])
						answers.push(ask(daemon, 'POST', target, {
							fields, body: message(event,
								{ customerId: id, ...payload }) }));
			for (const answer of await Promise.all(answers)) {
				expectError(answer, 401, 'invalidToken', event);
				texts.add(answer.text);
			}
			assert.equal(texts.size, 1);
		}
		expectError(await ask(daemon, 'POST', '/two', { fields: bearer,
			body: message('poll', { customerId }) }), 401, 'invalidToken',
		'poll');
		expectError(await ask(daemon, 'GET', `/one?customerId=${customerId}`),
			401, 'invalidToken', 'poll');
		expect(await ada.poll({ cursor: '1.0' }), envelope('1.1',
			multicart([member(ada, 'Ada', true)], '1.1')));
	}));

test('a cursor that is not the newest is answered at once', () => withDaemon(
	{}, async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const newest = envelope('1.2', multicart([member(ada, 'Ada', true),
			member(bob, 'Bob', false)], '1.2'));
		const cursors = [null, '', '1.1', '1.0', '1.3', '1.99', '0.2', '2.2',
			'2.1', 'x', '1', '1.', '.2', '1.2.x', '1.2.', '1.1.2',
			'-1.2', '1.2 ', '%31.2', '1.2x', '9'.repeat(40), `1.${'9'.repeat(40)}`, `${2 ** 53}.2`,
			'"', '\\', '1,2', '1.2"', '"}'];
		for (const cursor of cursors) {
			expect(await ada.poll({ cursor, wait: 55 }), newest);
			expect(await ada.post('poll', { wait: 55,
				...cursor === null ? {} : { cursor } }), newest);
		}
		for (const cursor of [1.2, null, {}, [], true])
			expect(await ada.post('poll', { cursor }), newest);
	}));

test('a poll that waited for nothing repeats its cursor', () => withDaemon(
	{}, async (daemon) => {
		const { ada } = await enterPair(daemon);
		for (const wait of [0, 1])
			for (const answer of await Promise.all([ada.poll({ wait }),
				ada.post('poll', { wait, cursor: '1.2' })]))
				expect(answer, envelope('1.2'));
	}));

test('a wait is digits, and as long as is possible', () => withDaemon({},
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		for (const wait of ['', 'abc', '1.5', 'e5', '-1', '.'])
			expectError(await ada.poll({ wait }), 400, 'invalidMessage', 'poll');
		for (const wait of ['1', 1.5, -1, null, true])
			expectError(await ada.post('poll', { wait }), 400,
				'invalidMessage', 'poll');
		const polls = [];
		for (const wait of [56, 1000000, 2 ** 31])
			polls.push(await ada.held({ wait }));
		await bob.post('updateCart', { cartContent: {} });
		for (const { answer } of polls)
			assert.equal((await answer).cursor, '1.3');
	}));

test('a held poll is answered by a change, whoever made it', () => withDaemon(
	{}, async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const eve = await Client.open(daemon, '/one');
		const { customerId } = await eve.enter('joinSession', 'Eve',
			{ resumable: true });
		assert.equal((await eve.nextOf('multicartUpdate')).cursor, '1.3');
		await ada.poll();
		await bob.poll();

		let polls = [await ada.held(), await bob.held()];
		eve.send('updateCart', { customerId, cartContent: { n: 1 } });
		let shown = await eve.nextOf('multicartUpdate');
		for (const { answer } of polls)
			expect(await answer, envelope('1.4', shown.text));

		ada.cursor = bob.cursor = '1.4';
		polls = [await ada.held(), await bob.held()];
		await bob.post('updateCart', { cartContent: { n: 2 } });
		shown = await eve.nextOf('multicartUpdate');
		assert.deepEqual(shown.payload.multicartContent.map(({ content }) =>
			content), [{}, { n: 2 }, { n: 1 }]);
		for (const { answer } of polls)
			expect(await answer, envelope('1.5', shown.text));
	}));

test('one poll too many releases the oldest, empty', () => withDaemon({},
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const polls = [];
		for (let i = 0; i < 5; i++)
			polls.push(await ada.held());
		expect(await polls.shift().answer, envelope('1.2'));
		polls.push(await ada.held());
		expect(await polls.shift().answer, envelope('1.2'));
		const of_bob = await bob.held();
		await ada.post('updateCart', { cartContent: {} });
		for (const { answer } of [...polls, of_bob])
			assert.equal((await answer).cursor, '1.3');
	}));

test('without a limit all polls are held', () => withDaemon(
	{ 'max-held-polls': 0 }, async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const polls = [];
		for (let i = 0; i < 20; i++)
			polls.push(await ada.held());
		await bob.post('updateCart', { cartContent: {} });
		for (const { answer } of polls)
			assert.equal((await answer).cursor, '1.3');
	}));

test('who leaves has its held polls answered', () => withDaemon({},
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const polls = [await bob.held(), await bob.held()];
		const of_ada = await ada.held();
		assert.equal((await bob.post('leaveSession')).status, 200);
		for (const { answer } of polls)
			expectError(await answer, 410, 'leftSession', 'poll');
		expect(await of_ada.answer, envelope('1.3',
			multicart([member(ada, 'Ada', true)], '1.3')));
		expectError(await bob.poll(), 410, 'leftSession', 'poll');
		expectError(await bob.post('updateCart', { cartContent: {} }), 410,
			'leftSession', 'updateCart');
		expectError(await bob.post('resumeSession', { token: bob.token }), 410,
			'leftSession', 'resumeSession');
	}));

test('who leaves by a WebSocket has them answered too', () => withDaemon({},
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const client = await Client.open(daemon, '/one');
		client.send('resumeSession', bob);
		await client.nextOf('multicartUpdate');
		const poll = await bob.held();
		client.send('leaveSession', bob);
		expectError(await poll.answer, 410, 'leftSession', 'poll');
		await client.nextOf('leaveSession');
		assert.deepEqual(namesOf((await ada.poll()).messages[0]), ['Ada']);
	}));

test('who leaves by POST is told so on its WebSocket', () => withDaemon({},
	async (daemon) => {
		const { bob } = await enterPair(daemon);
		const client = await Client.open(daemon, '/one');
		client.send('resumeSession', bob);
		await client.nextOf('multicartUpdate');
		await bob.post('leaveSession');
		const { payload } = await client.nextOf('leaveSession');
		assert.deepEqual(payload, { customerId: bob.customerId });
	}));

test('a stop answers held polls, and they go on afterwards', () => withDaemon(
	{}, async (daemon, restart) => {
		const { ada, bob } = await enterPair(daemon);
		const polls = [await ada.held(), await bob.held(), await bob.held()];
		assert.equal(await daemon.stop(), 0);
		for (const { answer } of polls) {
			expectError(await answer, 503, 'shuttingDown', 'poll');
			const { fields, messages } = await answer;
			assert.match(fields['retry-after'], /^[1-9]\d*$/);
			assert.equal(String(messages[0].payload.retryAfter),
				fields['retry-after']);
		}

		ada.daemon = bob.daemon = await restart();
		const poll = await ada.held();
		await bob.post('updateCart', { cartContent: { n: 1 } });
		assert.equal((await poll.answer).cursor, '1.3');
		assert.equal(await ada.daemon.stop(), 0);
	}));

test('what was answered is there after SIGKILL', () => withDaemon({},
	async (daemon, restart) => {
		const { ada, bob } = await enterPair(daemon);
		await bob.post('updateCart', { cartContent: { n: 1 }, seq: 1 });
		const shown = await bob.poll();
		const lost = assert.rejects((await bob.held()).answer);
		await daemon.kill();
		await lost;

		ada.daemon = bob.daemon = await restart();
		expect(await bob.poll({ wait: 0 }), envelope('1.3'));
		expect(await ada.poll(), shown.text);
		expect(await bob.post('updateCart', { cartContent: {}, seq: 1 }),
			envelope(undefined, message('updateCart',
				{ seq: 1, stale: true })));
		assert.equal(await ada.daemon.stop(), 0);
	}));

const SOON = { 'poll-presence': 1, 'absence-window': 1 };

// A host on a WebSocket and a guest that polls.
const enterMixed = async (daemon) => {
	const host = await Client.open(daemon, '/one');
	await host.enter('startSession', 'Ada', { resumable: true });
	await host.nextOf('multicartUpdate');
	const bob = new Shopper(daemon);
	await bob.enter('joinSession', 'Bob');
	assert.deepEqual(namesOf(await host.nextOf('multicartUpdate')),
		['Ada', 'Bob']);
	return { host, bob };
};

describe('presence of those who poll', { concurrency: true }, () => {
	test('who stops asking is out, and back with the next request', () =>
		withDaemon(SOON, async (daemon) => {
			const { host, bob } = await enterMixed(daemon);
			await bob.post('updateCart', { cartContent: { n: 1 } });
			await host.nextOf('multicartUpdate');
			assert.deepEqual(namesOf(await host.nextOf('multicartUpdate')),
				['Ada']);
			const { messages: [shown] } = await bob.poll();
			assert.deepEqual(namesOf(shown), ['Ada', 'Bob']);
			assert.deepEqual(shown.payload.multicartContent[1].content,
				{ n: 1 });
			assert.deepEqual(namesOf(await host.nextOf('multicartUpdate')),
				['Ada', 'Bob']);
		}));

	test('who has a poll held stays, for longer than presence lasts', () =>
		withDaemon(SOON, async (daemon) => {
			const { host, bob } = await enterMixed(daemon);
			const poll = await bob.held({ wait: 3 });
			const shown = host.nextOf('multicartUpdate');
			expect(await Promise.race([poll.answer, shown]),
				envelope(bob.cursor));
			assert.deepEqual(namesOf(await shown), ['Ada']);
		}));

	test('a client that goes while its poll is held is missed at once', () =>
		withDaemon(SOON, async (daemon) => {
			const { host, bob } = await enterMixed(daemon);
			const polls = [await bob.held({ wait: 55 }),
				await bob.held({ wait: 55 })];
			const lost = polls.map(({ answer }) => assert.rejects(answer));
			const eve = new Shopper(daemon, 'two');
			await eve.enter('startSession', 'Eve');
			const witness = await eve.held({ wait: 20 });
			for (const { sending } of polls)
				sending.destroy();
			await Promise.all(lost);
			// The daemon would have waited for longer than the witness.
			assert.deepEqual(namesOf(await Promise.race([witness.answer,
				host.nextOf('multicartUpdate')])), ['Ada']);
		}));

	test('a client that resets its connection is missed as well', () =>
		withDaemon(SOON, async (daemon) => {
			const { host, bob } = await enterMixed(daemon);
			const poll = await bob.held({ wait: 55 });
			const lost = assert.rejects(poll.answer);
			const eve = new Shopper(daemon, 'two');
			await eve.enter('startSession', 'Eve');
			const witness = await eve.held({ wait: 20 });
			poll.sending.socket.resetAndDestroy();
			await lost;
			assert.deepEqual(namesOf(await Promise.race([witness.answer,
				host.nextOf('multicartUpdate')])), ['Ada']);
		}));
});

test('a subprotocol of ours is part of the URL', () => withDaemon(
	{ subprotocol: 'shop' }, async (daemon) => {
		const body = message('startSession', { customerName: 'Ada' });
		for (const query of ['', '?', '?protocol', '?protocol=',
			'?protocol=shops', '?protocol=sho', '?Protocol=shop', '?a=shop',
			'?xprotocol=shop', '?protocol=Shop'])
			expectError(await ask(daemon, 'POST', `/one${query}`, { body }),
				400, 'invalidMessage', undefined);
		const ada = new Shopper(daemon, 'one?a=b&protocol=shop&c');
		await ada.enter('startSession', 'Ada');
		const query = `customerId=${ada.customerId}&protocol=shop&cursor=1.0`;
		const answer = await ask(daemon, 'GET', `/one?${query}`,
			{ fields: ada.bearer });
		assert.equal(answer.cursor, '1.1');
	}));

test('a customer has one spelling', () => withDaemon({}, async (daemon) => {
	let ada, n = 0;
	do {
		ada = new Shopper(daemon, `one-${n++}`);
		await ada.enter('startSession', 'Ada');
	} while (!/[a-f]/.test(ada.customerId));
	const customerId = ada.customerId.toUpperCase();
	expectError(await ada.post('leaveSession', { customerId }), 400,
		'invalidMessage', 'leaveSession');
	expectError(await ask(daemon, 'GET',
		`${ada.target}?customerId=${customerId}`, { fields: ada.bearer }), 400,
	'invalidMessage', 'poll');
	expect(await ada.poll({ wait: 0 }), envelope('1.1'));
}));

test('sessions are behind the base path only', () => withDaemon(
	{ 'base-path': '/buddies/at/' }, async (daemon) => {
		const ada = new Shopper(daemon, 'buddies/at/one');
		await ada.enter('startSession', 'Ada');
		assert.equal((await ada.poll({ cursor: null })).cursor, '1.1');
		for (const target of ['/one', '/buddies/at/', '/buddies/one'])
			expectError(await ask(daemon, 'POST', target, { body: message(
				'startSession', { customerName: 'Eve' }) }), 404, 'notFound');
	}));

test('lost, repeated and overtaken sends are harmless', () => withDaemon({},
	async (daemon) => {
		const ada = new Shopper(daemon);
		const requestId = 'abcdefghijklmnopqrstuvwxyz012345';
		const first = await ada.enter('startSession', 'Ada', { requestId });
		expect(await new Shopper(daemon).enter('startSession', 'Eve',
			{ requestId }), first.text);
		expectError(await new Shopper(daemon).post('joinSession',
			{ customerName: 'Ada', requestId }), 400, 'invalidMessage',
		'joinSession');
		expectError(await new Shopper(daemon).post('startSession',
			{ customerName: 'Eve' }), 409, 'sessionExists', 'startSession');

		const seqs = [[2, undefined], [2, true], [1, true], [3, undefined]];
		for (const [seq, stale] of seqs)
			expect(await ada.post('updateCart', { cartContent: { seq }, seq }),
				envelope(undefined, message('updateCart', { seq, stale })));
		expect(await ada.poll(), envelope('1.3', multicart([member(ada, 'Ada',
			true, { cart: '{"seq":3}' })], '1.3')));
	}));

test('who asked for no token goes on by HTTP all the same', () =>
	withDaemon({}, async (daemon) => {
		for (const [name, event] of [['Ada', 'startSession'],
			['Bob', 'joinSession']]) {
			const requestId = name.padEnd(22, '-');
			const client = await Client.open(daemon, '/one');
			const { customerId, token } = await client.enter(event, name,
				{ requestId });
			assert.equal(token, undefined);
			// Its answer was lost, and so is its line.
			const shopper = new Shopper(daemon);
			await shopper.enter(event, name, { requestId });
			assert.equal(shopper.customerId, customerId);
			assert.match(shopper.token, /^[\w-]{43}$/);
			await client.close();
			expect(await shopper.post('updateCart', { cartContent: { name },
				seq: 1 }), envelope(undefined, message('updateCart', { seq: 1 })));
			const { messages } = await shopper.poll();
			assert.deepEqual(messages[0].payload.multicartContent.at(-1).content,
				{ name });
		}
	}));

test('all that is sent at once takes effect', () => withDaemon({},
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const answers = await Promise.all(Array.from({ length: 40 }, (_, i) =>
			(i % 2 ? ada : bob).post('updateCart',
				{ cartContent: { i }, seq: i + 1 })));
		const applied = answers.filter(({ text, status }) => {
			assert.equal(status, 200);
			return !text.includes('stale');
		});
		assert(applied.length >= 2);
		const { messages: [{ payload }], cursor } = await ada.poll();
		assert.equal(cursor, `1.${2 + applied.length}`);
		assert.deepEqual(payload.multicartContent.map(({ content }) =>
			content.i), [39, 38]);
	}));

test('one connection carries many requests', () => withDaemon({},
	async (daemon) => {
		const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const { ada, bob } = await enterPair(daemon);
		const first = ada.polling({ wait: 0, agent });
		expect(await first.answer, envelope('1.2'));
		for (let n = 1; n <= 10; n++) {
			const poll = ada.polling({ agent });
			await poll.sent;
			await pass(daemon);
			await bob.post('updateCart', { cartContent: { n } });
			ada.cursor = (await poll.answer).cursor;
			assert.equal(ada.cursor, `1.${2 * n + 1}`);
			assert(poll.sending.reusedSocket);
			await ada.post('updateCart', { cartContent: { n } }, { agent });
			await ada.poll({ agent });
			expectError(await ask(daemon, 'POST', '/one', { agent,
				body: '{' }), 400, 'invalidJson');
		}
		agent.destroy();
	}));

test('polls count as messages, by token', () => withDaemon(
	{ 'message-rate': 1, 'message-burst': 3 }, async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const answers = [];
		for (let i = 0; i < 4; i++)
			answers.push(await ada.poll({ wait: 0 }));
		const refused = answers.find(({ status }) => status !== 200);
		expectError(refused, 429, 'rateLimited', 'poll');
		assert.equal(refused.fields['retry-after'], '1');
		assert.equal(refused.messages[0].payload.retryAfter, 1);
		expect(await bob.poll({ wait: 0 }), envelope('1.2'));
	}));

test('who asks too often, or without proof, is answered after others',
	() => withDaemon({ 'message-rate': 1, 'message-burst': 1 },
		async (daemon) => {
			const { ada, bob } = await enterPair(daemon);
			const order = [];
			const note = (name, answer) => answer.then((got) => {
				order.push(name);
				return got;
			});
			expect(await ada.poll({ wait: 0 }), envelope('1.2'));
			const limited = note('limited', ada.poll({ wait: 0 }));
			const unproved = note('unproved', ask(daemon, 'POST', '/one', {
				body: message('poll', { customerId: ada.customerId,
					token: 'x' }) }));
			await pass(daemon);
			expect(await note('good', bob.poll({ wait: 0 })), envelope('1.2'));
			expectError(await limited, 429, 'rateLimited', 'poll');
			expectError(await unproved, 401, 'invalidToken', 'poll');
			assert.equal(order[0], 'good');
		}));

test('limits and the barrier hold for polling too', () => withDaemon(
	{ 'checkout-barrier': 'yes', 'max-customers': 2 }, async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const ready = { customerReadyToCheckout: true };
		expectError(await ada.post('customerReadyToCheckout', ready), 409,
			'guestsNotReady', 'customerReadyToCheckout');
		expectError(await new Shopper(daemon).post('joinSession',
			{ customerName: 'Eve' }), 429, 'sessionFull', 'joinSession');
		expect(await bob.post('customerReadyToCheckout', ready), envelope());
		expect(await ada.post('customerReadyToCheckout', ready), envelope());
	}));
