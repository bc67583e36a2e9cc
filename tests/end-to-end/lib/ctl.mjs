// buddyshoppingctl, which the build has beside the daemon.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { toolOptions } from './storage.mjs';

const PROGRAM = path.resolve(process.argv[2] ?? process.env.BUDDYSHOPPING ??
	'src/buddyshopping') + 'ctl';

// A run of it: `child`, and `ended`, which resolves to its exit status, or the
// signal that ended it, and what it printed and complained of.
export const startCtl = (database, ...words) => {
	const child = spawn(PROGRAM, [...toolOptions(database), ...words],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '', error = '';
	child.stdout.on('data', (data) => { output += data; });
	child.stderr.on('data', (data) => { error += data; });
	const ended = once(child, 'close').then(([status, signal]) =>
		({ status: signal ?? status, output, error }));
	return { child, ended };
};

export const ctl = (database, ...words) => startCtl(database, ...words).ended;
