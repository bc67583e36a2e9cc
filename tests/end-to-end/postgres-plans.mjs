// How PostgreSQL finds the rows of the daemon's statements, which are planned
// while there is hardly one: by an index, from where it has to begin.

import './lib/on-postgresql.mjs';

import assert from 'node:assert/strict';
import test from 'node:test';

import { withApi } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { server } from './lib/storage.mjs';
import { tool } from './lib/tool.mjs';

const GROWS = '(?:session|customer|journal|journal_body)';
const ALL_ROWS = new RegExp(`Seq Scan on ${GROWS}\\b`);
const BY_INDEX = new RegExp(`Index (?:Only )?Scan .*using \\w+ on ${GROWS}\\b|` +
	`Bitmap Index Scan on ${GROWS}_`);
// The first row is all that is read, unless it has to be looked for.
const isFirst = (node, query) => !node.includes('Filter:') &&
	/ LIMIT 1$/.test(query);
// Nor is there for the least or the greatest, which PostgreSQL 17 finds without a
// condition where a column cannot be NULL.
const isEnd = (node, before, query) => !node.includes('Filter:') &&
	/-> +Limit /.test(before) && /\b(?:min|max)\(/.test(query);
// Few are in these.
const SMALL = /(?:using|on) (?:journal_purge|session_locked)\b/;

const PLAN = 'plan:\n';

// The nodes of all plans in a log, each with the lines that say more of it.
const nodesOf = (log) => log.split(PLAN).slice(1)
	.map((said) => /^(?:\t.*\n)*/.exec(said)[0])
	.flatMap((plan) => {
		const [query, ...lines] = plan.split(/\n(?=\t+ *(?:->|[A-Z][\w ]+\(cost))/);
		return lines.map((node, i) =>
			({ query, node, before: lines[i - 1] ?? '' }));
	});

const readsAll = ({ node, before, query }) => ALL_ROWS.test(node) ||
	(BY_INDEX.test(node) && !node.includes('Index Cond:') &&
		!SMALL.test(node) && !isFirst(node, query) &&
		!isEnd(node, before, query));

test('no statement of the daemon goes through a table that grows', () => {
	server.query('ALTER ROLE buddyshopping SET session_preload_libraries = ' +
		'auto_explain; ALTER ROLE buddyshopping SET ' +
		'auto_explain.log_min_duration = 0');
	return withApi({ 'journal-retention': 1, 'audit-retention': 1,
		'clock-grace': 0, 'audit-anchor-interval': 1 },
	async ({ daemon, call }) => {
		for (const session of ['s', 't'])
			await (await Client.open(daemon, `/${session}`))
				.enter('startSession', 'Ann');
		assert.equal((await call('GET', '/v1/events?after=0&wait=0'))
			.status, 200);
		assert.equal((await call('GET', '/v1/sessions')).status, 200);
		assert.equal((await tool(daemon.database, ['erase', '--yes',
			'--session', 's'])).status, 0);
		// END and ERASE; PURGE is 5.
		await daemon.logged(/chain: 5:/);
		assert.equal(await daemon.stop(), 0);
		await server.stop();
		const nodes = nodesOf(server.log);
		for (const table of ['journal_body', 'session', 'customer'])
			assert(nodes.some(({ node }) => BY_INDEX.test(node) &&
				node.includes(` on ${table} `)), table);
		assert.deepEqual(nodes.filter(readsAll), []);
	});
});
