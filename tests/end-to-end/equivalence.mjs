// Which transport a customer uses makes no difference: a script of events, made
// from a seed, is run over WebSockets, by polling over HTTP and over FastCGI,
// and with members who change between them at random.  In between the shop
// locks the session, and nobody changes anything.  Every other member takes
// deltas.  Everything that anybody sees is a state of the journal, in its order,
// and all runs end in the same bytes.  SEEDS says how many scripts, FIRST_SEED
// which is the first.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { checkScripts, countDeltas, countSeen, runScripts } from './lib/equivalence.mjs';
import { needQuery } from './lib/storage.mjs';

const SEEDS = Number(process.env.SEEDS ?? 20);
const FIRST_SEED = Number(process.env.FIRST_SEED ?? 1);

needQuery();

test(`${SEEDS} scripts end alike over all transports`, async () => {
	const folder = makeFolder();
	const database = path.join(folder, 'shop.db');
	const socket = path.join(folder, 'fastcgi.sock');
	// Nobody expires while other scripts are run.
	const daemon = await withPatience(() => Daemon.start({ database,
		settings: { 'message-rate': 0, 'absence-window': 86400,
			'fastcgi-listen': `unix:${socket}` } }));
	await daemon.logged(/ for FastCGI\n/);
	daemon.socket = socket;
	const shop = async (deed, session) => {
		const { status, error } = await ctl(database, deed, session);
		assert.equal(status, 0, error);
	};
	const runs = await runScripts([daemon], FIRST_SEED, SEEDS, shop);
	assert.equal(await daemon.stop(), 0);
	checkScripts(database, runs);
	for (const transport of ['websocket', 'polling', 'fastcgi', 'all'])
		assert(countDeltas(runs.filter(({ mode }) => mode === transport)) > 0,
			transport);
	console.log(`# ${countSeen(runs)} states were seen in ${runs.length} ` +
		`sessions, ${countDeltas(runs)} by deltas`);
});
