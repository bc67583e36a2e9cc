// buddyshoppingctl audit verify, head, sessions and state: behind a daemon that
// was killed, beside one under load, and with what is no database of ours.
//
// KILLS is how often (10); SEED repeats the choices of a run.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { Daemon, makeFolder, withDaemon, withPatience }
	from './lib/daemon.mjs';
import { ERASED_WORDS, STORAGE, needQuery, tamper, unlessOn }
	from './lib/storage.mjs';
import { tool, toolObjects } from './lib/tool.mjs';

const KILLS = Number(process.env.KILLS ?? 10);
const SEED = Number(process.env.SEED ?? Date.now() % 1000000);
const SAMPLES = 40;		// states that are compared
const ROUNDS = 5;		// of the tool beside a daemon under load
const SETTINGS = { 'message-rate': 0, 'new-session-rate': 0 };
// What the tool reads again and again does not grow faster than it reads.
const PACED = { ...SETTINGS, 'message-rate': 20, 'message-burst': 20 };

needQuery();

let random_state = SEED;
const random = (n) => {
	random_state = (Math.imul(random_state, 1664525) + 1013904223) >>> 0;
	return Math.floor(random_state / 4294967296 * n);
};

// Changes its cart for as long as the connection lives, and remembers every
// multicart that it is shown: "SESSION CURSOR" -> text.
class Shopper {
	seq = 0;

	constructor(session, seen) {
		this.session = session;
		this.seen = seen;
	}

	async enter(daemon, event) {
		this.client = await Client.open(daemon, `/${this.session}`);
		const { customerId } = await this.client.enter(event, 'Zo\u00eb \ud83d\uded2',
			{ resumable: true });
		this.id = customerId;
	}

	#change() {
		this.seq++;
		this.client.send('updateCart', { customerId: this.id,
			seq: this.seq, cartContent: { seq: this.seq,
				pad: '\u00e9/'.repeat(random(900)) } });
	}

	async work(acknowledge) {
		this.#change();
		for (;;) {
			const text = await this.client.next().catch(() => null);
			if (text === null)
				return;
			const { event, cursor } = JSON.parse(text);
			if (event === 'multicartUpdate') {
				this.seen.set(`${this.session} ${cursor}`, text);
			} else if (event === 'updateCart') {
				acknowledge();
				this.#change();
			}
		}
	}
}

// Two sessions of two.
const enterAll = async (daemon, round, seen) => {
	const shoppers = [];
	for (const name of ['x', 'y']) {
		for (const event of ['startSession', 'joinSession']) {
			const shopper = new Shopper(`${name}${round}`, seen);
			await shopper.enter(daemon, event);
			shoppers.push(shopper);
		}
	}
	return shoppers;
};

const expectFine = async (database, args) => {
	const result = await tool(database, args);
	assert.equal(result.status, 0, JSON.stringify(result));
	assert.equal(result.stderr, '');
	return result.stdout;
};

const compareStates = async (database, seen) => {
	const keys = [...seen.keys()];
	for (let i = 0; i < SAMPLES && keys.length > 0; i++) {
		const [key] = keys.splice(random(keys.length), 1);
		const [session, cursor] = key.split(' ');
		assert.equal(await expectFine(database,
			['audit', 'state', session, '--at', cursor]),
			`${seen.get(key)}\n`);
	}
};

test(`a journal verifies after each of ${KILLS} kills (SEED=${SEED})`,
	() => withPatience(async () => {
		const database = path.join(makeFolder(), 'shop.db');
		const seen = new Map();
		for (let round = 0; round < KILLS; round++) {
			const daemon = await Daemon.start({ database,
				settings: SETTINGS });
			const shoppers = await enterAll(daemon, round, seen);
			let left = random(60);
			await Promise.all(shoppers.map((shopper) =>
				shopper.work(() => {
					if (left-- === 0)
						daemon.kill();
				})));
			assert.equal(await daemon.ended, 'SIGKILL');
			assert.match(await expectFine(database,
				['audit', 'verify']), /^proved: \d+ rows/);
		}
		await compareStates(database, seen);
	}));

test('the tool works beside a daemon under load', () => withDaemon(PACED,
	async (daemon) => {
		const { database } = daemon;
		const seen = new Map();
		const shoppers = await enterAll(daemon, 0, seen);
		const work = shoppers.map((shopper) => shopper.work(() => {}));
		for (let i = 0; i < ROUNDS; i++) {
			const head = (await expectFine(database,
				['audit', 'head'])).trim();
			assert.match(head, /^\d+:[0-9a-f]{64}$/);
			const proof = await expectFine(database,
				['audit', 'verify', '--head', head]);
			const [, end] = /chain up to (\d+):/.exec(proof);
			assert(Number(end) >= Number(head.split(':')[0]));
			await expectFine(database, ['audit', 'verify',
				'--session', 'x0']);
			await expectFine(database, ['audit', 'verify',
				'--from', head.split(':')[0]]);
			const sessions = await toolObjects(database,
				['audit', 'sessions', '--json', '--active']);
			assert.deepEqual(sessions.map(({ session, host, members }) =>
				({ session, host, members })),
			['x0', 'y0'].map((session) => ({ session,
				host: 'Zo\u00eb \ud83d\uded2', members: 2 })));
		}
		await compareStates(database, seen);
		for (const { client } of shoppers)
			client.socket.terminate();
		await Promise.all(work);
	}));

const madeDatabase = async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const daemon = await Daemon.start({ database });
	const host = await Client.open(daemon, '/s');
	await host.enter('startSession', 'Ann');
	assert.equal(await daemon.stop(), 0);
	return database;
};

const expectRefusal = async (database, args, status, message) => {
	const result = await tool(database, args);
	assert.equal(result.status, status, JSON.stringify(result));
	assert.match(result.stderr, message);
	assert.equal(result.stdout, '');
};

test('what is not there, or no such thing, is told', () =>
	withPatience(async () => {
		const database = await madeDatabase();
		const refusals = [
			[['audit', 'state', 'nix'], 2, /nix: no such session$/m],
			[['audit', 'verify', '--session', 'nix'], 2,
				/nix: no such session$/m],
			[['audit', 'state', 's', '--at', '99'], 2,
				/nothing is known of this session at 99$/m],
			[['audit', 'state', 's', '--at', '2000-01-01'], 2,
				/nothing is known/],
			[['audit', 'verify', '--from', '99'], 2,
				/no row 98 before row 99/],
			[['audit', 'state', 's', '--at', 'yesterday'], 64,
				/yesterday: not a time/],
			[['audit', 'sessions', '--since', '2026-02-30'], 64,
				/no such day/],
			[['audit', 'verify', '--head', '1:00'], 64, /SEQ:HASH/],
			[['audit', 'verify', '--from', '0'], 64, /number of a row/],
			[['audit', 'state'], 64, /needs SESSION/],
			[['audit', 'head', 'x'], 64, /what is "x"/],
			[['audit', 'head', '--x'], 64, /--x/],
			[['audit', 'nix'], 64, /no such command: audit nix/],
			[[], 64, /no command/],
		];
		for (const [args, status, message] of refusals)
			await expectRefusal(database, args, status, message);
		await expectRefusal(`${database}.not`, ['audit', 'verify'], 66,
			STORAGE === 'sqlite' ? /No such file/ : /does not exist/);
	}));

test('what is no database of ours is refused, each with its reason',
	{ skip: unlessOn('sqlite', 'it is a file') }, () =>
	withPatience(async () => {
		const whole = fs.readFileSync(await madeDatabase());
		const database = path.join(makeFolder(), 'other.db');
		const commands = [['audit', 'verify'], ['audit', 'head'],
			['audit', 'sessions'], ['audit', 'state', 's']];
		const ruins = [
			[() => fs.writeFileSync(database, ''), /is an empty file/],
			[() => fs.writeFileSync(database, 'x'.repeat(9000)),
				/is not a database/],
			[() => tamper(database, 'CREATE TABLE t (x)'),
				/another program's database/],
			[() => {
				fs.writeFileSync(database, whole);
				tamper(database, 'PRAGMA user_version = 99');
			}, /is of a newer version/],
			[() => {
				fs.writeFileSync(database, whole);
				tamper(database, 'PRAGMA user_version = 1');
			}, /is of an older version: start the daemon once/],
			[() => fs.mkdirSync(database), /is a directory/],
		];
		for (const [ruin, message] of ruins) {
			ruin();
			for (const command of commands)
				await expectRefusal(database, command, 65, message);
			for (const suffix of ['', '-wal', '-shm'])
				fs.rmSync(database + suffix,
					{ force: true, recursive: true });
		}
	}));

// Functions that would say so if they were run.
const RUNS = "LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''was run''; END'";

test('what reading would run is refused, and not run',
	{ skip: unlessOn('postgresql', 'it has functions') }, () =>
	withPatience(async () => {
		const database = await madeDatabase();
		const operator = (left, right, made) => [
			`CREATE FUNCTION public.f(${left}, ${right}) RETURNS bool ${RUNS};
				CREATE OPERATOR buddyshopping.= (LEFTARG = ${left},
				RIGHTARG = ${right}, FUNCTION = public.f)`,
			/the operator = is somebody else's/,
			`DROP FUNCTION public.f(${left}, ${right}) CASCADE`];
		// Planned with a function that does nothing, which it had then.
		const sneaky = (planned, message, repair) => [
			`CREATE FUNCTION public.f(int) RETURNS bool LANGUAGE sql
				IMMUTABLE AS 'SELECT true'; ${planned};
				CREATE OR REPLACE FUNCTION public.f(int) RETURNS bool
				IMMUTABLE ${RUNS}`, message,
			`${repair}; DROP FUNCTION public.f(int)`];
		const ruins = [
			[`ALTER TABLE about RENAME TO hidden;
				CREATE FUNCTION public.f() RETURNS text ${RUNS};
				CREATE VIEW about AS SELECT public.f() AS application,
				version FROM hidden`, /the table about is not as/,
			`DROP VIEW about; DROP FUNCTION public.f();
				ALTER TABLE hidden RENAME TO about`],
			['ALTER TABLE about ENABLE ROW LEVEL SECURITY',
				/the table about is not as/,
				'ALTER TABLE about DISABLE ROW LEVEL SECURITY'],
			sneaky('CREATE INDEX sneaky ON about(id) WHERE public.f(1)',
				/the index .*sneaky is somebody else's/,
				'DROP INDEX sneaky'),
			sneaky('CREATE INDEX sneaky ON journal((public.f(1)))',
				/the index .*sneaky is somebody else's/,
				'DROP INDEX sneaky'),
			['CREATE STATISTICS sneaky ON seq, hash FROM chain_anchor',
				/the statistics sneaky are somebody else's/,
				'DROP STATISTICS sneaky'],
			[`CREATE TYPE public.e AS ENUM ('x');
				CREATE FUNCTION public.f(public.e) RETURNS bigint ${RUNS};
				CREATE CAST (public.e AS bigint)
				WITH FUNCTION public.f(public.e) AS IMPLICIT;
				ALTER TABLE about ALTER version TYPE public.e USING 'x'`,
				/version of the table about is not as/,
			`ALTER TABLE about ALTER version TYPE bigint USING 7;
				DROP TYPE public.e CASCADE`],
			operator('customer_state', 'int'),
			operator('oid', 'regnamespace'),	// who looks for it
			[`CREATE FUNCTION count(customer_state) RETURNS bool ${RUNS}`,
				/the function count is somebody else's/,
				'DROP FUNCTION count(customer_state)'],
			[`ALTER TABLE webhook RENAME TO hidden;
				CREATE FUNCTION public.f() RETURNS text ${RUNS};
				CREATE VIEW webhook AS SELECT public.f() AS shop,
				seq FROM hidden`, /the table webhook is not as/,
			`DROP VIEW webhook; DROP FUNCTION public.f(); ALTER TABLE hidden RENAME TO webhook`],
			['ALTER TABLE session ENABLE ROW LEVEL SECURITY',
				/the table session is not as/,
				'ALTER TABLE session DISABLE ROW LEVEL SECURITY'],
			[`CREATE TABLE heir () INHERITS (journal_body)`,
				/the table journal_body is not as/, 'DROP TABLE heir'],
			[`ALTER TABLE webhook ALTER shop TYPE text COLLATE "POSIX"`,
				/shop of the table webhook is not as/,
				'ALTER TABLE webhook ALTER shop TYPE text COLLATE "C"'],
		];
		for (const [ruin, message, repair] of ruins) {
			tamper(database, ruin);
			await expectRefusal(database, ['audit', 'verify'], 65, message);
			tamper(database, repair);
		}
		assert.equal((await tool(database, ['audit', 'verify'])).status, 0);
	}));

test('a trigger that is off is told, and the row that was changed',
	{ skip: unlessOn('postgresql', 'SQLite cannot disable one') }, () =>
	withPatience(async () => {
		const database = await madeDatabase();
		const off = 'fault: the trigger journal_no_update of journal is ' +
			'somebody else\'s, or disabled\n';
		tamper(database, 'ALTER TABLE journal DISABLE TRIGGER ' +
			'journal_no_update');
		const intact = await tool(database, ['audit', 'verify']);
		assert.equal(intact.status, 1);
		assert.ok(intact.stdout.startsWith(off), intact.stdout);
		assert.match(intact.stdout, /^proved: \d+ rows/m);
		assert.match(await expectFine(database, ['audit', 'show', 's']),
			/start/);
		tamper(database, 'UPDATE journal SET ts_ms = 5 WHERE seq = 1');
		const fault = await tool(database, ['audit', 'verify']);
		assert.equal(fault.status, 1);
		assert.match(fault.stdout, /^fault: row 1, session s, start, /);
		assert.ok(fault.stdout.endsWith(off), fault.stdout);
	}));

test('a column of another type is named',
	{ skip: unlessOn('postgresql', 'its columns have types') }, () =>
	withPatience(async () => {
		const database = await madeDatabase();
		tamper(database, 'ALTER TABLE session ALTER revision TYPE numeric');
		const fault = await tool(database, ['audit', 'verify']);
		assert.equal(fault.status, 1);
		assert.equal(fault.stdout, 'fault: row 1 of session: revision is ' +
			'of another type\n');
	}));

test('a corrupt page is told', { skip: unlessOn('sqlite', 'it is a file') }, () =>
	withPatience(async () => {
		const database = await madeDatabase();
		const before = fs.readFileSync(database);
		const page = Number(tamper(database, 'SELECT pageno FROM dbstat ' +
			'WHERE name = \'journal\''));
		const size = Number(tamper(database, 'PRAGMA page_size'));
		const ruined = Buffer.from(before);
		ruined.fill(0xaa, (page - 1) * size, page * size);
		fs.writeFileSync(database, ruined);
		const result = await tool(database, ['audit', 'verify']);
		assert.equal(result.status, 65, JSON.stringify(result));
		assert.match(result.stderr, /is damaged: .*malformed/);
	}));

test('a changed row is named', () =>
	withPatience(async () => {
		const database = await madeDatabase();
		tamper(database, 'DROP TRIGGER journal_no_update;' +
			'UPDATE journal SET ts_ms = 5 WHERE seq = 1');
		const fault = await tool(database, ['audit', 'verify']);
		assert.equal(fault.status, 1);
		assert.equal(fault.stdout, 'fault: row 1, session s, start, ' +
			'1970-01-01T00:00:00.005Z: its hash is wrong: it was ' +
			'changed, or a row before\n');
	}));

// What its own retention has erased and deleted, with a head from before.
const KEPT = { 'journal-retention': 1, 'audit-retention': 1,
	'clock-grace': 0, 'audit-anchor-interval': 1 };

test('what a daemon purged is told, and what is behind a head', () =>
	withPatience(async () => {
		const database = path.join(makeFolder(), 'shop.db');
		const daemon = await Daemon.start({ database, settings: KEPT });
		for (const [session, name] of [['s', 'Ann'], ['t', 'Bob']])
			await (await Client.open(daemon, `/${session}`))
				.enter('startSession', name);
		const head = (await expectFine(database,
			['audit', 'head'])).trim();
		assert.equal((await tool(database, ['erase', '--yes', '--session',
			's'])).stderr, ERASED_WORDS);
		// END and ERASE; PURGE is 5, and keeps what goes on in row 2.
		await daemon.logged(/chain: 5:/);
		const live = await expectFine(database, ['audit', 'verify',
			'--head', head]);
		assert.match(live, /^row 5, .*: rows up to 1 may go$/m);
		assert.match(live, /^not proved by that head: rows from 3 to 5/m);
		assert.equal(await daemon.stop(), 0);
		const proof = await expectFine(database, ['audit', 'verify']);
		assert.match(proof, /^proved: 4 rows \(2 notes\)/m);
		assert.match(proof, new RegExp('^not there any more: rows up to ' +
			'1, by row 5 of \\d', 'm'));
		assert.doesNotMatch(proof, /by that head/);
		if (STORAGE === 'sqlite') {
			const copy = `${database}.copy`;
			await expectFine(database, ['backup', copy]);
			await expectFine(database, ['restore', '--yes', copy]);
			assert.equal(await expectFine(database,
				['audit', 'verify']), proof);
		}
		// All as it was but the note.
		tamper(database, 'DROP TRIGGER journal_no_delete; DELETE FROM ' +
			'journal_body WHERE seq = 5; DELETE FROM journal WHERE ' +
			'seq = 5');
		const fault = await tool(database, ['audit', 'verify']);
		assert.equal(fault.status, 1);
		assert.equal(fault.stdout, 'fault: the rows up to 1 are gone by ' +
			'chain_anchor, and no row says why\n');
	}));

test('names in a database of somebody else do not reach the terminal', () =>
	withPatience(async () => {
		const database = await madeDatabase();
		tamper(database, 'DROP TRIGGER session_no_rename; UPDATE session ' +
			'SET name = char(27) || \']0;x\' || char(7)');
		const fault = await tool(database, ['audit', 'verify']);
		assert.equal(fault.status, 1);
		assert.match(fault.stdout, /session \\x1b\]0;x\\x07, start/);
		assert.match(await expectFine(database, ['audit', 'sessions']),
			/^\\x1b\]0;x\\x07 +running/m);
		if (STORAGE !== 'sqlite')
			return;	// it takes no such id
		tamper(database, 'DELETE FROM customer; INSERT INTO customer (id, ' +
			'session, cid, incarnation, is_host, has_token) VALUES ' +
			'(1, 1, printf(\'%24s\', char(27)), 9, 0, 0);' +
			'UPDATE session SET name = \'s\'');
		const stray = await tool(database, ['audit', 'verify']);
		assert.equal(stray.status, 1);
		assert(!stray.stdout.includes('\x1b'), stray.stdout);
	}));
