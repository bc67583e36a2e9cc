// The scenarios with the real daemon, whose path is in BUDDYSHOPPING.
import { test } from 'node:test';

import { Daemon } from './daemon.mjs';
import { scenarios } from './scenarios.mjs';

const program = process.env.BUDDYSHOPPING;

if (program)
	scenarios(new Daemon(program), ['websocket', 'polling']);
else
	test('the daemon', { skip: 'BUDDYSHOPPING is not set' }, () => {});
