// What goes wrong while a database is copied: it is said, with how to go on, and
// the same command goes on.  Whoever looks at a terminal sees how far it is.

import './lib/on-sqlite.mjs';	// a file is copied first, to servers of its own

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { Daemon, makeFolder, PROGRAM, withPatience } from './lib/daemon.mjs';
import { fillDisk, mountDisk, NO_DISK } from './lib/disk.mjs';
import { PostgresProxy } from './lib/postgres-proxy.mjs';
import { Postgres } from './lib/postgres.mjs';
import { hasScript } from './lib/tool.mjs';

const UPDATES = 2000;
// Which PostgreSQL cannot compress.
const PAD = crypto.randomBytes(2250).toString('base64');
const SETTINGS = { 'message-rate': 0, 'session-write-rate': 0 };
const UNFINISHED =
	'the copy is not finished: the same command goes on where it was\n';
const SAID = `buddyshoppingctl: ${UNFINISHED}`;
const USER_VERSION_AT = 60;	// in a file's header
const FULL = /: database or disk is full|No space left on device/;

const server = await Postgres.start();
const proxy = await PostgresProxy.start(server);
const folder = makeFolder();
const database = path.join(folder, 'shop.db');

// A customer with a token, who has changed a cart that often.
const fill = async () => {
	const daemon = await Daemon.start({ database, settings: SETTINGS });
	const client = await Client.open(daemon, '/one');
	const { customerId, token } = await client.enter('startSession', 'Ada',
		{ resumable: true });
	for (let seq = 1; seq <= UPDATES; seq++)
		client.send('updateCart', { customerId, seq,
			cartContent: { seq, pad: PAD } });
	for (let seq = 1; seq <= UPDATES; seq++)
		await client.nextOf('updateCart');
	assert.equal(await daemon.stop(), 0);
	return { customerId, token };
};

const ada = await fill();

// {child, ended}: resolves to {status, output, error}.
const start = (command, words) => {
	const child = spawn(command, words, { stdio: 'pipe' });
	const said = { output: '', error: '' };
	child.stdout.on('data', (data) => {
		said.output += data;
	});
	child.stderr.on('data', (data) => {
		said.error += data;
	});
	return { child, ended: once(child, 'close').then(([status, signal]) =>
		({ status: signal ?? status, ...said })) };
};

const startCopy = (...words) => start(`${PROGRAM}ctl`, ['copy', ...words]);
const copy = (...words) => startCopy(...words).ended;

const copyFine = async (...words) => {
	const { status, output, error } = await copy(...words);
	assert.deepEqual([status, error.replace(/.*schema version \d+\n/, '')],
		[0, ''], output);
	assert.match(output, /^proved: /m);
	return output;
};

const rowsIn = (output) => Number(/^copied: (\d+) rows/m.exec(output)[1]);

// It ended in the middle, and the line said why.
const expectUnfinished = ({ status, output, error }, pattern) => {
	assert.deepEqual([status, output], [74, ''], error);
	assert.match(error, pattern);
	assert(error.endsWith(SAID), error);
};

// The answer to a customer who comes back to a daemon on that database.
const resume = async (options) => {
	const daemon = await Daemon.start(options);
	const client = await Client.open(daemon, '/one');
	client.send('resumeSession', ada);
	const { event, payload } = JSON.parse(await client.next());
	await client.close();
	assert.equal(await daemon.stop(), 0);
	return payload.code ?? event;
};

test('from server to server, and tokens go with the key', () =>
	withPatience(async () => {
		const [first, second] = [server.database(), server.database()];
		const key = `${database}.key`;
		assert.match(await copyFine('--key', database, first),
			RegExp(`^key: let the daemon's key-file be ${key}: `, 'm'));
		const output = await copyFine(first, second);
		assert(rowsIn(output) > UPDATES);
		assert.match(output, /key-file be that of FROM: with another one /);
		assert.equal(rowsIn(await copyFine(first, second)), 0);
		assert.match(await copyFine(`--key-file=${key}`, first, second),
			RegExp(`key-file be ${key}: `));
		const other = path.join(folder, 'other.key');
		const { status, error } = await copy(`--key-file=${other}`, first,
			second);
		assert.equal(status, 66);
		assert.match(error, /other.key: No such file/);
		const settings = { 'key-file': key };
		assert.equal(await resume({ database: second, settings }),
			'resumeSession');
		const daemon = new Daemon(['-d', second, '-o', `key-file=${other}`,
			'0'], {});
		assert.notEqual(await daemon.ended, 0);
		assert.match(daemon.log, /its tokens were made with another key/);
	}));

test('a file without the key has no tokens', () => withPatience(async () => {
	const [bare, whole] = ['bare.db', 'whole.db'].map((name) =>
		path.join(folder, name));
	assert.match(await copyFine(database, bare),
		/^key: not copied: without .*bare\.db\.key customers cannot resume$/m);
	assert.match(await copyFine('--key', database, whole),
		/^key: .*whole\.db\.key is a copy of .*shop\.db\.key$/m);
	assert.match(await copyFine('--key', database, whole),
		/^key: .*whole\.db\.key is the same$/m);
	assert.equal(await resume({ database: bare }), 'invalidToken');
	assert.equal(await resume({ database: whole }), 'resumeSession');
	const { status, error } = await copy('--key', database, `${bare}.2`);
	assert.deepEqual([status, error.includes('another key')], [0, false]);
	fs.copyFileSync(`${bare}.key`, `${bare}.2.key`);
	const refused = await copy('--key', database, `${bare}.2`);
	assert.equal(refused.status, 73);
	assert.match(refused.error, /: is another key, and stays: /);
}));

// Of what a source has: the first rows were read by then, and there are more.
const MIDDLE = 9 << 19;
const isSilentInTheMiddle = () =>
	proxy.atBytes(MIDDLE, (pair) => pair.beSilent());

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'])
	test(`it is ended by ${signal}`, () => withPatience(async () => {
		const [from, to] = [server.database(), server.database()];
		await copyFine(database, from);
		const met = isSilentInTheMiddle();
		const { child, ended } = startCopy(proxy.through(from), to);
		await met;
		child.kill(signal);
		assert.deepEqual(await ended,
			{ status: signal, output: '', error: SAID });
		await copyFine(from, to);
	}));

test('it is ended while the copy is proved', () => withPatience(async () => {
	const to = server.database();
	await copyFine(database, to);
	const met = isSilentInTheMiddle();
	const { child, ended } = startCopy(database, proxy.through(to));
	await met;
	child.kill('SIGTERM');
	assert.deepEqual(await ended, { status: 'SIGTERM', output: '',
		error: 'buddyshoppingctl: the copy is made, and not proved: ' +
			'the same command does it\n' });
	await copyFine(database, to);
}));

test('a terminal shows how far it is, and Ctrl-C ends it', {
	skip: !hasScript && 'script(1) was not found',
}, () => withPatience(async () => {
	const [from, to] = [server.database(), server.database()];
	await copyFine(database, from);
	isSilentInTheMiddle();
	const { child, ended } = start('script', ['-qec',
		`'${PROGRAM}ctl' copy '${proxy.through(from)}' '${to}'`, '/dev/null']);
	let shown = '', isAtWork = false;
	for await (const data of child.stdout.setEncoding('utf8')) {
		shown += data;
		if (!isAtWork && /copying \[#* *\] +\d+ % 500\/\d+/.test(shown)) {
			isAtWork = true;
			child.stdin.write('\x03');
		}
	}
	await ended;
	assert(shown.endsWith(`\r\x1b[K${SAID.replace('\n', '\r\n')}`),
		JSON.stringify(shown));
}));

test('the source is lost in the middle', () => withPatience(async () => {
	const [from, to] = [server.database(), server.database()];
	await copyFine(database, from);
	proxy.atBytes(MIDDLE, (pair) => pair.cut());
	expectUnfinished(await copy(proxy.through(from), to),
		/: cannot be read: .*\n/);
	await copyFine(proxy.through(from), to);
}));

test('the target is lost in the middle', () => withPatience(async () => {
	const to = server.database();
	const met = proxy.atCommit({ before: (pair) => {
		pair.cut();
		return false;
	} });
	const ended = await copy(database, proxy.through(to));
	await met;
	expectUnfinished(ended, /store: .*: the connection was lost, and no row/);
	await copyFine(database, proxy.through(to));
}));

test('the target is lost, and had committed', () => withPatience(async () => {
	const to = server.database();
	const met = proxy.atCommit({ answered: (pair) => pair.cut() });
	const { status, output, error } = await copy(database, proxy.through(to));
	await met;
	assert.equal(status, 0, error);
	assert.match(error, /: the commit was done\n/);
	assert.equal(rowsIn(output), rowsIn(await copyFine(database,
		path.join(folder, 'lost.db'))));
}));

const disk = fs.mkdtempSync(path.join(server.folder, 'disk.'));
const onDisk = { skip: !mountDisk(disk, '64m') && NO_DISK };
// Enough for the tables, and not for all that is in them.
const ROOM = 2 << 20;
const filler = path.join(disk, 'filler');

const expectFull = async (to) => {
	const { status, output, error } = await copy(database, to);
	assert.deepEqual([status, output], [74, '']);
	assert.match(error, FULL);
	fs.unlinkSync(filler);
	await copyFine(database, to);
};

test('the disk of a file is full', onDisk, () => withPatience(async () => {
	fillDisk(filler);
	fs.truncateSync(filler, fs.statSync(filler).size - ROOM);
	await expectFull(path.join(disk, 'copy.db'));
	for (const name of fs.readdirSync(disk))
		fs.unlinkSync(path.join(disk, name));
}));

test("the disk of a server is full", onDisk, () => withPatience(async () => {
	const space = path.join(disk, 'space');
	fs.mkdirSync(space);
	const { uid, gid } = fs.statSync(server.folder);
	fs.chmodSync(disk, 0o755);
	fs.chownSync(space, uid, gid);
	const to = server.database();
	server.query(`CREATE TABLESPACE small LOCATION '${space}'`);
	server.query(`ALTER DATABASE ${/\/\/\/(\w+)/.exec(to)[1]} ` +
		'SET TABLESPACE small');
	fillDisk(filler);
	fs.truncateSync(filler, fs.statSync(filler).size - ROOM);
	await expectFull(to);
}));

// What either says of it, and leaves as it is.
const OLDER = /of an older version|never released/;
const NEWER = /newer version/;

// Without its marks, which are random.
const dumpOf = (url) =>
	server.dump(url).replaceAll(/^\\(?:un)?restrict .*$/gm, '');

const setFileVersion = (file, version) => {
	const fd = fs.openSync(file, 'r+');
	fs.writeSync(fd, Buffer.from([0, 0, 0, version]), 0, 4, USER_VERSION_AT);
	fs.closeSync(fd);
};

test('another version is refused, and stays as it is', () =>
	withPatience(async () => {
		const file = path.join(folder, 'version.db');
		const [url, to] = [server.database(), path.join(folder, 'not.db')];
		await copyFine(database, file);
		await copyFine(database, url);
		for (const [version, pattern] of [[6, OLDER], [8, NEWER]]) {
			setFileVersion(file, version);
			server.query(`UPDATE buddyshopping.about SET version = ${version}`,
				url);
			const before = fs.readFileSync(file);
			const dump = dumpOf(url);
			const pairs = [[file, to], [url, to], [database, url],
				...version === 8 ? [[database, file]] : []];
			for (const pair of pairs) {
				const { status, error } = await copy(...pair);
				assert.equal(status, 65, error);
				assert.match(error, pattern);
			}
			assert(fs.readFileSync(file).equals(before));
			assert(dumpOf(url) === dump);
		}
		assert(!fs.existsSync(to));
	}));
