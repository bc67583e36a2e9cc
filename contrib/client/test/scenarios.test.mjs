// The scenarios with the fake daemon and, if its path is in BUDDYSHOPPING, with
// the real one: at the same time, as they mostly wait.
import { describe, test } from 'node:test';

import { Daemon } from './daemon.mjs';
import { FakeDaemon } from './fake-daemon.mjs';
import { scenarios } from './scenarios.mjs';

const program = process.env.BUDDYSHOPPING;
const daemons = [new FakeDaemon()];

if (program)
	daemons.push(new Daemon(program));
else
	test('the daemon', { skip: 'BUDDYSHOPPING is not set' }, () => {});

describe('scenarios', { concurrency: true }, () => {
	for (const daemon of daemons)
		describe(daemon.name, { concurrency: 1 }, () =>
			scenarios(daemon, ['websocket', 'polling']));
});
