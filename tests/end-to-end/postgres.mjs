// The PostgreSQL server of tests itself: that it keeps what it is told to keep,
// and that nothing is left of it.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { withPatience } from './lib/daemon.mjs';
import { Postgres } from './lib/postgres.mjs';

const TOOL = fileURLToPath(new URL('../postgres', import.meta.url));

const server = await Postgres.start();

test('each database is empty and its owner\'s, who is no superuser', () => {
	const [one, other] = [server.database(), server.database()];
	server.query('CREATE SCHEMA s; CREATE TABLE s.t (x INT)', one);
	assert.equal(server.query('SELECT count(*) FROM s.t', one), '0');
	assert.throws(() => server.query('SELECT count(*) FROM s.t', other),
		/does not exist/);
	assert.equal(server.query('SELECT usesuper FROM pg_user ' +
		'WHERE usename = current_user', one), 'f');
	assert.equal(server.query('SHOW server_encoding', one), 'UTF8');
	assert.throws(() => server.query('CREATE DATABASE x', one), /denied/);
});

test('it listens on no address', () =>
	assert.equal(server.query('SHOW listen_addresses'), ''));

test('what was committed is there after each of its ends', () =>
	withPatience(async () => {
		const url = server.database();
		server.query('CREATE SCHEMA s; CREATE TABLE s.t (x TEXT)', url);
		for (const end of ['smart', 'fast', 'immediate', 'kill']) {
			server.query(`INSERT INTO s.t VALUES ('${end}')`, url);
			await (end === 'kill' ? server.kill() : server.stop(end));
			assert.throws(() => server.query('SELECT 1', url),
				/No such file|refused/);
			await server.restart({ statement_timeout: '7s' });
			assert.equal(server.query('SHOW statement_timeout', url),
				'7s');
		}
		assert.equal(server.query('SELECT x FROM s.t ORDER BY ctid', url),
			'smart\nfast\nimmediate\nkill');
	}));

test('run exits as its command does, and leaves nothing', () => {
	const { status, stdout, stderr } = spawnSync(TOOL, ['run', 'sh', '-c',
		'"$POSTGRES_FOLDER/bin/psql" -X -A -t -d "$POSTGRES_URL" ' +
		'-c "SELECT current_user" && echo "$POSTGRES_FOLDER"; exit 7'],
	{ encoding: 'utf8' });
	assert.equal(status, 7, stderr);
	const [user, folder] = stdout.trim().split('\n');
	assert.equal(user, 'buddyshopping');
	assert(!fs.existsSync(folder));
});

// Its standard output is shared with the server and with the command.
test('no process is left of a run that is killed', () =>
	withPatience(async () => {
		const child = spawn(TOOL, ['run', 'sh', '-c',
			'echo "$POSTGRES_FOLDER"; exec sleep 10000'],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
		const ended = once(child, 'close');
		const [folder] = await once(child.stdout, 'data');
		child.kill('SIGKILL');
		await ended;
		execFileSync(TOOL, ['remove', String(folder).trim()]);
		assert(!fs.existsSync(String(folder).trim()));
	}));
