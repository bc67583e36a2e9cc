// kill -9 under load, again and again: whatever any client was told or shown
// is in the database that is opened afterwards.
//
// KILLS is how often (20); SEED repeats the choices of a run.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { checkTold, makeCustomers } from './lib/customer.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { replay } from './lib/journal.mjs';
import { SEED, makeRandom } from './lib/random.mjs';
import { needQuery } from './lib/storage.mjs';

const KILLS = Number(process.env.KILLS ?? 20);
const SESSIONS = 4;
const MEMBERS = 3;
const ACKS_MAX = 150;		// acknowledged in a round before it is killed

needQuery();

const random = makeRandom();

const runRound = async (database, customers) => {
	const daemon = await Daemon.start({ database,
		settings: { 'message-rate': 0, 'new-session-rate': 0 } });
	for (const customer of customers)
		await customer.connect(daemon);
	let left = random(ACKS_MAX);
	const acknowledge = () => {
		if (left-- === 0)
			daemon.kill();
	};
	await Promise.all(customers.map((customer) =>
		customer.work(acknowledge)));
	assert.equal(await daemon.ended, 'SIGKILL');
};

// One more start settles what the last kill left behind.
const checkAll = async (database, customers, seen) => {
	const daemon = await Daemon.start({ database });
	assert.equal(await daemon.stop(), 0);
	checkTold(replay(database), customers, seen);
};

test(`${KILLS} kills lose nothing (SEED=${SEED})`, async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const seen = new Map();
	const customers = makeCustomers(SESSIONS, MEMBERS, { seen, random });
	for (let i = 0; i < KILLS; i++)
		await withPatience(() => runRound(database, customers));
	await checkAll(database, customers, seen);
});
