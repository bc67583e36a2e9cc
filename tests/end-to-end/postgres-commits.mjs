// The connection, the server's process and the whole server are ended around
// COMMIT, again and again, while customers change things: whatever one was told
// is in the database, once, and so is nothing else.  They are of so many
// sessions that what a list's records do is put together (waves.h).
//
// ROUNDS is how often (40); SEED repeats the choices of a run, though not which
// of two things is first that happen at once.

import './lib/on-postgresql.mjs';

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { ctl } from './lib/ctl.mjs';
import { checkTold, makeCustomers } from './lib/customer.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { replay } from './lib/journal.mjs';
import { PostgresProxy } from './lib/postgres-proxy.mjs';
import { SEED, makeRandom } from './lib/random.mjs';
import { query, server, urlOf } from './lib/storage.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 40);
const SESSIONS = 12;
const MEMBERS = 3;
const TOGETHER = 3;		// sessions, at the least, of a list
const TURNS_MAX = 4;		// of this process, until what is done late

const random = makeRandom();
const proxy = await PostgresProxy.start(server);

const late = (steps) => {
	let left = random(TURNS_MAX);
	const turn = () => left-- === 0 ? steps() : setImmediate(turn);
	turn();
};

const cut = (pair) => pair.cut();

const signal = (name) => (pair) => {
	try {
		process.kill(pair.pid, name);
	} catch (error) {
		assert.equal(error.code, 'ESRCH');
	}
};

// A fault at three moments: the COMMIT has not come to the server, is there, or
// is answered.
const around = (end) => ({
	before: () => ({ before: end }),
	after: () => ({ after: (pair) => late(() => end(pair)) }),
	answered: () => ({ answered: end }),
});

let restarted;

const restart = (end) => () => {
	restarted ??= end().then(() => server.restart());
};

// How often each comes, of `WEIGHTS` rounds.
const FAULTS = [
	['connection cut', 6, around((pair) => {
		cut(pair);
		return false;
	})],
	['process terminated', 6, around(signal('SIGTERM'))],
	['process killed', 2, around(signal('SIGKILL'))],
	['server stopped at once', 2, around(restart(() =>
		server.stop('immediate')))],
	['server killed', 2, around(restart(() => server.kill()))],
];
const LOTS = FAULTS.flatMap((fault) => Array(fault[1]).fill(fault));

const counts = new Map();

const pickFault = () => {
	const [name, , moments] = LOTS[random(LOTS.length)];
	const moment = Object.keys(moments)[random(3)];
	const key = `${name}, ${moment}`;
	counts.set(key, (counts.get(key) ?? 0) + 1);
	return moments[moment]();
};

// Resolves once each of the customers was told of one more change.
const makeProgress = (customers) => {
	let waiting = new Set(), resolve = () => {};
	return {
		onAcknowledged: (customer) => {
			waiting.delete(customer);
			if (waiting.size === 0)
				resolve();
		},
		all: () => new Promise((done) => {
			waiting = new Set(customers);
			resolve = done;
		}),
	};
};

const runRound = async (progress) => {
	const before = progress.all();
	await before;
	await proxy.atCommit(pickFault());
	await progress.all();
	await restarted;
	restarted = undefined;
};

// Nothing is there twice.
const checkOnce = (database) => assert.deepEqual(query(database,
	`SELECT customer, client_seq FROM journal WHERE client_seq > 0
	GROUP BY customer, client_seq HAVING count(*) > 1
	ORDER BY customer, client_seq`), []);

// How many records are of lists whose records are put together: each of them
// has the number of the transaction.
const countTogether = (database) => query(database,
	`SELECT count(*) AS records FROM journal GROUP BY CAST(xmin AS text)
	HAVING count(DISTINCT session) >= ${TOGETHER} ORDER BY records`)
	.reduce((sum, { records }) => sum + records, 0);

const UNKNOWN = /it is not known what became of a commit/g;

test(`${ROUNDS} ends around a commit (SEED=${SEED})`, async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const seen = new Map();
	const customers = makeCustomers(SESSIONS, MEMBERS,
		{ seen, random, repeats: true });
	const progress = makeProgress(customers);
	const daemon = await Daemon.start({ database,
		url: proxy.through(urlOf(database)),
		settings: { 'message-rate': 0, 'new-session-rate': 0 } });
	// It fails if the daemon ends.
	const ended = daemon.logged(/(?!)/);
	ended.catch(() => {});
	for (const customer of customers)
		await customer.connect(daemon);
	const working = Promise.all(customers.map((customer) =>
		customer.work(progress.onAcknowledged)));
	for (let i = 0; i < ROUNDS; i++)
		await withPatience(() => Promise.race([runRound(progress), ended]));
	assert.equal(await daemon.stop(), 0);
	await working;
	for (const [key, count] of [...counts].sort())
		console.log(`# ${count} ${key}`);
	const refusals = customers.reduce((sum, customer) =>
		sum + customer.refusals, 0);
	console.log(`# ${[...daemon.log.matchAll(UNKNOWN)].length} commits were ` +
		`not known, ${refusals} changes were refused`);
	checkTold(replay(database), customers, seen);
	checkOnce(database);
	const together = countTogether(database);
	console.log(`# ${together} records were put together`);
	assert(together > 0);
	const { status, output, error } = await ctl(database, 'audit', 'verify');
	assert.equal(status, 0, output + error);
});
