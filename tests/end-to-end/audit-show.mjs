// buddyshoppingctl audit show, diff, who and export, beside a daemon whose
// customers come by WebSocket and by polls.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test, { describe } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, message } from './lib/client.mjs';
import { makeFolder, withDaemon } from './lib/daemon.mjs';
import { toolOptions } from './lib/storage.mjs';
import { hasScript, PROGRAM as TOOL, RunningTool, tool, toolObjects,
	toolOnTerminal } from './lib/tool.mjs';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

const post = async (daemon, session, event, payload) => {
	const response = await fetch(
		`http://127.0.0.1:${daemon.port}/${session}`,
		{ method: 'POST', body: message(event, payload) });
	assert.equal(response.status, 200);
	return (await response.json()).messages;
};

// Somebody with a seat in a session, by either transport.
class Shopper {
	static async socket(daemon, session, event, name) {
		const client = await Client.open(daemon, `/${session}`);
		const { customerId } = await client.enter(event, name);
		return Object.assign(new Shopper(), { id: customerId,
			say: async (said, payload) => {
				client.sendText(`{"event":"${said}","payload":` +
					`{"customerId":"${customerId}",${payload}}}`);
				await client.nextOf(said);
			} });
	}

	static async polls(daemon, session, event, name) {
		const [reply] = await post(daemon, session, event,
			{ customerName: name });
		const { customerId, token } = reply.payload;
		return Object.assign(new Shopper(), { id: customerId, token,
			say: async (said, payload) => {
				const body = `{"event":"${said}","payload":` +
					`{"customerId":"${customerId}",` +
					`"token":"${token}",${payload}}}`;
				const response = await fetch('http://127.0.0.1:' +
					`${daemon.port}/${session}`,
					{ method: 'POST', body });
				assert.equal(response.status, 200);
			} });
	}

	#seq = 0;

	cart(text) {
		this.#seq++;
		return this.say('updateCart',
			`"cartContent":${text},"seq":${this.#seq}`);
	}

	ready(value) {
		this.#seq++;
		return this.say('customerReadyToCheckout',
			`"customerReadyToCheckout":${value},"seq":${this.#seq}`);
	}

	leave() {
		return this.say('leaveSession', '"x":0');
	}
}

const coffee = (quantity) => `{"quantity":${quantity},"product":{"id":7,` +
	'"name":"Coffee","price":4.50},"options":{"size":"large"}}';
const CARTS = [
	`{"items":[${coffee(1)}],"address":{"city":"A"}}`,
	`{"items":[{"id":8,"name":"\\u001b[31mT\\u00e9"},${coffee(2)}],` +
		'"address":{"city":"B"}}',
	'{"items":[],"n":12345678901234567890,"n":1e400,"s":"\\ud800"}',
];

// Ada by WebSocket, Zoe by polls; resolves to both.
const party = async (daemon) => {
	const ada = await Shopper.socket(daemon, 'party', 'startSession', 'Ada');
	const zoe = await Shopper.polls(daemon, 'party', 'joinSession',
		'Zo\u00eb \u65e5\u672c');
	await zoe.cart(CARTS[0]);
	await zoe.cart(CARTS[1]);
	await ada.ready(true);
	await zoe.cart(CARTS[2]);
	await zoe.leave();
	return { ada, zoe };
};

const STORY = [
	/^party, incarnation 1$/,
	/Z {2}1\.1 {6}websocket {2}Ada {13}\S+ +started the session$/,
	/Z {2}1\.2 {6}http {7}Zo\u00eb \u65e5\u672c {8}\S+ +joined$/,
	/Z {2}1\.3 {6}http .* changed the cart$/,
	/^ {8}added 1 x Coffee \(size: large\) at 4\.50$/,
	/^ {8}added address: \{"city":"A"\}$/,
	/Z {2}1\.4 {6}http .* changed the cart$/,
	/^ {8}added \\u001b\[31mT\u00e9$/,
	/^ {8}changed 2 x Coffee \(size: large\): quantity 1 -> 2$/,
	/^ {8}changed address\.city: "A" -> "B"$/,
	/Z {2}1\.5 {6}websocket .* is ready to check out$/,
	/Z {2}1\.6 {6}http .* changed the cart$/,
	/^ {8}removed address: \{"city":"B"\}$/,
	/^ {8}removed \\u001b\[31mT\u00e9$/,
	/^ {8}removed 2 x Coffee \(size: large\) at 4\.50$/,
	/^ {8}added n: 12345678901234567890$/,
	/^ {8}added n: 1e400$/,
	/^ {8}added s: "\\ud800"$/,
	/Z {2}1\.7 {6}http .* left$/,
	/^$/,
];

const checkStory = (text) => {
	const lines = text.split('\n');
	STORY.forEach((pattern, i) => assert.match(lines[i], pattern));
	assert.equal(lines.length, STORY.length);
};

test('the timeline tells who did what by which way', () => withDaemon({},
	async (daemon) => {
		await party(daemon);
		const { status, stdout, stderr } = await tool(daemon.database,
			['audit', 'show', 'party']);
		assert.equal(stderr, '');
		assert.equal(status, 0);
		checkStory(stdout);
	}));

test('as JSON it has what was sent, and the changes', () => withDaemon({},
	async (daemon) => {
		const { ada, zoe } = await party(daemon);
		const rows = await toolObjects(daemon.database,
			['audit', 'show', 'party', '--json']);
		assert.deepEqual(rows.map(({ event }) => event), ['start', 'join',
			'cart', 'cart', 'ready', 'cart', 'leave']);
		assert.deepEqual(rows.map(({ revision }) => revision),
			[1, 2, 3, 4, 5, 6, 7]);
		assert(rows.every(({ time }) => TIME.test(time)));
		assert.deepEqual([rows[0].customer, rows[0].who, rows[1].customer,
			rows[1].who], [ada.id, 'Ada', zoe.id, 'Zo\u00eb \u65e5\u672c']);
		assert.deepEqual(rows[3].changes[1], { change: 'changed',
			item: '2 x Coffee (size: large)', product: 7,
			path: 'quantity', before: 1, after: 2 });
		assert.deepEqual(rows[3].cart, JSON.parse(CARTS[1]));
		assert.equal(rows[4].ready, true);
	}));

test('--follow tells what happens as it happens', () => withDaemon({},
	async (daemon) => {
		const ada = await Shopper.socket(daemon, 'party', 'startSession',
			'Ada');
		const follower = new RunningTool(daemon.database,
			['audit', 'show', 'party', '--follow', '--json']);
		assert.equal(JSON.parse(await follower.next()).event, 'start');
		for (let n = 1; n <= 5; n++) {
			await ada.cart(`{"n":${n}}`);
			assert.deepEqual(JSON.parse(await follower.next()).cart,
				{ n });
		}
		assert.equal(await follower.stop('SIGINT'), 0);
	}));

describe('what takes a while is followed', { concurrency: true }, () => {
	test('several incarnations stand apart', () => withDaemon(
		{ 'session-ttl': 1, 'absence-window-tokenless': 1,
			'clock-grace': 0 },
		async (daemon) => {
			const first = await Client.open(daemon, '/party');
			await first.enter('startSession', 'Ada');
			const follower = new RunningTool(daemon.database,
				['audit', 'show', 'party', '--follow']);
			assert.match(await follower.next(), /incarnation 1$/);
			assert.match(await follower.next(), /started the session$/);
			await first.close();
			while (!/the session ended$/.test(await follower.next()))
				continue;
			const second = await Client.open(daemon, '/party');
			await second.enter('startSession', 'Eve');
			assert.equal(await follower.next(), '');
			assert.match(await follower.next(), /^party, incarnation 2$/);
			assert.match(await follower.next(), /2\.1 .* Eve /);
			assert.equal(await follower.stop('SIGTERM'), 0);
		}));

	test('refused messages are told with their code and count', () =>
		withDaemon({}, async (daemon) => {
			const ada = await Client.open(daemon, '/party');
			await ada.enter('startSession', 'Ada');
			const follower = new RunningTool(daemon.database,
				['audit', 'show', 'party', '--follow', '--json']);
			assert.equal(JSON.parse(await follower.next()).event, 'start');
			const refused = async () => {
				const { event, revision, who, code, message: said, count } =
					JSON.parse(await follower.next());
				assert.deepEqual([event, revision, who, code, said],
					['refused', 0, 'Ada', 'alreadyJoined', 'joinSession']);
				return count;
			};
			for (let n = 0; n < 3; n++)
				ada.send('joinSession', { customerName: 'Ada' });
			assert.equal(await refused(), 1);
			assert.equal(await refused(), 2);
			assert.equal(await follower.stop(), 0);
		}));
});

// Ask the daemon to erase, and wait until it has.
const erase = async (daemon, query) => {
	const ask = async (method, target) => {
		const request = http.request({ method, path: target,
			socketPath: `${daemon.database}.admin` }).end();
		const [response] = await once(request, 'response');
		return JSON.parse((await response.toArray()).join(''));
	};
	const { id } = await ask('POST', `/erase?${query}`);
	for (;;) {
		const { state } = await ask('GET', `/erase/${id}`);
		if (state !== 'pending')
			return state;
	}
};

test('what is erased is said to be, and not told', () => withDaemon({},
	async (daemon) => {
		const { ada, zoe } = await party(daemon);
		assert.equal(await erase(daemon,
			`session=party&customer=${zoe.id}`), 'done');
		const shown = await tool(daemon.database,
			['audit', 'show', 'party']);
		assert.equal(shown.status, 0);
		assert(!/Zo|Coffee|city/.test(shown.stdout));
		assert(shown.stdout.includes('Ada'));
		assert.match(shown.stdout, new RegExp(`${zoe.id} .*` +
			'all that was personal until here was erased\n'));
		assert.match(shown.stdout, /\n {8}\(the cart was erased\)\n/);
		const who = await tool(daemon.database,
			['audit', 'who', 'party', 'coffee']);
		assert.equal(who.status, 2);
		assert.match(who.stderr, /: 3 changes of carts are not known/);
		const diff = await tool(daemon.database,
			['audit', 'diff', 'party', '1', '3']);
		assert.match(diff.stderr, /names and carts that were erased/);
		assert.equal(diff.stdout,
			`party, 1.1 to 1.3\n${zoe.id}  is there\n`);
		const rows = await toolObjects(daemon.database,
			['audit', 'export']);
		assert.deepEqual(rows.filter(({ erased }) => erased)
			.map(({ customer }) => customer), Array(5).fill(zoe.id));
		assert.equal(rows[0].name, 'Ada');
		assert.equal(rows[0].customer, ada.id);
	}));

test('diff tells what is between two revisions', () => withDaemon({},
	async (daemon) => {
		const { ada, zoe } = await party(daemon);
		const diff = async (...points) => (await tool(daemon.database,
			['audit', 'diff', 'party', ...points])).stdout;
		const name = `Zo\u00eb \u65e5\u672c  ${zoe.id}`;
		assert.equal(await diff('1', '3'), 'party, 1.1 to 1.3\n' +
			`${name}  is there\n` +
			'        added 1 x Coffee (size: large) at 4.50\n' +
			'        added address: {"city":"A"}\n');
		assert.equal(await diff('1.3', '1.5'), 'party, 1.3 to 1.5\n' +
			`Ada  ${ada.id}  is ready to check out\n` +
			`${name}  has another cart\n` +
			'        added \\u001b[31mT\u00e9\n' +
			'        changed 2 x Coffee (size: large): quantity 1 -> 2\n' +
			'        changed address.city: "A" -> "B"\n');
		assert.equal(await diff('2', '2'),
			'party, 1.2 to 1.2\nnothing is different\n');
		assert.match(await diff('2', '7'), /is no longer there\n/);
	}));

test('who tells of one product', () => withDaemon({}, async (daemon) => {
	await party(daemon);
	const told = async (product) => (await toolObjects(daemon.database,
		['audit', 'who', 'party', product, '--json']))
		.map(({ who, revision, changes }) => [who, revision,
			...changes.map(({ change }) => change)]);
	const zoe = 'Zo\u00eb \u65e5\u672c';
	const coffees = [[zoe, 3, 'added'], [zoe, 4, 'changed'],
		[zoe, 6, 'removed']];
	assert.deepEqual(await told('7'), coffees);
	assert.deepEqual(await told('coff'), coffees);
	assert.deepEqual(await told('address.city'), coffees);
	assert.deepEqual(await told('12345678901234567890'),
		[[zoe, 6, 'added'], [zoe, 7, 'removed']]);
	const { status, stdout } = await tool(daemon.database,
		['audit', 'who', 'party', 'cocoa']);
	assert.deepEqual([status, stdout], [2, '']);
}));

test('customers are found by a part of their name', () => withDaemon({},
	async (daemon) => {
		const { ada, zoe } = await party(daemon);
		const others = ['Ada Lovelace', 'ADA', 'Bob'];
		for (const [i, name] of others.entries())
			await Shopper.socket(daemon, `s${i}`, 'startSession', name);
		const found = async (name) => (await toolObjects(daemon.database,
			['audit', 'customers', name, '--json']))
			.map(({ session, event, name: whole }) =>
				`${session} ${event} ${whole}`);
		assert.deepEqual(await found('ada'), ['party start Ada',
			's0 start Ada Lovelace', 's1 start ADA']);
		assert.deepEqual(await found('\u00eb \u65e5'),
			['party join Zo\u00eb \u65e5\u672c']);
		const { stdout } = await tool(daemon.database,
			['audit', 'customers', 'Zo']);
		assert.match(stdout, new RegExp('^SESSION .* NAME\n' +
			`party +${zoe.id} join  \\S+Z Zo\u00eb \u65e5\u672c\n$`));
		assert.equal(await erase(daemon,
			`session=party&customer=${ada.id}`), 'done');
		assert.deepEqual(await found('love'), ['s0 start Ada Lovelace']);
		assert.deepEqual(await found('ada'), ['s0 start Ada Lovelace',
			's1 start ADA']);
		const { status, stderr } = await tool(daemon.database,
			['audit', 'customers', 'Eve']);
		assert.equal(status, 2);
		assert.match(stderr, /nobody of that name is known/);
	}));

test('what is not there has status 2, what makes no sense 64', () =>
	withDaemon({}, async (daemon) => {
		await party(daemon);
		const cases = [
			[2, 'show', 'nobody'],
			[2, 'who', 'nobody', '7'],
			[2, 'diff', 'nobody', '1', '2'],
			[2, 'diff', 'party', '1', '8'],
			[2, 'diff', 'party', '2.1', '1'],
			[2, 'export', '--session', 'nobody'],
			[64, 'diff', 'party', '1', 'x'],
			[64, 'diff', 'party', '1'],
			[64, 'who', 'party', ''],
			[64, 'show', 'party', '--color=blue'],
			[64, 'show'],
			[64, 'customers', ''],
			[64, 'customers', 'Ada', '--account', '1'],
			[64, 'customers', 'Ada', 'Eve'],
			[64, 'export', '--format', 'xml'],
			[64, 'export', 'party'],
		];
		for (const [expected, ...args] of cases) {
			const { status, stdout, stderr } = await tool(
				daemon.database, ['audit', ...args]);
			assert.equal(status, expected, args.join(' '));
			assert.equal(stdout, '');
			assert.match(stderr, /^buddyshoppingctl: /);
		}
	}));

// RFC 4180 to the letter, or an exception.
const parseCsv = (text) => {
	const records = [];
	let at = 0;
	const expect = (c) => {
		assert.equal(text[at], c, `at ${at}`);
		at++;
	};
	const cell = () => {
		let value = '';
		if (text[at] !== '"') {
			assert.match(text[at], /[,\r]/);
			return null;
		}
		at++;
		for (;;) {
			const end = text.indexOf('"', at);
			assert(end >= 0);
			value += text.slice(at, end);
			at = end + 1;
			if (text[at] !== '"')
				return value;
			value += '"';
			at++;
		}
	};
	while (at < text.length) {
		const record = [cell()];
		while (text[at] === ',') {
			at++;
			record.push(cell());
		}
		expect('\r');
		expect('\n');
		records.push(record);
	}
	return records;
};

const exportCsv = async (database, args = []) => {
	const { status, stdout } = await tool(database,
		['audit', 'export', '--format', 'csv', ...args]);
	assert.equal(status, 0);
	const [names, ...records] = parseCsv(stdout);
	assert(records.every(({ length }) => length === names.length));
	return records.map((record) => Object.fromEntries(
		names.map((name, i) => [name, record[i]])));
};

test('the export has everything but secrets', () => withDaemon({},
	async (daemon) => {
		const { zoe } = await party(daemon);
		const { stdout } = await tool(daemon.database, ['audit', 'export']);
		assert(!stdout.includes(zoe.token));
		for (const cart of CARTS)
			assert(stdout.includes(`"cart":${cart},`));
		const rows = stdout.split('\n').slice(0, -1)
			.map((line) => JSON.parse(line));
		assert.deepEqual(rows.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7]);
		const records = await exportCsv(daemon.database);
		records.forEach((record, i) => {
			for (const key of ['session', 'event', 'time', 'transport',
				'customer', 'digest', 'hash'])
				assert.equal(record[key], rows[i][key]);
			assert.equal(record.name, rows[i].name ?? null);
		});
		assert.deepEqual(records.map(({ cart }) => cart)
			.filter((cart) => cart !== null), CARTS);
	}));

test('the export can be of one session and without bodies', () => withDaemon(
	{}, async (daemon) => {
		await party(daemon);
		await Shopper.socket(daemon, 'other', 'startSession', 'Eve');
		const rows = await toolObjects(daemon.database, ['audit', 'export',
			'--session', 'other']);
		assert.deepEqual(rows.map(({ seq, name }) => [seq, name]),
			[[8, 'Eve']]);
		const { stdout } = await tool(daemon.database,
			['audit', 'export', '--no-bodies']);
		for (const word of ['Ada', 'Eve', 'Coffee', '127.0.0.1'])
			assert(!stdout.includes(word));
		assert(stdout.includes('"session":"other"'));
	}));

test('no cell of the CSV is a formula', () => withDaemon({},
	async (daemon) => {
		const names = ['=1+1', '+1', '-1', '@A1', '\'quoted', 'a"b,c'];
		for (const [i, name] of names.entries())
			await Shopper.socket(daemon, `-s${i}`, 'startSession', name);
		const records = await exportCsv(daemon.database);
		const plain = (cell) => cell.replace(/^'/, '');
		assert.deepEqual(records.map(({ name }) => plain(name)), names);
		assert.deepEqual(records.map(({ session }) => plain(session)),
			names.map((name, i) => `-s${i}`));
		for (const { name, session } of records)
			for (const cell of [name, session])
				assert.match(cell, /^[^=+@\t\r-]/);
	}));

test('an export beside a daemon under load is whole', () => withDaemon(
	{ 'message-rate': 0 }, async (daemon) => {
		const ada = await Shopper.socket(daemon, 'party', 'startSession',
			'Ada');
		let isOver = false;
		const load = (async () => {
			let n = 0;
			for (; !isOver; n++)
				await ada.cart(`{"n":${n}}`);
			return n;
		})();
		for (let i = 0; i < 5; i++) {
			const rows = await toolObjects(daemon.database,
				['audit', 'export']);
			rows.forEach(({ seq, cart }, at) => {
				assert.equal(seq, at + 1);
				assert.equal(cart?.n, at === 0 ? undefined : at - 1);
			});
		}
		isOver = true;
		const sent = await load;
		const rows = await toolObjects(daemon.database,
			['audit', 'export']);
		assert.equal(rows.length, sent + 1);
	}));

const withoutColours = (text) => text.replaceAll(/\x1b\[[0-9;]*m/g, '');

test('colours are for terminals and for those who ask', () => withDaemon({},
	async (daemon) => {
		await party(daemon);
		const show = ['audit', 'show', 'party'];
		const plain = (await tool(daemon.database, show)).stdout;
		assert(!plain.includes('\x1b'));
		const always = (await tool(daemon.database,
			[...show, '--color=always'])).stdout;
		assert(always.includes('\x1b[32madded 1 x Coffee'));
		assert.equal(withoutColours(always), plain);
	}));

test('on a terminal there are colours and a pager',
	{ skip: !hasScript && 'script(1) was not found' }, () => withDaemon({},
		async (daemon) => {
			await party(daemon);
			const show = (env, args = []) => toolOnTerminal(
				daemon.database, ['audit', 'show', 'party', ...args], env);
			const unpaged = await show({ PAGER: 'cat', NO_COLOR: '' });
			assert(unpaged.shown.includes('\x1b[32madded 1 x Coffee'));
			checkStory(withoutColours(unpaged.shown)
				.replaceAll('\r\n', '\n'));
			const none = await show({ PAGER: 'cat', NO_COLOR: '1' });
			assert(!none.shown.includes('\x1b'));
			const never = await show({ PAGER: 'cat', NO_COLOR: '' },
				['--color=never']);
			assert.equal(never.shown, none.shown);
			const paged = await show({ PAGER: 'sed "s/^/> /"' });
			assert.equal(paged.status, 0);
			assert(paged.shown.startsWith('> '));
		}));

test('a pager may be left before the end',
	{ skip: !hasScript && 'script(1) was not found' }, () => withDaemon(
		{ 'message-rate': 0 }, async (daemon) => {
			const ada = await Shopper.socket(daemon, 'party',
				'startSession', 'Ada');
			for (let n = 0; n < 2000; n++)
				await ada.cart(`{"n":${n}}`);
			const { status, shown } = await toolOnTerminal(daemon.database,
				['audit', 'show', 'party'],
				{ PAGER: 'head -n 1', NO_COLOR: '1' });
			assert.equal(shown, 'party, incarnation 1\r\n');
			assert.equal(status, 0);
		}));

test('ids are listed by how they begin', () => withDaemon(
	{ 'new-session-rate': 0 }, async (daemon) => {
		const names = ['b', 'party', 'part', 'party-2', 'q', 'Party', 'partz'];
		for (const name of names)
			await Shopper.socket(daemon, name, 'startSession', 'Ada');
		const ids = async (...args) => (await tool(daemon.database,
			['audit', 'sessions', '--ids', ...args])).stdout;
		assert.equal(await ids('party'), 'party\nparty-2\n');
		assert.equal(await ids(''), `${[...names].sort().join('\n')}\n`);
		assert.equal(await ids('r'), '');
		const { status, stderr } = await tool(daemon.database,
			['audit', 'sessions', '--ids', '', '--active']);
		assert.equal(status, 64);
		assert.match(stderr, /--ids goes with no other option\n/);
	}));

// What bash completes at the end of a line that is split as it does.
const COMPLETION = fileURLToPath(new URL(
	'../../contrib/completion/bash/buddyshoppingctl', import.meta.url));
const hasBash = (() => {
	try {
		execFileSync('bash', ['-c', ':']);
		return true;
	} catch {
		return false;
	}
})();
const completions = (program, ...words) => new Promise((resolve, reject) => {
	execFile('bash', ['-c', '. "$0" && COMP_WORDS=("$@") && ' +
		'COMP_CWORD=$(($# - 1)) && _buddyshoppingctl && ' +
		'printf "%s\n" "${COMPREPLY[@]}"', COMPLETION, program, ...words],
	{ cwd: path.dirname(program) }, (error, stdout) => {
		if (error !== null)
			reject(error);
		else
			resolve(stdout.split('\n').slice(0, -1));
	});
});

describe('in bash', { skip: !hasBash && 'bash was not found' }, () => {
	test('ids of sessions are completed where one belongs', () => withDaemon(
		{}, async (daemon) => {
			await party(daemon);
			await Shopper.socket(daemon, 'part', 'startSession', 'Eve');
			await Shopper.socket(daemon, '~tilde', 'startSession', 'Eve');
			const [, database] = toolOptions(daemon.database);
			const complete = (...words) => completions(TOOL, ...words);
			for (const words of [['audit', 'show'], ['kick'], ['lock'],
				['audit', 'who', '--json'], ['erase', '--session'],
				['audit', 'export', '--session', '=']])
				assert.deepEqual(await complete('-d', database, ...words,
					'pa'), ['part', 'party'], words.join());
			assert.deepEqual(await complete('--database', '=', database,
				'audit', 'show', 'party'), ['party']);
			assert.deepEqual(await complete('-d', database, 'session', '~'),
				['\\~tilde']);
			for (const words of [['audit', 'who', 'party', 'pa'],
				['audit', 'sessions', 'pa'], ['log-level', 'pa']])
				assert.deepEqual(await complete('-d', database, ...words),
					[''], words.join());
			// As bash takes a line apart.
			assert.deepEqual(await complete('-d',
				...database.split(/(?<=[:=]+)(?![:=])|(?<![:=])(?=[:=])/),
				'kick', 'pa'), ['part', 'party']);
			assert.deepEqual(await complete('-d', `${database}.none`,
				'audit', 'show', 'pa'), ['']);
		}));

	test('an id that is a command is none', async () => {
		const folder = makeFolder();
		const program = path.join(folder, 'buddyshoppingctl');
		fs.writeFileSync(program, `#!/bin/sh\ncase "$*" in\n*--ids*) ` +
			`echo '$(touch ran)\`touch ran\`;touch ran' ;;\n` +
			`*) exec '${TOOL}' "$@" ;;\nesac\n`, { mode: 0o700 });
		assert.deepEqual(await completions(program, 'audit', 'show', ''),
			['\\$\\(touch\\ ran\\)\\`touch\\ ran\\`\\;touch\\ ran']);
		assert.deepEqual(fs.readdirSync(folder), ['buddyshoppingctl']);
	});
});
