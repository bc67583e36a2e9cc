// Which storage the daemon has in these tests: SQLite, or PostgreSQL if the
// environment says STORAGE=postgresql, unless a script is about one of them
// (on-sqlite.mjs, on-postgresql.mjs).  Tests name a database by the path of a
// file; in PostgreSQL each path stands for a database of its own on the script's
// server, and the file there is the key's (key-file), so that what is beside a
// database's file, such as the administrator's socket, is where it always is.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { Postgres } from './postgres.mjs';
import { lacking, skip } from './skip.mjs';

const MAX_OUTPUT = 1 << 30;

export const STORAGE = process.env.STORAGE || 'sqlite';

// The server; undefined with SQLite.
export const server = STORAGE === 'postgresql' ? await Postgres.start() :
	undefined;

// A test that says itself where a database is says no path.
const isMapped = (file) => server !== undefined && path.isAbsolute(file);

const databases = new Map();	// path -> {url, configuration, isMade}

const find = (file) => {
	if (!databases.has(file)) {
		const configuration = path.join(server.folder,
			`${databases.size}.conf`);
		fs.writeFileSync(configuration, `key-file = "${file}"\n`);
		databases.set(file, { url: server.nextUrl(), configuration,
			isMade: false });
	}
	return databases.get(file);
};

// The URL of a path's database, which a daemon was started on.
export const urlOf = (file) => find(file).url;

// A path's database is that at a URL from now on.
export const move = (file, url) => {
	Object.assign(find(file), { url, isMade: true });
};

// The options by which the daemon finds a database, which is made for it: at
// another URL, if one is given.
export const daemonOptions = (file, url) => {
	if (!isMapped(file))
		return ['-d', file];
	const database = find(file);
	if (!database.isMade)
		server.create(database.url);
	database.isMade = true;
	return ['-d', url ?? database.url, '-o', `key-file=${file}`];
};

// Likewise the tool, which finds the daemon, too: not with another -c behind it.
export const toolOptions = (file) => !isMapped(file) ? ['-d', file] :
	['-d', find(file).url, '-c', find(file).configuration];

// For a test of what only one storage has, as its `skip`: why it is left out with
// the other.
export const unlessOn = (storage, why) => STORAGE !== storage &&
	`only with ${storage}: ${why}`;

// Why a database cannot be looked into here; null if it can.
export const lackingQuery = () => {
	if (server !== undefined)
		return null;
	try {
		execFileSync('sqlite3', ['-version']);
	} catch {
		return lacking('test', 'the command sqlite3 was not found');
	}
	return null;
};

// Skips these tests where it cannot.
export const needQuery = () => {
	const reason = lackingQuery();
	if (reason !== null)
		skip(reason);
};

// As sqlite3 prints rows with -json.
const asJson = (sql) =>
	`SELECT coalesce(json_agg(found), '[]') FROM (${sql}) AS found`;

const queryServer = (file, sql) => JSON.parse(server.query(
	'SET search_path = buddyshopping; ' + asJson(sql.replace(
		/\bhex\(([^)]*)\)/g, "upper(encode($1, 'hex'))")), urlOf(file)));

// The rows of a SELECT as objects; hex(COLUMN) is what SQLite makes of it.
export const query = (file, sql) => {
	if (server !== undefined)
		return queryServer(file, sql);
	const output = execFileSync('sqlite3', ['-readonly', '-json', file, sql],
		{ maxBuffer: MAX_OUTPUT, encoding: 'utf8' });
	return output === '' ? [] : JSON.parse(output);
};

const VIEWS = path.join(process.env.srcdir ?? '.', server === undefined ?
	'sql/audit.sql' : 'sql/postgres/audit.sql');

// What a statement prints behind sql/audit.sql.
export const runOnViews = (file, sql) => server !== undefined ?
	server.query(sql, urlOf(file), VIEWS) :
	execFileSync('sqlite3', ['-readonly', '-bail', '-json', '-init', VIEWS,
		file, sql], { encoding: 'utf8', stdio: 'pipe' });

// The rows of its views as objects.
export const queryViews = (file, sql) =>
	JSON.parse(runOnViews(file, server === undefined ? sql : asJson(sql)) ||
		'[]');

// Statements said for SQLite, where triggers have to be dropped first.
const toServer = (sql) => 'SET search_path = buddyshopping; ' +
	'SET session_replication_role = replica; ' +
	sql.replace(/DROP TRIGGER \w+;/g, '').replace(/\bchar\(/g, 'chr(');

// Run statements that change the database behind the daemon's back, and against
// its triggers.
export const tamper = (file, sql) => server !== undefined ?
	server.query(toServer(sql), urlOf(file).replace(/user=.*/, 'user=postgres')) :
	execFileSync('sqlite3', [file, sql], { encoding: 'utf8' });

// What the tool says behind an erasure.
export const ERASED_WORDS = server === undefined ? '' :
	'buddyshoppingctl: copies are left of what was erased: in the server\'s ' +
	'write-ahead log, on standbys, in backups, and in free room of its ' +
	'files: see buddyshopping(8), POSTGRESQL\n';

// Whether text is in any file of a database; in PostgreSQL, in any row.
export const hasText = (file, text) => {
	if (server !== undefined) {
		const rows = server.dump(urlOf(file));
		return rows.includes(text) ||
			rows.includes(Buffer.from(text).toString('hex'));
	}
	const folder = path.dirname(file);
	return fs.readdirSync(folder)
		.filter((name) => name.startsWith(path.basename(file)) &&
			!name.endsWith('.admin'))
		.some((name) => fs.readFileSync(path.join(folder, name))
			.includes(text));
};
