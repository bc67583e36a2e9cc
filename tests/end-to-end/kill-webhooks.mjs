// kill -9 while the shop's server locks and unlocks sessions and is told of all
// by webhooks, some of which it refuses: what was acknowledged is in the journal,
// and what is in the journal was told, in order within a session.
//
// KILLS is how often (8); SEED repeats the choices of a run.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { startApi } from './lib/api.mjs';
import { checkTold, makeCustomers } from './lib/customer.mjs';
import { makeFolder, withPatience } from './lib/daemon.mjs';
import { expectedOf } from './lib/journal-events.mjs';
import { replay } from './lib/journal.mjs';
import { SEED, makeRandom } from './lib/random.mjs';
import { Receiver, distinct, webhookSettings } from './lib/receiver.mjs';
import { STORAGE, needQuery } from './lib/storage.mjs';
import { tool, toolObjects } from './lib/tool.mjs';

const KILLS = Number(process.env.KILLS ?? 8);
const SESSIONS = 4;
const MEMBERS = 2;
const TILLS = 3;
const ACKS_MAX = 200;		// acknowledged in a round before it is killed, ...
const ATTEMPTS_MAX = 400;	// ... or webhooks that came
const REFUSALS = 8;		// each takes a second of its session

needQuery();

const random = makeRandom();

// A daemon, and when it is to be killed: whatever comes first.
const startDoomed = async (database, settings) => {
	const { daemon, call } = await startApi({ 'message-rate': 0,
		'new-session-rate': 0, 'absence-window': 3600, ...settings },
	database);
	const doom = (max) => {
		let left = random(max);
		return () => {
			if (left-- === 0)
				daemon.kill();
		};
	};
	return { daemon, call, acknowledge: doom(ACKS_MAX),
		attempted: doom(ATTEMPTS_MAX) };
};

// Lock or unlock a session, and keep what the answer says.
const lock = async (call, deed, session, answers) => {
	const answer = await call('POST', `/v1/sessions/${session}/${deed}`);
	assert.equal(answer.status, 200, answer.text);
	answers.push({ deed, ...answer });
};

// One of the shop's servers: it locks and unlocks until the daemon is killed.
const keepLocking = async ({ daemon, call, acknowledge }, answers) => {
	while (!daemon.child.killed) {
		const session = `s${random(SESSIONS)}`;
		for (const deed of ['lock', 'unlock'])
			await lock(call, deed, session, answers).then(acknowledge,
				(error) => assert(daemon.child.killed &&
					error.name !== 'AssertionError', error));
	}
};

const runRound = async (doomed, customers, answers) => {
	await Promise.all([
		...customers.map((customer) => customer.work(doomed.acknowledge)),
		...Array.from({ length: TILLS }, () => keepLocking(doomed, answers)),
	]);
	assert.equal(await doomed.daemon.ended, 'SIGKILL');
};

// A session is refused until the third attempt, seconds after the first: by then
// it is on the disk that it is parked.
const runRefused = async ({ daemon, call }, receiver, answers) => {
	const before = receiver.attempts.length;
	for (const deed of ['lock', 'unlock'])
		await lock(call, deed, 's0', answers);
	await receiver.until(({ attempts }) => attempts.slice(before).filter(
		({ status }) => status === 503).length === 3);
	assert.equal(await daemon.kill(), 'SIGKILL');
};

// A lock is a row of its own; who was told that a session is unlocked was told
// of a revision at which it is.
const checkAnswers = (answers, rows, { states }) => {
	for (const { deed, id, incarnation, revision, multicartContent } of answers) {
		const before = rows.filter((row) => row.session === id &&
			row.incarnation === incarnation && row.revision <= revision &&
			/^(un)?lock$/.test(row.event));
		const last = before.at(-1);
		assert.equal(last?.event, deed, `${id} ${revision}`);
		if (deed === 'unlock')
			continue;
		assert.equal(last.revision, revision);
		const state = states.get(`${id} ${incarnation}.${revision}`);
		assert.deepEqual(multicartContent,
			JSON.parse(state).payload.multicartContent);
	}
};

// Of carts that follow each other the last one has to be told.
const isNeeded = (event, i, events) => event.type !== 'cart.changed' ||
	events.slice(i + 1).find(({ data }) =>
		data.session === event.data.session)?.type !== 'cart.changed';

// An id says the same each time, also where it was refused.
const checkRepeats = ({ attempts }) => {
	const first = new Map();
	for (const { event } of attempts) {
		assert.deepEqual(event, first.get(event.id) ?? event);
		first.set(event.id, event);
	}
	assert(attempts.length > first.size, 'nothing came twice');
};

// What was told comes in order within a session, and all that has to be told.
// With PostgreSQL a cart that another one took the place of may come behind that
// after a kill: then the daemon goes on from a place before both, and may have
// sent the one when it reads the other.  With SQLite that was never seen.
const checkEvents = (receiver, expected) => {
	const all = new Map(expected.map((event) => [event.id, event]));
	const needed = new Set(expected.filter(isNeeded).map(({ id }) => id));
	const told = new Set(receiver.events.map(({ id }) => id));
	const isInOrder = ({ id }) => needed.has(id) ||
		(STORAGE === 'sqlite' && told.has(id));
	for (const event of receiver.events)
		assert.deepEqual(event, all.get(event.id));
	for (let i = 0; i < SESSIONS; i++)
		assert.deepEqual(distinct(receiver.of(`s${i}`)).filter(isInOrder),
			expected.filter((event) => event.data.session === `s${i}` &&
				isInOrder(event)));
};

test(`${KILLS} kills lose no lock and no webhook (SEED=${SEED})`, async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const seen = new Map(), answers = [];
	const customers = makeCustomers(SESSIONS, MEMBERS, { seen, random });
	let refusals = REFUSALS;
	let doomed;
	let isRefused = () => random(6) === 0 && refusals-- > 0;
	const receiver = await Receiver.start(({ data }) => {
		doomed?.attempted();
		return isRefused(data.session) ? 503 : 200;
	});
	const settings = webhookSettings(receiver);
	for (let i = 0; i < KILLS; i++)
		await withPatience(async () => {
			const starting = await startDoomed(database, settings);
			for (const customer of customers)
				await customer.connect(starting.daemon);
			doomed = starting;
			await runRound(doomed, customers, answers);
			doomed = undefined;
		});
	isRefused = (session) => session === 's0';
	await withPatience(async () => runRefused(
		await startDoomed(database, settings), receiver, answers));
	isRefused = () => false;

	await withPatience(async () => {
		const { daemon, call } = await startApi(settings, database);
		// What comes behind all else in its session.
		for (let i = 0; i < SESSIONS; i++)
			await lock(call, 'lock', `s${i}`, answers);
		const last = answers.slice(-SESSIONS);
		await receiver.until(({ events }) => last.every(
			({ id, revision }) => events.some(({ data }) =>
				data.session === id && data.revision === revision)));
		const status = await tool(database, ['webhook', 'status', '--json']);
		assert.equal(JSON.parse(status.stdout).givenUp, 0);
		assert.equal(await daemon.stop(), 0);
	});
	await receiver.stop();
	const rows = await toolObjects(database, ['audit', 'export']);
	const { status, stderr } = await tool(database, ['audit', 'verify']);
	assert.equal(status, 0, stderr);
	const journal = replay(database);
	checkTold(journal, customers, seen);
	checkAnswers(answers, rows, journal);
	checkRepeats(receiver);
	checkEvents(receiver, expectedOf(rows));
	console.log(`# ${answers.length} locks and unlocks, ` +
		`${receiver.attempts.length} webhooks of ${rows.length} rows`);
});
