// The browser client's own tests; those that need a daemon get ours.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const client = resolve(process.env.srcdir ?? '.', 'contrib/client');
const tests = readdirSync(join(client, 'test'))
	.filter((name) => name.endsWith('.test.mjs'))
	.map((name) => join('test', name));
const { status } = spawnSync(process.execPath,
	['--experimental-websocket', '--test', ...tests],
	{ cwd: client, stdio: 'inherit' });

process.exit(status ?? 1);
