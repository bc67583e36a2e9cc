// A PostgreSQL server of a script's own: see tests/postgres.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { lacking, skip } from './skip.mjs';

const TOOL = fileURLToPath(new URL('../../postgres', import.meta.url));
// The signals by which its manual says that it is ended.
const SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' };
// The latter as a standby.
const READY = /ready to accept (?:connections|read-only connections)\n/;

const servers = new Set();

process.on('exit', () => {
	for (const server of servers)
		spawnSync(TOOL, ['remove', server.folder]);
});

const makeFolder = () => {
	const { status, stdout, stderr } = spawnSync(TOOL, ['make'],
		{ encoding: 'utf8' });
	if (status === 77)
		skip(lacking('postgresql', stderr.trim()));
	assert.equal(status, 0, stderr);
	return stdout.trim();
};

export class Postgres {
	// All that it says, the latest start's last.
	log = '';
	#databases = 0;
	#child;
	#ended;

	// Resolves to a new server that serves; `settings` are those of
	// postgresql.conf.  Where there is none, these tests are skipped.
	static async start(settings = {}) {
		const server = new Postgres();
		server.folder = makeFolder();
		servers.add(server);
		await server.restart(settings);
		return server;
	}

	// Resolves once it serves again, after stop() or kill().
	restart(settings = {}) {
		const options = Object.entries(settings)
			.flatMap(([key, value]) => ['-c', `${key}=${value}`]);
		const began = this.log.length;
		this.#child = spawn(TOOL, ['serve', this.folder, ...options],
			{ stdio: ['ignore', 'ignore', 'pipe'] });
		// Its last process has closed it then.
		this.#ended = once(this.#child, 'close');
		return new Promise((resolve, reject) => {
			this.#child.stderr.on('data', (data) => {
				this.log += data;
				if (!READY.test(this.log.slice(began)))
					return;
				// A script may end before it.
				this.#child.unref();
				this.#child.stderr.unref();
				resolve();
			});
			this.#ended.then(() => reject(new Error(this.log)));
		});
	}

	// Resolves once none of its processes is left.
	stop(mode = 'fast') {
		return this.#end(SIGNALS[mode]);
	}

	kill() {
		return this.#end('SIGKILL');
	}

	async #end(signal) {
		this.#child.ref();
		this.#child.stderr.ref();
		this.#child.kill(signal);
		await this.#ended;
	}

	url(database, user = 'buddyshopping') {
		return `postgresql:///${database}?host=${this.folder}&user=${user}`;
	}

	// The URL of a database that is not there yet, for its owner.
	nextUrl() {
		return this.url(`shop${++this.#databases}`);
	}

	// Makes it, empty.
	create(url) {
		const [, name] = /^postgresql:\/\/\/(\w+)/.exec(url);
		this.query(`CREATE DATABASE ${name} OWNER buddyshopping ` +
			'TEMPLATE template0');
		return url;
	}

	// The URL of a new and empty database.
	database() {
		return this.create(this.nextUrl());
	}

	// All rows of a database as text, bytes in hexadecimal.
	dump(url) {
		return execFileSync(path.join(this.folder, 'bin/pg_dump'),
			['--data-only', '-d', url], { encoding: 'utf8',
				maxBuffer: 1 << 30 });
	}

	// What psql prints of statements, with | between columns, behind those of a
	// file; by a superuser of the server if no URL is given.
	query(sql, url = this.url('postgres', 'postgres'), file = undefined) {
		return execFileSync(path.join(this.folder, 'bin/psql'), ['-X', '-q',
			'-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url,
			...file === undefined ? [] : ['-f', file], '-c', sql],
		{ encoding: 'utf8', maxBuffer: 1 << 30,
			stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd();
	}
}
