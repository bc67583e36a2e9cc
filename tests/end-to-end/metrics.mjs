// What the daemon tells those who watch it: each number moves by exactly what
// was done, /readyz by whether it can be done, and none of it is public.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { lacking, makeFolder, withDaemon } from './lib/daemon.mjs';
import { get, names, parse, valueOf } from './lib/exposition.mjs';
import { Fastcgi } from './lib/fastcgi.mjs';
import { ask, pass, PASSES, Shopper } from './lib/shopper.mjs';
import { unlessOn } from './lib/storage.mjs';

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const SOURCE = path.resolve(process.env.srcdir ?? '.');
const RULES = 'contrib/monitoring/prometheus/buddyshopping.rules.yml';

const read = (name) => fs.readFileSync(path.join(SOURCE, name), 'utf8');

const expressionsOf = (panel) => [
	...(panel.targets ?? []).map(({ expr }) => expr),
	...(panel.panels ?? []).flatMap(expressionsOf),
];

// What the panels of the dashboard show.
const shownExpressions = () =>
	JSON.parse(read('contrib/monitoring/grafana/buddyshopping.json'))
		.panels.flatMap(expressionsOf);

// Run steps with a daemon, the socket for those who watch it, and where it
// listens for FastCGI.
const withWatched = (settings, steps) => {
	const folder = makeFolder();
	const admin = path.join(folder, 'admin'), fastcgi = path.join(folder, 'f');
	return withDaemon({ 'admin-listen': `unix:${admin}`,
		'fastcgi-listen': `unix:${fastcgi}`, 'session-ttl': 0, 'min-free-space': 0,
		...settings },
	(daemon) => steps(daemon, admin, fastcgi));
};

const scrape = async (admin) => {
	const { status, fields, text } = await get(admin, '/metrics');
	assert.equal(status, 200);
	assert.equal(fields['content-type'], TYPE);
	return parse(text);
};

// What differs between two scrapes, as {"NAME a=x,b=y": by}; of histograms
// only the count, without what time and memory do.
const UNSTEADY = /^(process_|buddyshopping_(event_loop_lag|database_bytes|wal_bytes|storage_busy))/;
const differences = (before, after) => {
	const result = {};
	for (const { name, kind, samples } of after.values()) {
		if (UNSTEADY.test(name))
			continue;
		for (const { suffix, labels, value } of samples) {
			if (kind === 'histogram' && suffix !== '_count')
				continue;
			const by = value - valueOf(before, name + suffix, labels);
			const key = [name.replace('buddyshopping_', '') + suffix,
				...Object.values(labels)].join(' ');
			if (by !== 0)
				result[key] = by;
		}
	}
	return result;
};

// The daemon's own notes are written some time.
const OWN_NOTES = /^(commit_|jobs )/;

const moved = async (admin, steps, expected, besides = /^$/) => {
	const before = await scrape(admin);
	const result = await steps();
	const found = Object.entries(differences(before, await scrape(admin)))
		.filter(([key]) => !besides.test(key));
	assert.deepEqual(Object.fromEntries(found), expected);
	return result;
};

// A change that was committed and shown to one client, who caused it.
const change = (transport) => ({
	[`deliveries_total ${transport}`]: 1,
	[`delivery_latency_seconds_count ${transport}`]: 1,
	'commit_duration_seconds_count': 1, 'commit_rows_count': 1,
});

// Connections for one request each.
const requests = (count) => ({ 'connections_opened_total http': count,
	'connections_closed_total http closed': count });
const request = requests(1);

test('the text is well-formed and says what it is', () => withWatched({},
	async (daemon, admin) => {
		const families = await scrape(admin);
		for (const { name, help, samples } of families.values()) {
			assert.match(name, /^(buddyshopping|process)_[a-z_]+$/);
			assert.match(help, /^[A-Z].*\.$/);
			assert(samples.length > 0 || name === 'process_open_fds', name);
		}
		assert.equal(valueOf(families, 'buddyshopping_ready'), 1);
		const { text } = await get(admin, '/metrics');
		const [, version] = text.match(/build_info\{version="([^"]+)"\} 1\n/);
		assert.match(version, /^\d+\.\d+\.\d+$/);
	}));

const promtool = (args, input) => execFileSync('promtool', args,
	{ input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] });

const hasPromtool = () => {
	try {
		promtool(['--version']);
		return true;
	} catch {
		return false;
	}
};

const promtoolTest = (name, steps) => test(name, async (t) => {
	if (hasPromtool())
		await steps();
	else
		t.skip(lacking('all', 'promtool (Debian: prometheus) was not found'));
});

promtoolTest('promtool has nothing to say about the text', () =>
	withWatched({}, async (daemon, admin) => {
		const { text } = await get(admin, '/metrics');
		assert.equal(promtool(['check', 'metrics'], text), '');
	}));

promtoolTest('alerts fire when they should', () => {
	promtool(['check', 'rules', path.join(SOURCE, RULES)]);
	promtool(['test', 'rules',
		path.join(SOURCE, 'tests/prometheus/buddyshopping.test.yml')]);
});

promtoolTest('what the dashboard asks is PromQL', () => {
	const rules = shownExpressions().map((expression, i) => ({
		record: `shown:${i}`, expr: expression.replace(/"\$\w+"/g, '".*"')
			.replaceAll('$__rate_interval', '1m')
			.replaceAll('$__range', '6h') }));
	const file = path.join(makeFolder(), 'rules.json');
	fs.writeFileSync(file, JSON.stringify(
		{ groups: [{ name: 'shown', rules }] }));
	promtool(['check', 'rules', file]);
});

// The next text of client with what.
const textWith = async (client, what) => {
	for (;;) {
		const text = await client.next();
		if (text.includes(what))
			return text;
	}
};

test('a multicart is compressed once for all who get it', () => withWatched(
	{ 'websocket-compression': 'yes' }, async (daemon, admin) => {
		const names = ['Ada', 'Bob', 'Cyd', 'Dan', 'Eve'];
		const clients = [];
		for (const [i, name] of names.entries()) {
			const client = await Client.open(daemon, '/one',
				{ perMessageDeflate: true });
			const { customerId } = await client.enter(
				i === 0 ? 'startSession' : 'joinSession', name,
				{ resumable: i > 2 });
			clients.push(Object.assign(client, { customerId }));
		}
		for (const client of clients)
			await textWith(client, 'Eve');
		const counted = async () => valueOf(await scrape(admin),
			'buddyshopping_compressed_bytes_total');
		const before = await counted();
		const [ada] = clients;
		ada.send('updateCart', { customerId: ada.customerId,
			cartContent: { text: 'x'.repeat(5000) } });
		const texts = [];
		for (const client of clients)
			texts.push(await textWith(client, 'xxx'));
		// Without cursor and with it.
		const forms = [...new Set(texts)];
		assert.equal(forms.length, 2);
		assert.equal(await counted() - before,
			forms[0].length + forms[1].length);
	}));

test('what is compressed has a limit', () => withWatched(
	{ 'websocket-compression': 'yes', 'websocket-compression-rate': 1 },
	async (daemon, admin) => {
		const ada = await Client.open(daemon, '/one',
			{ perMessageDeflate: true });
		const { customerId } = await ada.enter('startSession', 'Ada');
		const lengths = [];
		for (const mark of ['aaa', 'bbb', 'ccc']) {
			ada.send('updateCart', { customerId,
				cartContent: { text: mark.padEnd(200000) } });
			lengths.push((await textWith(ada, mark)).length);
		}
		// The first ones; the last is sent as it is.
		assert.equal(valueOf(await scrape(admin),
			'buddyshopping_compressed_bytes_total'),
		lengths[0] + lengths[1]);
	}));

test('WebSockets are counted, and what they say', () => withWatched({},
	async (daemon, admin) => {
		const ada = await moved(admin, async () => {
			const client = await Client.open(daemon, '/one');
			client.payload = await client.enter('startSession', 'Ada',
				{ resumable: true });
			await client.nextOf('multicartUpdate');
			return client;
		}, {
			'connections websocket': 1,
			'connections_opened_total websocket': 1,
			'connections_opened_total http': 1,
			'connections_closed_total http upgraded': 1,
			'sessions': 1, 'sessions_started_total': 1,
			'customers present': 1,
			'messages_total startSession accepted': 1,
			...change('websocket'),
		});
		const { customerId } = ada.payload;
		await moved(admin, async () => {
			for (const seq of [1, 2, 2, 1]) {
				ada.send('updateCart', { customerId, seq,
					cartContent: { seq } });
				const { payload } = await ada.nextOf('updateCart');
				if (payload.stale === undefined)
					await ada.nextOf('multicartUpdate');
			}
		}, {
			'messages_total updateCart accepted': 2,
			'messages_total updateCart stale': 2,
			'deliveries_total websocket': 2,
			'delivery_latency_seconds_count websocket': 2,
			'commit_duration_seconds_count': 2, 'commit_rows_count': 2,
		});
		await moved(admin, async () => {
			ada.sendText('{');
			await ada.next();
			ada.send('joinSession', { customerName: 'Ada' });
			await ada.next();
			ada.send('poll', { customerId });
			await ada.next();
		}, {
			'messages_total none refused': 1,
			'messages_total joinSession refused': 1,
			'messages_total poll refused': 1,
			'refusals_total invalidJson': 1,
			'refusals_total alreadyJoined': 1,
			'refusals_total unknownEvent': 1,
		}, OWN_NOTES);
		await moved(admin, async () => {
			for (const [i, value] of [true, false, true].entries()) {
				ada.send('customerReadyToCheckout', { customerId,
					customerReadyToCheckout: value, seq: i + 1 });
				await ada.nextOf('multicartUpdate');
			}
		}, {
			'messages_total customerReadyToCheckout accepted': 3,
			'all_ready_total': 2, 'deliveries_total websocket': 3,
			'delivery_latency_seconds_count websocket': 3,
		}, OWN_NOTES);
		await moved(admin, async () => {
			await ada.close();
			await pass(daemon);
		}, {
			...requests(PASSES), 'connections websocket': -1,
			'connections_closed_total websocket client': 1,
			'sessions': -1, 'customers present': -1,
		}, OWN_NOTES);
	}));

// Requests that are refused, with the status that says so; it is the library
// that refuses some of them.
const REFUSED = [
	[400, 'GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
	[400, 'GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n'],
	[400, 'GET /a HTTP/1.1\r\nno field\r\n\r\n'],
	[413, `GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${'9'.repeat(30)}` +
		'\r\n\r\n'],
	[414, `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
	[414, `GET /${'a'.repeat(20000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
	[431, `GET /a HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(9000)}\r\n\r\n`],
	[431, `GET /a HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(20000)}\r\n\r\n`],
	[505, 'GET /a HTTP/3.0\r\nHost: a\r\n\r\n'],
];

// Resolves when the daemon has closed the connection.
const sendRefused = async (daemon, [status, bytes]) => {
	const socket = net.connect(daemon.port, '127.0.0.1');
	socket.on('error', () => {});	// of a reset, behind the answer
	let text = '';
	socket.on('data', (data) => { text += data; });
	socket.write(bytes);
	await new Promise((resolve) => socket.once('close', resolve));
	assert(text.startsWith(`HTTP/1.1 ${status} `), text);
};

test('polls are counted, held and answered', () => withWatched({},
	async (daemon, admin) => {
		const ada = new Shopper(daemon), bob = new Shopper(daemon);
		await moved(admin, () => ada.enter('startSession', 'Ada'), {
			...request, 'sessions': 1, 'sessions_started_total': 1,
			'customers present': 1,
			'messages_total startSession accepted': 1, ...change('http'),
		});
		ada.cursor = (await bob.enter('joinSession', 'Bob')).cursor;
		const polling = await moved(admin, () => ada.held(), {
			'connections http': 1,
			'connections_opened_total http': PASSES + 1,
			'connections_closed_total http closed': PASSES,
			'held_polls http': 1,
			'messages_total poll accepted': 1,
		});
		await moved(admin, async () => {
			await bob.post('updateCart', { cartContent: {} });
			await polling.answer;
		}, {
			'connections http': -1,
			'connections_opened_total http': 1,
			'connections_closed_total http closed': 2,
			'held_polls http': -1,
			'messages_total updateCart accepted': 1, ...change('http'),
		});
		// What a cursor of long ago is answered with shows no change.
		await moved(admin, () => ada.poll({ cursor: '1.1' }), {
			...request, 'deliveries_total http': 1,
			'messages_total poll accepted': 1,
		});
		ada.token = 'x';
		await moved(admin, () => ada.poll(), { ...request,
			'messages_total poll refused': 1,
			'refusals_total invalidToken': 1 });
		await moved(admin, () => ask(daemon, 'GET', '/a!b'), { ...request,
			'refusals_total invalidSession': 1 });
		for (const refused of REFUSED) {
			const [status] = refused;
			await moved(admin, () => sendRefused(daemon, refused), {
				...request, [`malformed_requests_total http ${
					status === 505 ? 'other' : status}`]: 1 });
		}
	}));

// Up to where libmicrohttpd has no more room for a head.
const ROOM = 16384;

// A connection that has sent bytes; `ended` resolves when it is closed.
const begin = async (daemon, bytes) => {
	const socket = net.connect(daemon.port, '127.0.0.1').resume();
	socket.on('error', () => {});	// of a reset, behind the answer
	const ended = new Promise((resolve) => socket.once('close', resolve));
	await new Promise((resolve) => socket.write(bytes, resolve));
	return { socket, ended };
};

const FIRST = 'GET /one HTTP/1.1\r\nHost: x\r\nA: ';
const MORE = 'x'.repeat(3000);

// What is refused beside a head that has almost no room left: how it begins,
// goes on, and is counted.
const BESIDE = [
	['GET / HTTP/1.1\r\nf', 'oo\r\n\r\n', { 400: 1, 431: 1 }],
	[FIRST.padEnd(ROOM - 400, 'x'), MORE, { 431: 2 }],
];

test('large heads are counted once, whatever is refused beside them', () =>
	withWatched({}, async (daemon, admin) => {
		for (const [start, rest, counts] of BESIDE)
			for (let size = ROOM - 384; size < ROOM; size += 16)
				await moved(admin, async () => {
					const large = await begin(daemon, FIRST.padEnd(size, 'x'));
					const other = await begin(daemon, start);
					await pass(daemon);
					daemon.child.kill('SIGSTOP');
					other.socket.write(rest);
					large.socket.write(MORE);
					daemon.child.kill('SIGCONT');
					await Promise.all([other.ended, large.ended]);
				}, { ...requests(PASSES + 2),
					...Object.fromEntries(Object.entries(counts).map(
						([status, count]) =>
							[`malformed_requests_total http ${status}`, count])) });
	}));

test('what is refused of those who watch is told apart', () => withWatched({},
	async (daemon, admin) => {
		await moved(admin, async () => {
			const socket = net.connect(admin).resume();
			socket.end('GET /metrics HTTP/1.1\r\nno field\r\n\r\n');
			await daemon.logged(/<6>admin: requests refused [^\n]* 400\n/);
		}, {});
		assert(!/http: requests refused/.test(daemon.log));
	}));

test('FastCGI is counted by itself', () => withWatched({},
	async (daemon, admin, fastcgi) => {
		const server = await moved(admin, async () => {
			const connection = new Fastcgi(fastcgi);
			const answer = await connection.fetch('/one', { method: 'POST',
				body: '{"event":"startSession",' +
					'"payload":{"customerName":"Ada"}}' });
			assert.equal(answer.status, 200);
			return connection;
		}, {
			'connections fastcgi': 1,
			'connections_opened_total fastcgi': 1,
			'sessions': 1, 'sessions_started_total': 1,
			'customers present': 1,
			'messages_total startSession accepted': 1,
			...change('fastcgi'),
		});
		server.close();
	}));

test('limits are counted by what they limit', () => withWatched({
	'message-rate': 1, 'message-burst': 2 }, async (daemon, admin) => {
	const ada = await Client.open(daemon, '/one');
	await moved(admin, async () => {
		for (let i = 0; i < 3; i++) {
			ada.sendText('{');
			await ada.next();
		}
	}, {
		'messages_total none refused': 3, 'refusals_total invalidJson': 3,
		'rate_limited_total messages': 2,
	});
	await ada.close();
}));

test('what is refused so that the disk does not fill is told apart', () =>
	withWatched({ 'trusted-proxies': '127.0.0.1,::1', 'join-rate': 2,
		'max-message': 1000, 'session-write-rate': 1,
		'address-write-rate': 1 }, async (daemon, admin) => {
		const headers = { 'X-Forwarded-For': '203.0.113.1' };
		const host = await Client.open(daemon, '/one', { headers });
		const { customerId } = await host.enter('startSession', 'Ada');
		const ready = { customerId, customerReadyToCheckout: true };
		const refused = async (client, event, payload, scope) => {
			const before = await scrape(admin);
			client.send(event, payload);
			await assert.rejects(client.nextOf(event), /rateLimited/);
			const after = differences(before, await scrape(admin));
			assert.deepEqual(Object.keys(after).filter((key) =>
				/^rate_limited_total/.test(key)),
			[`rate_limited_total ${scope}`]);
		};
		// Of 4000 bytes at once a start and six changes leave too few.
		const spend = async (client) => {
			for (let i = 0; i < 6; i++) {
				client.send('customerReadyToCheckout', ready);
				await client.nextOf('multicartUpdate');
			}
		};
		await spend(host);
		await refused(host, 'customerReadyToCheckout', ready,
			'session_write_rate');
		const other = await Client.open(daemon, '/two', { headers });
		await refused(other, 'startSession', { customerName: 'Bob' },
			'address_write_rate');
		await refused(other, 'startSession', { customerName: 'Bob' },
			'joins');
	}));

test('the room on the disk is told',
	{ skip: unlessOn('sqlite', 'the disk is that of a file') }, () => withWatched(
	{ 'min-free-space': 1 }, async (daemon, admin) => {
		const client = await Client.open(daemon, '/one');
		await client.enter('startSession', 'Ada');
		const families = await scrape(admin);
		assert(valueOf(families, 'buddyshopping_storage_free_bytes') > 1);
		assert.equal(valueOf(families,
			'buddyshopping_storage_min_free_bytes'), 1);
	}));

test('who watches and is ready is told so', () => withWatched({},
	async (daemon, admin) => {
		for (const [where, text] of [['/healthz', '{"alive":true}\n'],
			['/readyz', '{"ready":true}\n']]) {
			const answer = await get(admin, where);
			assert.equal(answer.status, 200);
			assert.equal(answer.text, text);
			assert.equal(answer.fields['content-type'], 'application/json');
			const refused = await get(admin, where, { method: 'DELETE' });
			assert.equal(refused.status, 405);
		}
	}));

test('a daemon that stops is alive and not ready', () => withWatched({},
	async (daemon, admin) => {
		// Somebody who does not answer a close keeps it from ending.
		const ada = await Client.open(daemon, '/one');
		ada.socket._socket.pause();
		daemon.child.kill('SIGTERM');
		await daemon.logged(/stopping on SIGTERM/);
		const ready = await get(admin, '/readyz');
		assert.equal(ready.status, 503);
		assert.equal(JSON.parse(ready.text).reason, 'draining');
		assert.equal((await get(admin, '/healthz')).status, 200);
		ada.socket.terminate();
		assert.equal(await daemon.ended, 0);
	}));

const hasIPv6 = os.networkInterfaces().lo?.some(({ address }) =>
	address === '::1');

// Heads of requests to a port, and how they are answered.
const NAMED = {
	'GET /healthz HTTP/1.0': /^HTTP\/1\.1 200 /,
	'GET /healthz HTTP/1.0\r\nHost:': /^HTTP\/1\.1 200 /,
	'GET /healthz HTTP/1.0\r\nHost: evil.example': /^HTTP\/1\.1 421 /,
	'GET /healthz HTTP/1.0\r\nHost: Localhost:1': /^HTTP\/1\.1 200 /,
	'GET http://[::1]/healthz?a HTTP/1.0\r\nHost: evil.example':
		/^HTTP\/1\.1 200 /,
	'GET http://evil.example/healthz HTTP/1.0\r\nHost: localhost':
		/^HTTP\/1\.1 421 /,
	// No page's preflight is answered: nothing here is for pages.
	'OPTIONS * HTTP/1.0': /^HTTP\/1\.1 204 (?![^]*-Allow-[MH])[^]*\nAllow: GET, OPTIONS\r\n/,
	'CONNECT shop:80 HTTP/1.0': /^HTTP\/1\.1 405 [^]*\nAllow: GET, OPTIONS\r\n/,
	'PUT /healthz HTTP/1.0': /^HTTP\/1\.1 405 [^]*\nAllow: GET\r\n/,
	'get /healthz HTTP/1.0': /^HTTP\/1\.1 501 /,
};

const say = (port, line) => new Promise((resolve) => {
	const socket = net.connect(port, '127.0.0.1');
	let text = '';
	socket.on('data', (data) => { text += data; });
	socket.once('close', () => resolve(text));
	socket.write(`${line}\r\n\r\n`);
});

test('on a port of this machine it can be watched, and nothing else', () =>
	withDaemon({ 'admin-listen':
		`127.0.0.1:0${hasIPv6 ? ',[::1]:0' : ''}` }, async (daemon) => {
		const [, port] = await daemon.logged(
			/to be watched on 127\.0\.0\.1:(\d+)/);
		if (hasIPv6)
			await daemon.logged(/to be watched on \[::1\]:\d+/);
		assert(await scrape(Number(port)));
		for (const where of ['/healthz', '/readyz'])
			assert.equal((await get(Number(port), where)).status, 200);
		const page = await get(Number(port), '/metrics',
			{ headers: { Origin: 'https://shop.example' } });
		assert.equal(page.status, 403);
		// DNS rebinding: a page's own name leads here.
		for (const where of ['/metrics', '/healthz', '/readyz', '/']) {
			const { status, text } = await get(Number(port), where,
				{ headers: { Host: `evil.example:${port}` } });
			assert.equal(status, 421);
			assert.equal(text, '{"error":"Host is neither localhost nor a ' +
				'loopback address"}\n');
		}
		for (const [line, answer] of Object.entries(NAMED))
			assert.match(await say(Number(port), line), answer, line);
		for (const [method, where] of [['GET', '/'], ['GET', '/erase/1'],
			['POST', '/erase?session=one'], ['GET', '/status'], ['GET', '/config'],
			['POST', '/drain'], ['POST', '/reload'], ['POST', '/one']]) {
			const { status, text } = await get(Number(port), where,
				{ method });
			assert.equal(status, 404);
			assert.equal(text, '{"error":"no such path"}\n');
		}
	}));

// Resolves when the daemon has closed a connection on which it got bytes.
const send = (daemon, bytes) => new Promise((resolve) => {
	const socket = net.connect(daemon.port, '127.0.0.1');
	socket.on('error', () => {});	// what it means shows in its close
	socket.once('close', resolve);
	socket.resume();
	socket.write(bytes);
});

test('the loop rests, however long the line with a chunk\'s size is',
	() => withWatched({ 'body-timeout': 1 }, async (daemon, admin) => {
		const turns = async () => valueOf(await scrape(admin),
			'buddyshopping_event_loop_lag_seconds_count');
		const before = await turns();
		await send(daemon, 'POST /one HTTP/1.1\r\nHost: x\r\n' +
			`Transfer-Encoding: chunked\r\n\r\n1;a=${'x'.repeat(20000)}`);
		assert(await turns() - before < 2000);
	}));

test('nothing of it is public', () => withDaemon({ 'demo': 'yes' },
	async (daemon) => {
		for (const where of ['/metrics', '/healthz', '/readyz', '//metrics',
			'/metrics?', '/Metrics', '/metrics/']) {
			const { status, text } = await ask(daemon, 'GET', where);
			assert(status >= 400, where);
			assert.doesNotMatch(text, /buddyshopping_|alive|"ready"/);
		}
	}));

// Names of metrics in an expression of PromQL.
const namesIn = (expression) =>
	expression.match(/\b(?:buddyshopping|process)_[a-z_]+\b/g) ?? [];

test('dashboard, rules and manual name metrics that exist, the manual all',
	() => withWatched({}, async (daemon, admin) => {
		const families = await scrape(admin);
		const known = new Set(names(families));
		const shown = shownExpressions();
		assert(shown.length >= 20);
		const judged = read(RULES).split('\n').filter((line) =>
			!/^\s*(#|description:|summary:)/.test(line));
		assert(namesIn(judged.join('\n')).length >= 10);
		for (const text of [...shown, ...judged])
			for (const name of namesIn(text))
				assert(known.has(name), `${name} is no metric: ${text}`);
		for (const text of shown)
			assert(namesIn(text).length > 0, text);

		const listed = read('man/buddyshopping.8')
			.matchAll(/^\.It Li ((?:buddyshopping|process)_[a-z_]+)$/gm);
		// Those of shops are there only with sections (shops.mjs).
		assert.deepEqual([...listed].map(([, name]) => name)
			.filter((name) => !name.includes('_shop_')),
		[...families.keys()]);
	}));
