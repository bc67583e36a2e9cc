// What the manual has administrators of PostgreSQL type, and what names of
// databases mean there, with a server of the test's own.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, PROGRAM } from './lib/daemon.mjs';
import { blocksFor, POSTGRES } from './lib/documents.mjs';
import { Postgres } from './lib/postgres.mjs';

const PRINTED_KEY = '/var/lib/buddyshopping/tokens.key';

const server = await Postgres.start();
const blocks = blocksFor(POSTGRES, 'man/buddyshopping.8')
	.map(({ text }) => text);
const folder = makeFolder();

const block = (beginning) => {
	const found = blocks.filter((text) => text.startsWith(beginning));
	assert.equal(found.length, 1, beginning);
	return found[0];
};

// Runs commands as who administers the server.
const administer = (commands) => execFileSync('sh', ['-euc', commands], {
	cwd: folder,
	env: { ...process.env, PGHOST: server.folder, PGUSER: 'postgres',
		PATH: `${server.folder}/bin:${process.env.PATH}` },
	stdio: ['ignore', 'inherit', 'inherit'],
});

// What -t says of settings; the key is in a folder of the test's own.
const check = (...words) => spawnSync(PROGRAM, ['-t', ...words],
	{ encoding: 'utf8' });

test('role and database are made, copied and restored as it says', () => {
	// The server was made with the role.
	server.query('DROP ROLE buddyshopping');
	administer(block('createuser'));
	const url = server.url('buddyshopping');
	server.query('CREATE SCHEMA buddyshopping; ' +
		'CREATE TABLE buddyshopping.t (x TEXT COLLATE "C"); ' +
		'INSERT INTO buddyshopping.t VALUES (\'é\')', url);
	administer(block('pg_dump'));
	administer(block('createdb'));
	const restored = server.url('restored');
	assert.equal(server.query('SELECT x FROM buddyshopping.t', restored), 'é');
	server.query('INSERT INTO buddyshopping.t VALUES (2)', restored);
	assert.equal(server.query('SELECT tableowner FROM pg_tables ' +
		'WHERE schemaname = \'buddyshopping\'', restored), 'buddyshopping');
});

test('the settings are valid where libpq is', () => {
	const file = path.join(folder, 'shop.conf');
	fs.writeFileSync(file, block('database =')
		.replace(PRINTED_KEY, `${folder}/tokens.key`));
	const { status, stderr } = check('-c', file);
	if (/built without libpq/.test(stderr))
		assert.equal(status, 78);
	else
		assert.equal(status, 0, stderr);
});

test('an auditor may read, and nothing else', () => {
	server.query('CREATE ROLE auditor LOGIN');
	const [owner, auditor] = ['buddyshopping', 'auditor']
		.map((user) => server.url('buddyshopping', user));
	const count = (table) => server.query(
		`SELECT count(*) FROM buddyshopping.${table}`, auditor);
	assert.throws(() => count('t'), /permission denied/);
	server.query(block('GRANT'), owner);
	assert.equal(count('t'), '1');
	server.query('CREATE TABLE buddyshopping.later (x INT)', owner);
	assert.equal(count('later'), '0');
	assert.throws(() => server.query('DELETE FROM buddyshopping.t', auditor),
		/permission denied/);
});

// PGSERVICEFILE is for psql here.
test('the service is one that libpq reads', () => {
	const file = path.join(folder, 'service.conf');
	fs.writeFileSync(file, block('[shop]')
		.replace(/^host=.*$/m, `host=${server.folder}`)
		.replace(/^sslmode=.*\n/m, ''));
	const said = execFileSync(`${server.folder}/bin/psql`, ['-X', '-A', '-t',
		'-d', 'service=shop', '-c', 'SELECT current_user'],
	{ encoding: 'utf8', env: { ...process.env, PGSERVICEFILE: file } });
	assert.equal(said, 'buddyshopping\n');
});

test('names mean to libpq what they are taken for', () => {
	const own = server.folder;
	for (const name of [
		`postgresql://buddyshopping:x%40%2F@${encodeURIComponent(own)}/postgres`,
		`postgres:///postgres?host=${own}&user=buddyshopping&password=x`,
		`host=${own} dbname=postgres user=buddyshopping`,
		`dbname=postgres host='${own}' user = buddyshopping password='a b'`,
	]) {
		assert.equal(server.query('SELECT current_user', name),
			'buddyshopping', name);
		const { status, stderr } = check('-d', name, '-o',
			`key-file=${folder}/tokens.key`);
		assert(status === 0 || /built without libpq/.test(stderr), stderr);
	}
});

// The server asks for none, so that any will do.
test('no password is told of a database that is used', async (t) => {
	const { stderr } = check('-d', 'service=shop');
	if (/built without libpq/.test(stderr)) {
		t.skip('built without libpq');
		return;
	}
	const database = `${server.database()}&password=hunter2`;
	const running = await Daemon.start({ database, settings: {
		'key-file': path.join(folder, 'used.key'), 'log-level': 'debug',
		'admin-listen': `unix:${folder}/admin` } });
	const configuration = path.join(folder, 'used.conf');
	fs.writeFileSync(configuration, `admin-listen = "unix:${folder}/admin"\n`);
	const told = [];
	for (const words of [['config'], ['status'], ['audit', 'head'],
		['audit', 'show', 'none']])
		told.push(await ctl(database, '-c', configuration, ...words));
	await server.stop();
	told.push(await ctl(database, 'audit', 'head'));
	await running.stop();
	assert.match(told[1].output, /password=\*\*\*/);
	for (const text of [running.log,
		...told.map(({ output, error }) => output + error)])
		assert(!text.includes('hunter2'), text);
});
