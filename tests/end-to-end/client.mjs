// The browser client's own tests; those that need a daemon get ours.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const client = resolve(process.env.srcdir ?? '.', 'contrib/client');
const tests = readdirSync(join(client, 'test'))
	.filter((name) => name.endsWith('.test.mjs'))
	.map((name) => join('test', name));
// WebSocket came with node 20.10, at first for those who ask for it.
const NATIVE = '--experimental-websocket';
const options = process.allowedNodeEnvironmentFlags.has(NATIVE) ? [NATIVE] :
	['--import', new URL('lib/browser-globals.mjs', import.meta.url).href];
const { status } = spawnSync(process.execPath,
	[...options, '--test', ...tests], { cwd: client, stdio: 'inherit' });

process.exit(status ?? 1);
