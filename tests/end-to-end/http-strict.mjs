// Requests that two readers could understand in two ways, or that never end:
// none of them is served, nor is anything behind them on their connection.
// Every answer of the daemon's own is JSON, with CORS and without caching.

import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import { Client, message } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';
import { Shopper, pass } from './lib/shopper.mjs';

const PACE_MS = 100;
const START = message('startSession', { customerName: 'Eve' });
const JOIN = message('joinSession', { customerName: 'Eve' });

const HOST = 'Host: shop';
const LENGTH = `Content-Length: ${START.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';

// A connection that takes bytes; `ended` resolves to all that came back.
const connect = (daemon) => {
	const socket = net.connect(daemon.port, '127.0.0.1');
	let text = '';
	socket.setNoDelay();
	socket.on('data', (data) => {
		text += data.toString('latin1');
		socket.emit('text', text);
	});
	// What an error means shows in its close.
	socket.on('error', () => {});
	const ended = new Promise((resolve) => {
		socket.once('close', () => resolve(text));
	});
	// Resolves once what came back matches.
	const shown = (pattern) => new Promise((resolve, reject) => {
		socket.on('text', () => pattern.test(text) && resolve(text));
		socket.once('close', () => reject(new Error(`closed: ${text}`)));
	});
	return { socket, ended, shown };
};

// Resolves to what comes back for these bytes until the daemon closes.
const send = (daemon, bytes) => {
	const { socket, ended } = connect(daemon);
	socket.write(Buffer.from(bytes, 'latin1'));
	return ended;
};

const head = (line, ...fields) => [line, ...fields, '', ''].join('\r\n');

// The answers in text: {status, fields, body}.
const parse = (text) => {
	const answers = [];
	while (text !== '') {
		const [, status, lines] =
			text.match(/^HTTP\/1\.1 (\d+) [^\r]*\r\n(.*?\r\n)\r\n/s);
		const fields = Object.fromEntries(lines.trim().split('\r\n')
			.map((line) => line.split(/: */s))
			.map(([name, ...rest]) => [name.toLowerCase(), rest.join(':')]));
		const start = text.indexOf('\r\n\r\n') + 4;
		const end = start + Number(fields['content-length'] ?? 0);
		answers.push({ status: Number(status), fields,
			body: text.slice(start, end) });
		text = text.slice(end);
	}
	return answers;
};

// The only answer to a request, after which the connection ends.
const ask = async (daemon, line, fields, body = '') => {
	const answers = parse(await send(daemon,
		head(line, HOST, 'Connection: close', ...fields) + body));
	assert.equal(answers.length, 1);
	return answers[0];
};

const post = (daemon, path, body, ...fields) => ask(daemon,
	`POST ${path} HTTP/1.1`, [`Content-Length: ${body.length}`, ...fields],
	body);

const payloadOf = ({ body }) => JSON.parse(body).messages[0].payload;
const codeOf = (answer) => payloadOf(answer).code;
const messageOf = (answer) => payloadOf(answer).message;

// What all answers that have a body have in common.
const checkAnswer = (answer) => {
	const { fields, body } = answer;
	assert.equal(fields['content-length'], String(body.length));
	assert.equal(fields['content-type'], 'application/json');
	checkFields(answer);
	assert(Array.isArray(JSON.parse(body).messages));
};

const checkFields = ({ fields }) => {
	assert.equal(fields['cache-control'], 'no-store');
	assert.equal(fields['x-content-type-options'], 'nosniff');
	assert.equal(fields['access-control-allow-origin'], '*');
	assert.equal(fields['access-control-allow-credentials'], undefined);
	assert.equal(fields['set-cookie'], undefined);
};

const LINE = 'POST /marker HTTP/1.1';

// A request that starts the session, with other fields than it should have.
const fields = (...lines) => head(LINE, ...lines) + START;
// Likewise with one field besides those that are right.
const field = (line) => fields(HOST, line, LENGTH);
// Likewise with another request line.
const line = (text) => head(text, HOST, LENGTH) + START;
// Likewise in chunks.
const SIZE = START.length.toString(16);
const chunks = (body, ...lines) => head(LINE, HOST, CHUNKED, ...lines) + body;
const CHUNKS = `${SIZE}\r\n${START}\r\n0\r\n\r\n`;

const AMBIGUOUS = {
	'a signed length': fields(HOST, `Content-Length: +${START.length}`),
	'a negative length': fields(HOST, `Content-Length: -${START.length}`),
	'a list of one length': fields(HOST, `${LENGTH}, ${START.length}`),
	'a list without spaces': fields(HOST, `${LENGTH},${START.length}`),
	'a hexadecimal length': fields(HOST, `Content-Length: 0x${SIZE}`),
	'a fraction': fields(HOST, `${LENGTH}.0`),
	'a length and a semicolon': fields(HOST, `${LENGTH};`),
	'an empty length': fields(HOST, 'Content-Length:'),
	'a word for a length': fields(HOST, 'Content-Length: many'),
	'a length of 19 digits': fields(HOST,
		`Content-Length: ${String(START.length).padStart(19, '0')}`),
	'a length beyond 64 bits': fields(HOST,
		`Content-Length: ${2n ** 64n + BigInt(START.length)}`),
	'a length cut by a NUL': fields(HOST, `${LENGTH}\0${START.length}`),
	'equal lengths': fields(HOST, LENGTH, LENGTH),
	'different lengths': fields(HOST, LENGTH, 'Content-Length: 0'),
	'different lengths, 0 first': fields(HOST, 'content-length: 0', LENGTH),
	'a space before the colon': fields(HOST,
		`Content-Length : ${START.length}`),
	'a tab before the colon': fields(HOST,
		`Content-Length\t: ${START.length}`),
	'a length on a folded line': fields(HOST,
		`Content-Length:\r\n ${START.length}`),
	'a length with a folded line': fields(HOST, `${LENGTH}\r\n 0`),
	'a name on a folded line': fields(HOST,
		`Content-Len: ${START.length}\r\n gth`),

	'length and chunks': head(LINE, HOST, LENGTH, CHUNKED) + CHUNKS,
	'chunks and length': head(LINE, HOST, CHUNKED, LENGTH) + CHUNKS,
	'chunks twice': head(LINE, HOST, CHUNKED, CHUNKED) + CHUNKS,
	'chunks and identity': chunks(CHUNKS, 'Transfer-Encoding: identity'),
	'identity': fields(HOST, 'Transfer-Encoding: identity', LENGTH),
	'a coding and chunks': head(LINE, HOST,
		'Transfer-Encoding: gzip, chunked') + CHUNKS,
	'a list of chunked': head(LINE, HOST,
		'Transfer-Encoding: chunked, chunked') + CHUNKS,
	'chunked and a comma': head(LINE, HOST, `${CHUNKED},`) + CHUNKS,
	'chunked in quotes': head(LINE, HOST,
		'Transfer-Encoding: "chunked"') + CHUNKS,
	'xchunked': head(LINE, HOST, 'Transfer-Encoding: xchunked') + CHUNKS,
	'chunked behind a control character': head(LINE, HOST,
		'Transfer-Encoding: \x0bchunked') + CHUNKS,
	'chunked on a folded line': head(LINE, HOST,
		'Transfer-Encoding:\r\n chunked') + CHUNKS,
	'chunked before a space and a colon': head(LINE, HOST,
		'Transfer-Encoding : chunked') + CHUNKS,
	'chunks in HTTP/1.0': head('POST /marker HTTP/1.0', HOST, CHUNKED) +
		CHUNKS,
	'a chunk without a size': chunks(`\r\n${START}\r\n0\r\n\r\n`),
	'a chunk size that is none': chunks(`zz\r\n${START}\r\n0\r\n\r\n`),
	'a signed chunk size': chunks(`+${CHUNKS}`),
	'a chunk size behind 0x': chunks(`0x${CHUNKS}`),
	'a chunk size beyond 64 bits': chunks(`1${SIZE.padStart(16, '0')}\r\n` +
		`${START}\r\n0\r\n\r\n`),
	'a chunk that is longer': chunks(`${SIZE}\r\n${START}x\r\n0\r\n\r\n`),

	'no Host': fields(LENGTH),
	'equal Hosts': field(HOST),
	'different Hosts': field('Host: other'),
	'a list of Hosts': fields(`${HOST}, other`, LENGTH),
	'a Host with a path': fields(`${HOST}/one`, LENGTH),
	'a Host with a user': fields('Host: me@shop', LENGTH),
	'a Host with a space': fields(`${HOST} other`, LENGTH),
	'a Host with a port that is none': fields(`${HOST}:x`, LENGTH),
	'a Host cut by a NUL': fields(`${HOST}\0.example`, LENGTH),
	'a Host with a folded line': fields(`${HOST}\r\n .example`, LENGTH),

	'a space in a name': field('A b: c'),
	'a control character in a name': field('A\x01b: c'),
	'a NUL in a name': field('A\0b: c'),
	'a name above ASCII': field('\xe9: c'),
	'a parenthesis in a name': field('A(b): c'),
	'no name': field(': c'),
	'neither name nor value': field(':'),
	'no colon': field('Ab'),
	'a space before the first name': fields(` ${HOST}`, LENGTH),
	'a NUL in a value': field('A: b\0c'),
	'a NUL for a value': field('A: \0'),
	'a control character in a value': field('A: b\x01c'),
	'an escape in a value': field('A: \x1b[31m'),
	'a DEL in a value': field('A: \x7f'),
	'a bare CR in a value': field('A: b\rc'),
	'a bare CR for a line\'s end': field(`A: b\rB: c`),
	'a folded line': field('A: b\r\n c'),
	'a line folded by a tab': field('A: b\r\n\tc'),
	'a bare LF for a line\'s end': field('A: b\nB: c'),
	'bare LFs': field('A: b').replaceAll('\r', ''),
	'a bare LF behind the request line': field('A: b').replace('\r', ''),
	'a bare LF for the head\'s end': field('A: b').replace('\r\n\r\n', '\r\n\n'),
	'two Authorizations': fields(HOST, 'Authorization: Bearer a',
		'Authorization: Bearer b', LENGTH),
	'two Origins': fields(HOST, 'Origin: null', 'Origin: null', LENGTH),
	'two Content-Types': fields(HOST, 'Content-Type: text/plain',
		'Content-Type: text/plain', LENGTH),

	'HTTP/0.9': line('POST /marker'),
	'HTTP/1.': line('POST /marker HTTP/1.'),
	'HTTP/1.10': line('POST /marker HTTP/1.10'),
	'HTTP/2.0': line('POST /marker HTTP/2.0'),
	'http/1.1': line('POST /marker http/1.1'),
	'a version and a space': line(`${LINE} `),
	'a version cut by a NUL': line(`${LINE}\0`),
	'two spaces before the target': line('POST  /marker HTTP/1.1'),
	'two spaces behind the target': line('POST /marker  HTTP/1.1'),
	'tabs between the words': line('POST\t/marker\tHTTP/1.1'),
	'a space in the target': line('POST /marker x HTTP/1.1'),
	'a tab in the target': line('POST /marker?\tx HTTP/1.1'),
	'a bare CR in the target': line('POST /marker?\rx HTTP/1.1'),
	'a control character in the target': line('POST /marker?\x01 HTTP/1.1'),
	'a DEL in the target': line('POST /marker?\x7f HTTP/1.1'),
	'a target above ASCII': line('POST /marker?\xe9 HTTP/1.1'),
	'a target cut by a NUL': line('POST /marker\0x HTTP/1.1'),
	'a target with a user': line('POST http://me@shop/marker HTTP/1.1'),
	'a target without a host': line('POST http:///marker HTTP/1.1'),
	'a target of another scheme': line('POST ftp://shop/marker HTTP/1.1'),
	'a target without a slash': line('POST marker HTTP/1.1'),
	'an asterisk': line('POST * HTTP/1.1'),
	'an authority': line('POST shop:80 HTTP/1.1'),
	'an authority without a port': line('CONNECT shop HTTP/1.1'),
	'a path to connect to': line('CONNECT /marker HTTP/1.1'),
	'a method cut by a NUL': line('POST\0X /marker HTTP/1.1'),
	'a control character in the method': line('PO\x01ST /marker HTTP/1.1'),
	'a parenthesis in the method': line('POST() /marker HTTP/1.1'),
	'something else': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
	'a target too long': line(`POST /marker?${'x'.repeat(9000)} HTTP/1.1`),
	'a head too long': field(`A: ${'x'.repeat(9000)}`),
};

// libmicrohttpd's own answers have another body.
const checkRefused = (text) => {
	assert(!text.includes('customerId'), text);
	assert.match(text, /^$|^HTTP\/1\.1 (400|413|414|431|505) /);
	assert(text.split('HTTP/1.1 ').length <= 2, text);
	if (text.includes('"messages"'))
		checkAnswer(parse(text)[0]);
};

test('what is ambiguous is refused, and what follows it', () => withDaemon({},
	async (daemon) => {
		const next = head(LINE, HOST, 'Connection: close', LENGTH) + START;
		assert(Object.keys(AMBIGUOUS).length >= 60);
		for (const [name, bytes] of Object.entries(AMBIGUOUS)) {
			const text = await send(daemon, bytes + next);
			const answer = await post(daemon, '/marker', JOIN);
			assert.equal(answer.status, 404, `${name}: ${text}`);
			assert.equal(codeOf(answer), 'sessionNotFound');
			try {
				checkRefused(text);
			} catch (error) {
				throw new Error(`${name}: ${text}`, { cause: error });
			}
		}
		// It would have been served, had nothing been wrong.
		assert.equal((await post(daemon, '/marker', START)).status, 200);
	}));

const TWENTY = Array.from({ length: 20 }, (_, i) => 'X-Forwarded-For: ' +
	`2001:0db8:0000:0000:0000:0000:0000:${String(i).padStart(4, '0')}`);

// All readers agree about these, although not all of them like them.
const UNAMBIGUOUS = {
	'white space around values': (target) => head(`POST ${target} HTTP/1.1`,
		`Host:\t shop `, `Content-Length: \t ${START.length}`) + START,
	'lists in many lines': (target) => head(`POST ${target} HTTP/1.1`, HOST,
		...TWENTY, 'Connection: a', 'connection: b ', LENGTH) + START,
	'an empty line before a request': (target) =>
		`\r\n${head(`POST ${target} HTTP/1.1`, HOST, LENGTH)}${START}`,
	'HTTP/1.0 without Host': (target) => head(`POST ${target} HTTP/1.0`,
		'Connection: keep-alive', LENGTH) + START,
	'HTTP/1.2': (target) => head(`POST ${target} HTTP/1.2`, HOST, LENGTH) +
		START,
	'an empty Host': (target) => head(`POST ${target} HTTP/1.1`, 'Host:',
		LENGTH) + START,
	'a Host with sub-delims': (target) => head(`POST ${target} HTTP/1.1`,
		"Host: a,b!$&'()*+;=", LENGTH) + START,
	'a Host of the future': (target) => head(`POST ${target} HTTP/1.1`,
		'Host: [v1.a:b]:80', LENGTH) + START,
	'a target with a host': (target) => head(
		`POST HTTP://shop:80${target}?a=b HTTP/1.1`, HOST, LENGTH) + START,
	'a session id with escapes and dots': (target) => head(
		`POST /x/..${target.replace(/\d/, '%3$&')}/. HTTP/1.1`, HOST, LENGTH) +
		START,
	'a session id with slashes': (target) =>
		head(`POST //${target}// HTTP/1.1`, HOST, LENGTH) + START,
};

const LAST = head('OPTIONS /one HTTP/1.1', HOST, 'Connection: close');

const checkServed = (text, statuses) => {
	const answers = parse(text);
	assert.deepEqual(answers.map(({ status }) => status), statuses, text);
	checkAnswer(answers[0]);
};

test('what is unambiguous is one request', () => withDaemon({},
	async (daemon) => {
		let count = 0;
		for (const [name, make] of Object.entries(UNAMBIGUOUS)) {
			const text = await send(daemon, make(`/${++count}`) + LAST);
			try {
				checkServed(text, [200, 204]);
			} catch (error) {
				throw new Error(`${name}: ${text}`, { cause: error });
			}
		}
	}));

// What versions of libmicrohttpd differ about.
const BESIDES = {
	'a length and a space': (target) =>
		head(`POST ${target} HTTP/1.1`, HOST, `${LENGTH} `) + START,
	'a length and a tab before another field': (target) =>
		head(`POST ${target} HTTP/1.1`, `${LENGTH}\t`, HOST) + START,
	'empty lines before a request': (target) =>
		`\r\n\r\n${head(`POST ${target} HTTP/1.1`, HOST, LENGTH)}${START}`,
};

// Each of these is one request, answered with those statuses, or none.
const checkDisputed = async (daemon, requests, statuses) => {
	let count = 0;
	for (const [name, make] of Object.entries(requests)) {
		const path = `/${++count}`;
		const text = await send(daemon, make(path) + LAST);
		const { status } = await post(daemon, path, JOIN);
		try {
			if (status === 404)
				checkRefused(text);
			else
				checkServed(text, statuses);
		} catch (error) {
			throw new Error(`${name}: ${text}`, { cause: error });
		}
	}
};

test('what versions differ about is one request or none', () => withDaemon({},
	(daemon) => checkDisputed(daemon, BESIDES, [200, 204])));

// Others may end the chunks where we do not, and libmicrohttpd forgives what is
// not told to us: nothing behind them is taken for a request.
const chunked = (body) => (target) =>
	head(`POST ${target} HTTP/1.1`, HOST, CHUNKED) + body;
const AGREED = {
	'chunks': chunked(CHUNKS),
	'chunks and a trailer': (target) => head(`POST ${target} HTTP/1.1`, HOST,
		'transfer-encoding: CHUNKED') +
		`${SIZE}\r\n${START}\r\n0\r\nContent-Length: 7\r\n\r\n`,
	'small chunks': chunked(
		`${[...START].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`),
};
const FRAMINGS = {
	'chunks with bare LFs': CHUNKS.replaceAll('\r', ''),
	'a bare LF behind a size': CHUNKS.replace('\r', ''),
	'a bare LF behind data': `${SIZE}\r\n${START}\n0\r\n\r\n`,
	'a bare LF at the end': `${SIZE}\r\n${START}\r\n0\r\n\n`,
	'an extension': `${SIZE};a=b\r\n${START}\r\n0\r\n\r\n`,
	'an extension, and one byte less':
		`${(START.length + 1).toString(16)};a=b\r\n${START}\r\n0\r\n\r\n`,
	'an empty extension': `${SIZE};\r\n${START}\r\n0\r\n\r\n`,
	'a bare CR in an extension': `${SIZE};a\rb\r\n${START}\r\n0\r\n\r\n`,
	'a bare LF behind an extension': `${SIZE};a\n${START}\r\n0\r\n\r\n`,
	'a NUL in an extension': `${SIZE};a\0b\r\n${START}\r\n0\r\n\r\n`,
	'an extension of the last chunk':
		`${SIZE}\r\n${START}\r\n0;a=b\r\n\r\n`,
	'an extension of the last chunk, and a trailer':
		`${SIZE}\r\n${START}\r\n0;a=b\r\nContent-Length: 7\r\n\r\n`,
	'a space behind a size': `${SIZE} \r\n${START}\r\n0\r\n\r\n`,
	'a folded trailer': `${SIZE}\r\n${START}\r\n0\r\nA: b\r\n c\r\n\r\n`,
	'a trailer without a colon': `${SIZE}\r\n${START}\r\n0\r\nAb\r\n\r\n`,
};

test('nothing behind chunks is a request', () => withDaemon({},
	async (daemon) => {
		for (const [i, make] of Object.values(AGREED).entries())
			checkServed(await send(daemon, make(`/agreed${i}`) + LAST), [200]);
		await checkDisputed(daemon, {
			'chunked and a space': (target) => head(`POST ${target} HTTP/1.1`,
				HOST, `${CHUNKED} `) + CHUNKS,
			...Object.fromEntries(Object.entries(FRAMINGS).map(
				([name, body]) => [name, chunked(body)])),
		}, [200]);
	}));

// An Origin is compared as it stands, a token is proved to the last byte.
test('white space behind a value is no part of it', () => withDaemon(
	{ 'allowed-origins': 'https://shop.example' }, async (daemon) => {
		const { body } = await post(daemon, '/one', START,
			'Origin: https://shop.example \t', 'Content-Type: text/plain ');
		const [{ payload: { customerId, token } }] = JSON.parse(body).messages;
		const leave = message('leaveSession', { customerId });
		for (const [space, status] of [['x', 401], [' \t ', 200]])
			assert.equal((await post(daemon, '/one', leave,
				`Authorization: Bearer ${token}${space}`)).status, status);
	}));

test('a poll that came in chunks is the last one, too', () => withDaemon({},
	async (daemon) => {
		const ada = new Shopper(daemon, 'one');
		await ada.enter('startSession', 'Ada');
		const poll = message('poll', { customerId: ada.customerId,
			cursor: ada.cursor, wait: 55 });
		const other = await ada.held({ wait: 55 });
		const { socket, ended } = connect(daemon);
		await new Promise((resolve) => socket.write(head(
			'POST /one HTTP/1.1', HOST, CHUNKED,
			`Authorization: Bearer ${ada.token}`) +
			`${poll.length.toString(16)}\r\n${poll}\r\n0\r\n\r\n` + LAST,
			resolve));
		await pass(daemon);
		await ada.post('updateCart', { cartContent: { n: 1 } });
		const [{ status, fields, body }, ...rest] = parse(await ended);
		assert.equal(status, 200);
		assert.equal(fields.connection, 'close');
		assert.equal(rest.length, 0);
		assert.equal((await other.answer).text, body);
	}));

// Heads of so many bytes, and lines besides, of a request for one session.
const LIMIT = 8192;
const NOTES = 112;	// lines that a head of that size may have
const sized = (bytes, lines, ...more) => {
	const first = head('POST /one HTTP/1.1', HOST, LENGTH,
		...more, ...Array.from({ length: lines }, () => 'A: '), 'B: ');
	return first.replace(/B: (?=\r\n\r\n$)/,
		(start) => start.padEnd(start.length + bytes - first.length, 'x'));
};
const cookies = (count, bytes) => `Cookie: ${Array.from({ length: count },
	(_, i) => `cookie${i}=`.padEnd(bytes / count - 2, 'x')).join('; ')}`;

// To send a head in.
const PIECES = 20;

const LARGE_HEADS = {
	'a long line': sized(LIMIT, 0),
	'many lines': sized(LIMIT, NOTES - 3),
	'cookies': sized(LIMIT, 20, cookies(20, 7000)),
	'small cookies': sized(LIMIT, 20, cookies(300, 6000)),
	'two lines of cookies': sized(LIMIT, 20, cookies(20, 3000),
		cookies(20, 3000)),
	'a long target': sized(LIMIT, NOTES - 4)
		.replace(/ \/one( [^]*B: )x{4000}/, ` /one?${'y'.repeat(3999)}$1`),
	'parameters': sized(LIMIT, 9)
		.replace(/ \/one( [^]*B: )x{100}/, ` /one?${'&'.repeat(99)}$1`),
};

test('heads of 8 KiB are served', () => withDaemon({},
	async (daemon) => {
		assert.equal((await post(daemon, '/one', START)).status, 200);
		for (const [name, bytes] of Object.entries(LARGE_HEADS)) {
			assert.equal(bytes.length, LIMIT, name);
			const text = await send(daemon,
				bytes + JOIN.padEnd(START.length) + LAST);
			assert.deepEqual(parse(text).map(({ status }) => status),
				[200, 204], `${name}: ${text}`);
		}
	}));

const WRONG_LENGTHS = { '5x': 400, '-1': 400, '+5': 400, '5, 5': 400, '': 400,
	'99999999999999999999999': 413 };

const REFUSED_HEADS = {
	'a byte too many': [sized(LIMIT + 1, 0), 431],
	'a line too many': [sized(LIMIT, NOTES - 2), 431],
	'cookies too many': [sized(12000, 0, cookies(20, 11000)), 431],
	'a line beyond all memory': [sized(40000, 0), 431],
	'lines beyond all memory': [sized(40000, 1000), 431],
	'cookies beyond all memory': [sized(40000, 0, cookies(100, 30000)), 431],
	'a long target': [line(`GET /one?${'x'.repeat(LIMIT)} HTTP/1.1`), 414],
	'many parameters': [line(`GET /one?${'&'.repeat(300)} HTTP/1.1`), 431],
	'more parameters': [line(`GET /one?${'&'.repeat(6000)} HTTP/1.1`), 431],
	...Object.fromEntries(Object.entries(WRONG_LENGTHS).map(
		([length, status]) => [`length ${length}`,
			[fields(HOST, `Content-Length: ${length}`), status]])),
};

const TEXTS = { 400: /malformed/, 413: /length/, 414: /URL/, 431: /cookies/ };

const checkOneRefusal = (text, status) => {
	assert.equal(text.split('HTTP/1.1 ').length, 2, text);
	const [answer] = parse(text);
	assert.equal(answer.status, status, text);
	assert.equal(codeOf(answer), 'invalidMessage');
	assert.match(messageOf(answer), TEXTS[status]);
	assert.equal(answer.fields.connection, 'close');
	assert.match(answer.fields.date, /^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/);
	checkAnswer(answer);
};

test('heads that are refused are answered once, in JSON', () => withDaemon({},
	async (daemon) => {
		for (const [name, [bytes, status]] of Object.entries(REFUSED_HEADS))
			try {
				checkOneRefusal(await send(daemon, bytes), status);
			} catch (error) {
				throw new Error(name, { cause: error });
			}
		assert.match(daemon.log, /<6>http: requests refused [^\n]*: 1, /);
		assert.equal(daemon.log.split('requests refused').length, 2);
		assert(!daemon.log.includes('xxx'));
	}));

test('heads that are refused concern no others', () => withDaemon({},
	async (daemon) => {
		const others = Array.from({ length: 5 }, (_, i) => {
			const other = connect(daemon);
			other.socket.write(`POST /${i} HTTP/1.1\r\nExpect: 100-continue\r\n`);
			return other;
		});
		for (const [, [bytes, status]] of Object.entries(REFUSED_HEADS))
			checkOneRefusal(await send(daemon, bytes), status);
		for (const { socket, shown, ended } of others) {
			socket.write(`${HOST}\r\nConnection: close\r\n${LENGTH}\r\n\r\n`);
			await shown(/100 Continue/);
			socket.write(START);
			assert.match(await ended, /\r\n\r\nHTTP\/1\.1 200 /);
		}
	}));

test('a head of 8 KiB has its room, whatever is refused beside it', () =>
	withDaemon({}, async (daemon) => {
		assert.equal((await post(daemon, '/one', START)).status, 200);
		for (const [name, bytes] of Object.entries(LARGE_HEADS)) {
			const { socket, ended } = connect(daemon);
			const step = Math.ceil(bytes.length / PIECES);
			for (let at = 0; at < bytes.length; at += step) {
				await new Promise((resolve) => socket.write(
					bytes.slice(at, at + step), resolve));
				await send(daemon, REFUSED_HEADS['a line beyond all memory'][0]);
			}
			socket.write(JOIN.padEnd(START.length) + LAST);
			assert.deepEqual(parse(await ended).map(({ status }) => status),
				[200, 204], name);
		}
	}));

test('a refused HEAD is answered without a body', () => withDaemon({},
	async (daemon) => {
		const [text, get] = await Promise.all(['HEAD', 'GET'].map((method) =>
			send(daemon, sized(LIMIT + 2, 0).replace('POST', method))));
		assert.match(text, /^HTTP\/1\.1 431 [^]*\r\n\r\n$/);
		assert.equal(text.match(/Content-Length: \d+/)[0],
			get.match(/Content-Length: \d+/)[0]);
	}));

// Whatever else is refused meanwhile, and however often.
test('a large head has its own answer', () => withDaemon({},
	async (daemon) => {
		const others = [line('GET / HTTP/1.1').replace(HOST, 'foo'),
			chunks('zz'), ...Object.values(REFUSED_HEADS).map(([bytes]) => bytes)];
		for (const rest of [`A: ${'x'.repeat(40000)}`, 'A: \r\n'.repeat(2000)]) {
			const large = await Promise.all(others.map(async (other) => {
				const { socket, ended } = connect(daemon);
				await new Promise((resolve) => socket.write(
					`GET /one HTTP/1.1\r\n${HOST}\r\n`, resolve));
				return { socket, ended, other };
			}));
			for (const { other } of large)
				await send(daemon, other);
			for (const { socket, ended } of large) {
				socket.write(`${rest}\r\n\r\n`);
				checkOneRefusal(await ended, 431);
			}
		}
	}));

// Where the whole head has come of one that has begun long before.
test('a head that came in pieces is refused as others are', () => withDaemon({},
	async (daemon) => {
		const waiting = await Promise.all(Array.from({ length: 50 },
			async () => {
				const { socket, ended } = connect(daemon);
				await new Promise((resolve) => socket.write(
					`GET /one HTTP/1.1\r\n${HOST}\r\n`, resolve));
				return { socket, ended };
			}));
		await send(daemon, line('GET / HTTP/1.1').replace(HOST, 'foo'));
		for (const { socket, ended } of waiting) {
			socket.write('Content-Length: 5x\r\n\r\n');
			checkOneRefusal(await ended, 400);
		}
	}));

test('a request comes in any pieces', () => withDaemon({},
	async (daemon) => {
		const bytes = head('POST /one HTTP/1.1', HOST, 'Connection: close',
			CHUNKED) + CHUNKS;
		const { socket, ended } = connect(daemon);
		for (const byte of bytes)
			await new Promise((resolve) => socket.write(byte, resolve));
		assert.equal(parse(await ended)[0].status, 200);
	}));

// Write bytes one at a time until the daemon ends it.  The timer sets their
// pace and nothing else.
const drip = async ({ socket, ended }, bytes) => {
	let count = 0;
	const timer = setInterval(() => socket.write(bytes[count++]), PACE_MS);
	const text = await ended;
	clearInterval(timer);
	assert(count > 1 && count < bytes.length);
	return text;
};

test('a head has to be there in time', () => withDaemon({ 'head-timeout': 1 },
	async (daemon) => {
		const bytes = head(LINE, HOST, `A: ${'x'.repeat(4000)}`, LENGTH);
		assert.deepEqual(await Promise.all([drip(connect(daemon), bytes),
			drip(connect(daemon), 'x'.repeat(4000)),
			connect(daemon).ended]), ['', '', '']);
		assert.equal((await post(daemon, '/marker', JOIN)).status, 404);
	}));

test('a body has to be there in time', () => withDaemon({ 'body-timeout': 1 },
	async (daemon) => {
		const body = START + ' '.repeat(4000);
		const whole = connect(daemon);
		whole.socket.write(head(LINE, HOST, `Content-Length: ${body.length}`));
		const chunked = connect(daemon);
		chunked.socket.write(head(LINE, HOST, CHUNKED));
		assert.deepEqual(await Promise.all([drip(whole, body),
			drip(chunked, '1\r\n \r\n'.repeat(1000))]), ['', '']);
		assert.equal((await post(daemon, '/marker', JOIN)).status, 404);
	}));

const LARGE = 100000;

// What the daemon reads of a body that it has refused already.
const SKIPPED = 1048576;

test('a body that is refused is read, for proxies that send it', () =>
	withDaemon({ 'max-message': 1000 }, async (daemon) => {
		const { socket, ended } = connect(daemon);
		for (const [line, length] of [[LINE, SKIPPED],
			['POST / HTTP/1.1', LARGE], ['PUT /one HTTP/1.1', LARGE]])
			socket.write(head(line, HOST, `Content-Length: ${length}`) +
				' '.repeat(length));
		socket.write(head('GET /no%20session HTTP/1.1', HOST,
			'Connection: close'));
		assert.deepEqual(parse(await ended).map(({ status }) => status),
			[413, 404, 405, 400]);
	}));

test('a body that is far too large is refused unread', () => withDaemon(
	{ 'max-message': 1000 }, async (daemon) => {
		for (const [length, ...more] of [[SKIPPED + 1],
			[LARGE, 'Expect: 100-continue']]) {
			const [answer, ...rest] = parse(await send(daemon,
				head(LINE, HOST, ...more, `Content-Length: ${length}`)));
			assert.equal(rest.length, 0);
			assert.equal(answer.status, 413);
			assert.equal(codeOf(answer), 'messageTooLarge');
			checkAnswer(answer);
		}
		assert.equal((await post(daemon, '/marker',
			START.padEnd(1001))).status, 413);
		assert.equal((await post(daemon, '/marker', JOIN)).status, 404);
		assert.equal((await post(daemon, '/marker',
			START.padEnd(1000))).status, 200);
	}));

test('a body that grows too large is refused', () => withDaemon(
	{ 'max-message': 1000 }, async (daemon) => {
		const bytes = head(LINE, HOST, CHUNKED, 'Connection: close') +
			`${SIZE}\r\n${START}\r\n${LARGE.toString(16)}\r\n` +
			`${' '.repeat(LARGE)}\r\n0\r\n\r\n`;
		const [answer, ...rest] = parse(await send(daemon, bytes));
		assert.equal(rest.length, 0);
		assert.equal(answer.status, 413);
		assert.equal(codeOf(answer), 'messageTooLarge');
		checkAnswer(answer);
		assert.equal((await post(daemon, '/marker', JOIN)).status, 404);
	}));

test('who asks whether to go on is told so', () => withDaemon({},
	async (daemon) => {
		const { socket, shown, ended } = connect(daemon);
		socket.write(head('POST /one HTTP/1.1', HOST, LENGTH,
			'Connection: close', 'Expect: 100-continue'));
		await shown(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
		socket.write(START);
		assert.match(await ended, /\r\n\r\nHTTP\/1\.1 200 /);
	}));

test('messages are application/json or text/plain', () => withDaemon({},
	async (daemon) => {
		const types = ['application/xml', 'application/jsonx', 'text/html',
			'application/x-www-form-urlencoded', 'multipart/form-data', 'text',
			'', 'text/plain, application/json'];
		for (const type of types) {
			const answer = await post(daemon, '/marker', START,
				`Content-Type: ${type}`);
			assert.equal(answer.status, 415, type);
			assert.equal(codeOf(answer), 'unsupportedMediaType');
			checkAnswer(answer);
		}
		const accepted = ['application/json', 'Text/Plain',
			'text/plain;charset=UTF-8', 'application/json; charset=utf-8'];
		for (const type of accepted)
			assert.equal((await post(daemon, '/marker', JOIN,
				`Content-Type: ${type}`)).status, 404, type);
	}));

test('other methods are told which there are', () => withDaemon({},
	async (daemon) => {
		const methods = ['HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'CONNECT',
			'post', 'SELECT', '!#$%&'];
		for (const method of methods) {
			const target = method === 'CONNECT' ? 'shop:80' : '/one';
			const text = await send(daemon, head(
				`${method} ${target} HTTP/1.1`, HOST, 'Connection: close'));
			const status = methods.indexOf(method) < 6 ? 405 : 501;
			assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), method);
			assert.match(text, /\r\nAllow: GET, POST, OPTIONS\r\n/);
			if (method === 'HEAD') {
				assert.match(text, /\r\nContent-Length: [1-9][^]*\r\n\r\n$/);
				continue;
			}
			const [answer] = parse(text);
			assert.equal(codeOf(answer), 'methodNotAllowed');
			checkAnswer(answer);
		}
	}));

test('OPTIONS answers a preflight', () => withDaemon({}, async (daemon) => {
	for (const target of ['/one', '*', 'http://shop', 'http://shop/one']) {
		const answer = await ask(daemon, `OPTIONS ${target} HTTP/1.1`,
			['Origin: https://shop.example',
				'Access-Control-Request-Method: POST',
				'Access-Control-Request-Headers: authorization,traceparent']);
		assert.equal(answer.status, 204);
		// RFC 9110, section 8.6: this status has no Content-Length.
		assert.equal(answer.fields['content-length'], undefined);
		assert.equal(answer.fields['access-control-allow-methods'],
			'GET, POST, OPTIONS');
		assert.equal(answer.fields['access-control-allow-headers'],
			'Authorization, Content-Type, *');
		assert.match(answer.fields['access-control-max-age'], /^\d+$/);
		assert.equal(answer.fields.allow, 'GET, POST, OPTIONS');
		checkFields(answer);
	}
}));

test('a status says what would have been right', () => withDaemon({},
	async (daemon) => {
		const leave = message('leaveSession', CUSTOMER);
		assert.equal((await post(daemon, '/one', leave))
			.fields['www-authenticate'], 'Bearer');
		assert.equal((await post(daemon, '/one', leave, 'Content-Type: a/b'))
			.fields.accept, 'application/json, text/plain');
		const { status, fields } = await ask(daemon, 'GET /one HTTP/1.1',
			['Connection: Upgrade', 'Upgrade: websocket',
				'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
				'Sec-WebSocket-Version: 12']);
		assert.equal(status, 426);
		assert.equal(fields.upgrade, 'websocket');
		assert.equal(fields.connection, 'close, Upgrade');
		assert.equal(fields['sec-websocket-version'], '13');
	}));

const CUSTOMER = { customerId: '0'.repeat(24) };
const REFUSALS = [
	['/one', '{', 400, 'invalidJson'],
	['/one', '', 400, 'invalidJson'],
	['/one', '[]', 400, 'invalidMessage'],
	['/one', message('dance', {}), 400, 'unknownEvent'],
	['/one', message('startSession', {}), 400, 'invalidMessage'],
	['/a%20b', START, 400, 'invalidSession'],
	['/..', START, 400, 'invalidSession'],
	['/', START, 404, 'notFound'],
	['//?a=b', START, 404, 'notFound'],
	['/one', JOIN, 404, 'sessionNotFound'],
	['/one', message('leaveSession', CUSTOMER), 401, 'invalidToken'],
	['/one', message('poll', CUSTOMER), 401, 'invalidToken'],
];

test('every refusal is JSON, for pages of anywhere', () => withDaemon({},
	async (daemon) => {
		for (const [path, body, status, code] of REFUSALS) {
			const answer = await post(daemon, path, body,
				'Origin: https://shop.example');
			assert.equal(answer.status, status, body);
			assert.equal(codeOf(answer), code);
			checkAnswer(answer);
		}
	}));

test('the demonstration is at base-path, however that is written', () =>
	withDaemon({ demo: 'yes', 'base-path': '/shop%2fx' }, async (daemon) => {
		for (const path of ['/shop/x/', '/shop%2fx/', '//shop/x/?a',
			'/shop/x/.', '/shop/x%2F', 'http://shop/shop/x/']) {
			const { status, fields } = await ask(daemon,
				`GET ${path} HTTP/1.1`, []);
			assert.equal(status, 200, path);
			assert.match(fields['content-type'], /^text\/html/);
		}
		for (const [path, status] of [['/shop/x', 404], ['/', 404],
			['/shop/x/..', 400], ['/shop/x/a/b', 400]])
			assert.equal((await ask(daemon, `GET ${path} HTTP/1.1`, []))
				.status, status, path);
		assert.equal((await post(daemon, '/shop/x/', START)).status, 404);
	}));

test('a page of elsewhere is told so', () => withDaemon(
	{ 'allowed-origins': 'https://shop.example' }, async (daemon) => {
		for (const origin of ['https://evil.example', 'null', '']) {
			const answer = await post(daemon, '/one', START,
				`Origin: ${origin}`);
			assert.equal(answer.status, 403);
			assert.equal(codeOf(answer), 'originNotAllowed');
			checkAnswer(answer);
		}
		assert.equal((await post(daemon, '/one', START,
			'Origin: https://shop.example')).status, 200);
	}));

test('an upgrade has no body, and a refused one ends', () => withDaemon({},
	async (daemon) => {
		const wanted = ['Connection: Upgrade', 'Upgrade: websocket',
			'Sec-WebSocket-Version: 13'];
		const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
		const refused = [
			[...wanted, key, key],
			[...wanted, 'Sec-WebSocket-Version: 13', key],
			[...wanted, key, LENGTH],
			[...wanted, key, CHUNKED],
		];
		for (const lines of refused) {
			const text = await send(daemon,
				head('GET /marker HTTP/1.1', HOST, ...lines) + START);
			assert.equal(parse(text).length, 1);
			assert.equal(parse(text)[0].status, 400);
		}
		const client = await Client.open(daemon, '/marker');
		await client.enter('startSession', 'Ada');
	}));
