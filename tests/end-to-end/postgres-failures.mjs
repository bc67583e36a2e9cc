// What becomes of a daemon and its customers when PostgreSQL fails: each way of
// it as buddyshopping(8) says.

import './lib/on-postgresql.mjs';

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { BusyShop } from './lib/busy-shop.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { fillDisk, mountDisk, NO_DISK } from './lib/disk.mjs';
import { PostgresProxy } from './lib/postgres-proxy.mjs';
import { Psql } from './lib/psql.mjs';
import { daemonOptions, server, urlOf } from './lib/storage.mjs';

const proxy = await PostgresProxy.start(server);
const through = (url) => proxy.through(url);

const BEGUN = /<3>store: .*\n/;
const UNKNOWN = /<4>store: .*: it is not known what became of a commit: /;
// Of what lasts: a line when it begins and one when it is over.
const TWICE = [/^<3>store: /, /^<6>store: .*: is (?:reached|written) again$/];

// Run steps with a shop whose customers work, or do not do so yet.
const withShop = (steps, { isIdle = false, ...options } = {}) =>
	withPatience(async () => {
		const shop = await BusyShop.open(options);
		if (!isIdle)
			await shop.work();
		shop.before = shop.daemon.log;
		await steps(shop);
		await shop.close();
	});

const expectLines = (shop, ...patterns) => {
	const lines = shop.said(shop.before);
	assert.equal(lines.length, patterns.length, lines.join('\n'));
	lines.forEach((line, i) => assert.match(line, patterns[i]));
};

const expectBack = async (shop) => {
	await shop.progress();
	await shop.expect(true, 'ok');
};

// It has failed, which was logged, and is refused until heal() makes it work.
const expectAwayUntil = async (shop, heal, kind = 'unreachable',
	reason = 'storageUnreachable') => {
	await shop.daemon.logged(BEGUN);
	await shop.refused();
	await shop.expect(reason, kind);
	assert(await shop.errors(kind) > 0);
	await heal();
	await expectBack(shop);
	expectLines(shop, ...TWICE);
};

// End the connections of a shop's daemon.
const terminate = (shop) => server.query('SELECT pg_terminate_backend(pid) ' +
	"FROM pg_stat_activity WHERE application_name = 'buddyshopping' " +
	`AND datname = '${/\/\/\/(\w+)/.exec(shop.direct)[1]}'`);

// And wait for those that it makes anew, with the role's settings: what comes
// from before may still go on.
const reconnect = async (shop) => {
	terminate(shop);
	await shop.daemon.logged(
		/<6>store: .*: (?:the connection was lost, and made|there is a connection) again: /);
	await shop.progress();
	shop.before = shop.daemon.log;
};

test('a connection is lost while nobody does anything', () =>
	withShop(async (shop) => {
		proxy.cut();
		await shop.daemon.logged(/the connection was lost, and made again: /);
		await shop.work();
		assert.equal(shop.refusals, 0);
		await shop.expect(true, 'ok');
		expectLines(shop, /^<6>/);
	}, { url: through, isIdle: true }));

test('a connection is lost while everybody does something', () =>
	withShop(async (shop) => {
		for (let i = 0; i < 5; i++) {
			proxy.cut();
			await shop.progress();
		}
		assert.equal(shop.refusals, 0);
		await shop.expect(true, 'ok');
		assert.doesNotMatch(shop.daemon.log, BEGUN);
	}, { url: through }));

test('a server that is soon back is no more than a pause', () =>
	withShop(async (shop) => {
		proxy.refuses = 2;
		proxy.cut();
		await shop.work();
		assert(proxy.refuses <= 0);
		assert.equal(shop.refusals, 0);
		await shop.expect(true, 'ok');
		expectLines(shop, /^<6>/);
	}, { url: through, isIdle: true }));

const ENDS = {
	fast: () => server.stop('fast'),
	immediate: () => server.stop('immediate'),
	kill: () => server.kill(),
};

for (const [name, end] of Object.entries(ENDS)) {
	// It may take longer than nobody would be told for.
	test(`a server that is restarted: ${name}`, () =>
		withShop(async (shop) => {
			await end();
			await server.restart();
			await expectBack(shop);
			assert.equal(shop.refusals > 0, BEGUN.test(shop.daemon.log));
		}));

	test(`a server that is away: ${name}`, () => withShop(async (shop) => {
		await end();
		await shop.daemon.logged(BEGUN);
		const working = shop.work();
		await expectAwayUntil(shop, () => server.restart());
		await working;
	}, { isIdle: true }));
}

// Resolves to one that is there for a daemon's NOTIFY_SOCKET: barks(n) resolves
// once systemd would have heard of it n times more.
const PERL = 'socket(S, AF_UNIX, SOCK_DGRAM, 0); ' +
	'bind(S, pack_sockaddr_un($ARGV[0])) or die; $| = 1; print "bound\n"; ' +
	'while (defined recv(S, $m, 4096, 0)) { print "$m\n" }';
const startWatchdog = async () => {
	const place = path.join(makeFolder(), 'notify');
	const child = spawn('perl', ['-MSocket', '-e', PERL, place],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	process.on('exit', () => child.kill());
	await once(child.stdout, 'data');
	let left = 0, resolve;
	child.stdout.on('data', (data) => {
		left -= String(data).split('WATCHDOG=1').length - 1;
		if (left <= 0)
			resolve?.();
	});
	child.unref();
	child.stdout.unref();
	return { place, barks: (count) => new Promise((done) => {
		left = count;
		resolve = done;
	}) };
};

const watched = await startWatchdog();
// Half of it is between two signs of life.
const WATCHED = { NOTIFY_SOCKET: watched.place, WATCHDOG_USEC: '400000' };
const BARKS = 20;		// ten times as long as it would be let live

test('nobody is told anything as long as a commit is not known', () =>
	withShop(async (shop) => {
		await proxy.atCommit({ after: () => {
			proxy.isShut = true;
			proxy.cut();
		} });
		await shop.daemon.logged(UNKNOWN);
		await watched.barks(BARKS);
		await shop.expect('storageUnreachable', 'unreachable');
		assert.equal(shop.refusals, 0);
		proxy.isShut = false;
		await expectBack(shop);
		assert.equal(shop.refusals, 0);
		expectLines(shop, UNKNOWN, /^<6>store: .*: the commit was /);
	}, { url: through, env: WATCHED }));

test('the watchdog is told that the daemon lives without a server', () =>
	withShop(async (shop) => {
		proxy.isShut = true;
		proxy.cut();
		await shop.daemon.logged(BEGUN);
		await watched.barks(BARKS);
		const working = shop.work();
		await expectAwayUntil(shop, () => {
			proxy.isShut = false;
		});
		await working;
	}, { url: through, isIdle: true, env: WATCHED }));

// Its processes, or those of one of its databases and the one that lets others in,
// stand still: the kernel still answers for them.
const signalServer = (shop, signal) => {
	const pids = [fs.readFileSync(path.join(server.folder,
		'data/postmaster.pid'), 'utf8').split('\n')[0], ...shop.backends];
	for (const pid of pids)
		process.kill(Number(pid), signal);
};

// Run steps when it has stood still for so long that the daemon says so.
const withStandstill = async (shop, steps) => {
	shop.backends = server.query('SELECT pid FROM pg_stat_activity ' +
		`WHERE datname = '${/\/\/\/(\w+)/.exec(shop.direct)[1]}'`).split('\n');
	signalServer(shop, 'SIGSTOP');
	try {
		while ((await shop.health()).ready !== 'storageStuck')
			await watched.barks(1);
		await steps();
	} finally {
		signalServer(shop, 'SIGCONT');
	}
};

// It may have committed what it was told, and there is nobody to ask.
test('a server that stands still is waited for', () =>
	withShop(async (shop) => {
		await withStandstill(shop, async () => {
			await watched.barks(BARKS);
			await shop.expect('storageStuck', 'stuck');
		});
		await expectBack(shop);
		assert.equal(shop.refusals, 0);
		expectLines(shop);
	}, { env: WATCHED }));

// Somebody who holds locks on all sessions.
const withRival = async (shop, steps) => {
	const rival = new Psql(server, shop.direct.replace(/user=.*/,
		'user=postgres'));
	await rival.run('BEGIN; SELECT id FROM buddyshopping.session ' +
		'ORDER BY id FOR UPDATE');
	try {
		await steps(rival);
	} finally {
		await rival.end();
	}
};

for (const setting of ['statement_timeout', 'lock_timeout'])
	test(`a transaction that ${setting} ends is refused`, () =>
		withShop(async (shop) => {
			server.query(`ALTER ROLE buddyshopping SET ${setting} = '500ms'`);
			await reconnect(shop);
			await withRival(shop, (rival) => expectAwayUntil(shop,
				() => rival.run('ROLLBACK'), 'busy', 'storageRefused'));
			server.query(`ALTER ROLE buddyshopping RESET ${setting}`);
		}));

// Wait until so many transactions of a role wait for locks.
const AWAIT = (role, count) => `DO $$ BEGIN
	WHILE (SELECT count(*) FROM pg_stat_activity WHERE usename = '${role}'
		AND wait_event_type = 'Lock') < ${count} LOOP
		PERFORM pg_sleep(0.01);
		PERFORM pg_stat_clear_snapshot();
	END LOOP; END $$`;

// The daemon has the lease, and waits for the journal.  A rival, who has all
// sessions, waits for the lease.  When the daemon gets the journal it comes to the
// sessions: it is the last one to wait, and the only one to look soon.
test('the victim of a deadlock is refused', () => withShop(async (shop) => {
	server.query("ALTER ROLE buddyshopping SET deadlock_timeout = '10ms'");
	await reconnect(shop);
	const gate = new Psql(server, shop.direct.replace(/user=.*/,
		'user=postgres'));
	await gate.run('BEGIN; LOCK TABLE buddyshopping.journal IN SHARE MODE');
	server.query(AWAIT('buddyshopping', 1));
	await withRival(shop, async (rival) => {
		const ended = rival.run("SET deadlock_timeout = '1h'; " +
			'SELECT run FROM buddyshopping.writer WHERE id = 1 FOR UPDATE; ' +
			'ROLLBACK');
		server.query(AWAIT('postgres', 1));
		await gate.end();
		await shop.daemon.logged(/<3>store: .*40P01/);
		await ended;
	});
	await expectBack(shop);
	expectLines(shop, ...TWICE);
	assert(await shop.errors('busy') > 0);
	assert(shop.refusals > 0);
	server.query('ALTER ROLE buddyshopping RESET deadlock_timeout');
}));

test('too many connections', () => withShop(async (shop) => {
	server.query('ALTER ROLE buddyshopping CONNECTION LIMIT 0');
	terminate(shop);
	await shop.daemon.logged(/<3>store: .*too many connections/);
	const working = shop.work();
	await expectAwayUntil(shop, () => server.query(
		'ALTER ROLE buddyshopping CONNECTION LIMIT -1'));
	await working;
}, { isIdle: true }));

// What is taken from a daemon that runs, and how that ends.
const TAKEN = {
	'a right': ['REVOKE INSERT ON buddyshopping.journal FROM buddyshopping',
		74],
	'a column': ['ALTER TABLE buddyshopping.journal DROP COLUMN hash', 65],
};

for (const [what, [sql, status]] of Object.entries(TAKEN)) {
	test(`a daemon ends from which ${what} is taken`, () =>
		withPatience(async () => {
			const database = path.join(makeFolder(), 'shop.db');
			const daemon = await Daemon.start({ database });
			server.query(sql, urlOf(database));
			const answer = await fetch(
				`http://127.0.0.1:${daemon.port}/one`, {
					method: 'POST',
					headers: { 'Content-Type': 'application/json' },
					body: JSON.stringify({ event: 'startSession',
						payload: { customerName: 'Ada' } }),
				});
			assert.equal(answer.status, 503);
			assert.equal(answer.headers.get('retry-after'), '5');
			assert.equal(await daemon.ended, status);
			assert.match(daemon.log, BEGUN);
		}));
}

// A daemon that does not start: {status, log}.
const startInVain = async (url, database = path.join(makeFolder(), 'shop.db')) => {
	const daemon = new Daemon([...daemonOptions(database, url), '0'], {});
	const status = await daemon.ended;
	return { status, log: daemon.log };
};

test('no server at the start', () => withPatience(async () => {
	const { status, log } = await startInVain(
		`postgresql:///shop?host=${makeFolder()}&user=buddyshopping`);
	assert.equal(status, 74);
	assert.match(log, /^<3>store: .*: connection to server .* failed: .*\n$/);
}));

const HBA = path.join(server.folder, 'data/pg_hba.conf');
const TRUST = fs.readFileSync(HBA, 'utf8');

const setHba = (text) => {
	fs.writeFileSync(HBA, text);
	server.query('SELECT pg_reload_conf()');
};

const setPassword = (password) => server.query(
	`ALTER ROLE buddyshopping PASSWORD '${password}'`);

const withPassword = (url) => url.replace('user=buddyshopping',
	'user=buddyshopping&password=sesame');

test('the password is wrong', () => withShop(async (shop) => {
	setPassword('sesame');
	setHba(`local all buddyshopping scram-sha-256\n${TRUST}`);
	const { status, log } = await startInVain(
		withPassword(shop.direct).replace('sesame', 'sesam'));
	assert.equal(status, 73);
	assert.match(log, /^<3>store: .*password authentication failed.*\n$/);
	assert.doesNotMatch(log, /sesam/);

	setPassword('changed');
	terminate(shop);
	await shop.daemon.logged(/<3>store: .*password authentication failed/);
	const working = shop.work();
	await expectAwayUntil(shop, () => setPassword('sesame'));
	await working;
	setHba(TRUST);
	assert.doesNotMatch(shop.daemon.log, /sesame/);
}, { url: withPassword, isIdle: true }));

// Its own role has no right to connect any more.
test('the role is not let in any more', () => withShop(async (shop) => {
	setHba(`local all buddyshopping reject\n${TRUST}`);
	terminate(shop);
	await shop.daemon.logged(/<3>store: .*pg_hba.conf rejects/);
	assert.equal((await startInVain(shop.direct)).status, 73);
	const working = shop.work();
	await expectAwayUntil(shop, () => setHba(TRUST));
	await working;
}, { isIdle: true }));

const disk = path.join(server.folder, 'disk');
fs.mkdirSync(disk);
const isMounted = mountDisk(disk, '32m');

test('the disk there is full', {
	skip: !isMounted && NO_DISK,
}, () => withPatience(async () => {
	const space = path.join(disk, 'space'), filler = path.join(disk, 'filler');
	fs.mkdirSync(space);
	const { uid, gid } = fs.statSync(server.folder);
	fs.chownSync(space, uid, gid);
	const url = server.database();
	server.query(`CREATE TABLESPACE small LOCATION '${space}'`);
	server.query(`ALTER DATABASE ${/\/\/\/(\w+)/.exec(url)[1]} ` +
		'SET TABLESPACE small');
	await withShop(async (shop) => {
		fillDisk(filler);
		await shop.daemon.logged(BEGUN);
		await shop.refused();
		const { ready, healthy } = await shop.health();
		assert.deepEqual({ ready, healthy },
			{ ready: 'storageRefused', healthy: true });
		// What is smaller finds room at times, and is the last that is told.
		while ((await shop.health()).storage !== 'full');
		fs.unlinkSync(filler);
		await expectBack(shop);
		shop.said(shop.before).forEach((line, i) =>
			assert.match(line, TWICE[i % 2]));
		assert(await shop.errors('full') > 0);
	}, { direct: url });
}));

// A server that is reached by TCP, with a certificate of its own.
const HOST = `127.${[16, 8, 0].map((bits) => process.pid >> bits & 255)
	.map((byte, i) => i === 0 ? byte + 1 : byte).join('.')}`;

const makeCertificate = (folder, name) => {
	const [key, certificate] = ['key', 'pem'].map((suffix) =>
		path.join(folder, `${name}.${suffix}`));
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
		'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
		'/CN=shop', '-addext', `subjectAltName=IP:${HOST}`, '-keyout', key,
		'-out', certificate], { stdio: 'pipe' });
	const { uid, gid } = fs.statSync(server.folder);
	fs.chmodSync(key, 0o600);
	fs.chownSync(key, uid, gid);
	return { key, certificate };
};

test('TLS is required', () => withPatience(async () => {
	const right = makeCertificate(server.folder, 'right');
	const wrong = makeCertificate(server.folder, 'wrong');
	await server.stop();
	await server.restart({ listen_addresses: HOST });
	const by = (more) => (url) =>
		url.replace(/host=[^&]*/, `host=${HOST}&${more}`);
	const url = server.database();
	setHba(`hostssl all all ${HOST}/8 trust\n${TRUST.replace(/^host/gm, '#')}`);

	// The server has none, and wants it.
	const none = await startInVain(by('sslmode=require')(url));
	assert.equal(none.status, 74);
	assert.match(none.log, /server does not support SSL/);
	const off = await startInVain(by('sslmode=disable')(url));
	assert.equal(off.status, 73);
	assert.match(off.log, /no pg_hba.conf entry .* no encryption/);

	await server.stop();
	await server.restart({ listen_addresses: HOST, ssl: 'on',
		ssl_cert_file: right.certificate, ssl_key_file: right.key });
	const stranger = await startInVain(by('sslmode=verify-full&sslrootcert=' +
		wrong.certificate)(url));
	assert.equal(stranger.status, 74);
	assert.match(stranger.log, /certificate verify failed/);
	await withShop((shop) => shop.expect(true, 'ok'), {
		url: by(`sslmode=verify-full&sslrootcert=${right.certificate}`) });
	setHba(TRUST);
	await server.stop();
	await server.restart();
}));

// It ends within some seconds, and whoever comes next finds all well.
test('a daemon is stopped while there is no server', () =>
	withShop(async (shop) => {
		proxy.isShut = true;
		proxy.cut();
		await shop.daemon.logged(BEGUN);
		const working = shop.work();
		await shop.refused();
		await shop.stopPolling();
		assert.equal(await shop.daemon.stop(), 0);
		working.catch(() => {});
		proxy.isShut = false;
		await shop.start();
		await shop.work();
	}, { url: through, isIdle: true }));

test('a daemon is stopped while a commit is not known', () =>
	withShop(async (shop) => {
		await proxy.atCommit({ after: () => {
			proxy.isShut = true;
			proxy.cut();
		} });
		await shop.daemon.logged(UNKNOWN);
		shop.stopPolling();
		assert.equal(await shop.daemon.stop(), 74);
		proxy.isShut = false;
		await shop.start();
		await shop.work();
	}, { url: through }));

test('a daemon is stopped while the server stands still', () =>
	withShop(async (shop) => {
		await withStandstill(shop, async () => {
			shop.stopPolling();
			assert.equal(await shop.daemon.stop(), 74);
		});
		assert.match(shop.said(shop.before).join('\n'), UNKNOWN);
		await shop.start();
		await shop.work();
	}, { env: WATCHED }));
