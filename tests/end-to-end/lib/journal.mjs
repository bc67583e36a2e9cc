// Reads a stopped daemon's database with SQL, checks the chain as sql/schema.sql
// describes it, and replays what every session has shown.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { multicart } from './client.mjs';
import { STORAGE, query } from './storage.mjs';

const HASHED_NUMBERS = ['seq', 'session', 'incarnation', 'revision', 'event',
	'ts_ms', 'transport', 'flags', 'client_seq'];
const START = 1, JOIN = 2, CART = 3, READY = 4, LEAVE = 5, EXPIRE = 6;
const LOCK = 13, UNLOCK = 14;
const NOTES = [9, 10, 11, 12, 15];

const QUERY = `SELECT j.seq, j.session, j.incarnation, j.revision, j.event,
	j.ts_ms, j.transport, j.flags, j.client_seq, j.customer, j.displaced,
	hex(j.digest) AS digest, hex(j.hash) AS hash,
	coalesce(s.name, '') AS session_name,
	b.name AS name, b.cart AS cart
	FROM journal j LEFT JOIN session s ON s.id = j.session
	JOIN journal_body b ON b.seq = j.seq ORDER BY j.seq`;

// The addresses that the customers of a session came from: name -> address.
export const readAddresses = (database, session) => new Map(query(database,
	`SELECT b.name, b.address FROM journal j
	JOIN session s ON s.id = j.session JOIN journal_body b ON b.seq = j.seq
	WHERE s.name = '${session}' AND j.event IN (${START}, ${JOIN})
	ORDER BY j.seq`)
	.map(({ name, address }) => [name, address]));

const bytesOfId = (id) => Buffer.from(id ?? '0'.repeat(24), 'hex');

const hashOf = (previous, row) => {
	const name = Buffer.from(row.session_name);
	const numbers = Buffer.alloc(8 * HASHED_NUMBERS.length + 4);
	HASHED_NUMBERS.forEach((key, i) =>
		numbers.writeBigInt64LE(BigInt(row[key]), 8 * i));
	numbers.writeUInt32LE(name.length, 8 * HASHED_NUMBERS.length);
	return createHash('sha256').update(previous).update(numbers).update(name)
		.update(bytesOfId(row.customer)).update(bytesOfId(row.displaced))
		.update(Buffer.from(row.digest, 'hex')).digest();
};

// Every row follows the one before, and so does each session's revision.
const checkChain = (rows) => {
	const revisions = new Map();
	let previous = Buffer.alloc(32);
	rows.forEach((row, i) => {
		assert.equal(row.seq, i + 1);
		previous = hashOf(previous, row);
		assert.equal(row.hash, previous.toString('hex').toUpperCase());
		if (NOTES.includes(row.event)) {
			assert.equal(row.revision, 0);
			return;
		}
		const key = `${row.session_name}.${row.incarnation}`;
		assert.equal(row.revision, (revisions.get(key) ?? 0) + 1);
		revisions.set(key, row.revision);
	});
};

// What row does to the members of its session.
const apply = (members, row) => {
	const member = members.find(({ id }) => id === row.customer);
	switch (row.event) {
	case START:
	case JOIN:
		members.push({ id: row.customer, name: row.name,
			isHost: row.event === START, isReady: false, cart: '{}' });
		break;
	case CART:
		member.cart = row.cart;
		break;
	case READY:
		member.isReady = (row.flags & 1) !== 0;
		break;
	case LEAVE:
	case EXPIRE:
		members.splice(members.indexOf(member), 1);
		break;
	case LOCK:
	case UNLOCK:
		break;
	default:
		throw new Error(`event ${row.event} is not expected here`);
	}
};

// Every state that sessions went through: "SESSION CURSOR" -> text of its
// multicartUpdate; and the highest seq of each customer.
export const replay = (database) => {
	const rows = query(database, QUERY);
	const sessions = new Map(), states = new Map(), applied = new Map();

	if (STORAGE === 'sqlite')
		assert.deepEqual(query(database, 'PRAGMA integrity_check'),
			[{ integrity_check: 'ok' }]);
	checkChain(rows);
	for (const row of rows.filter(({ event }) =>
			!NOTES.includes(event))) {
		const members = sessions.get(row.session_name) ?? [];
		const cursor = `${row.incarnation}.${row.revision}`;
		sessions.set(row.session_name, members);
		apply(members, row);
		states.set(`${row.session_name} ${cursor}`,
			multicart(members, cursor));
		applied.set(row.customer, Math.max(row.client_seq,
			applied.get(row.customer) ?? 0));
	}
	return { states, applied };
};
