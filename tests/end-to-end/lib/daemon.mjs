// The daemon as a child process, in a folder of its own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { daemonOptions } from './storage.mjs';

export { lacking, skip } from './skip.mjs';

export const PROGRAM = path.resolve(process.argv[2] ?? process.env.BUDDYSHOPPING ??
	'src/buddyshopping');

// The same on a disk that fails on demand: see tests/faults.c.
export const FAULTY = path.join(path.dirname(PROGRAM), '../tests/faulty');

// A sanitizer that keeps what is freed would spoil figures of memory.
const ASAN_OPTIONS = [process.env.ASAN_OPTIONS, 'quarantine_size_mb=1']
	.filter(Boolean).join(':');

const children = new Set();
const folders = new Set();

// What is said of the sockets that a setting asks for besides.
const PURPOSES = { 'fastcgi-listen': 'FastCGI',
	'api-listen': "the shop's server" };
// Nothing here takes as long: what is awaited will not come.
const PATIENCE_MS = 300000;

// A test that fails leaves nothing behind.
process.on('exit', () => {
	for (const child of children)
		child.kill('SIGKILL');
	for (const folder of folders)
		fs.rmSync(folder, { recursive: true, force: true });
});

// A new folder that goes with this process.
export const makeFolder = () => {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'end-to-end.'));
	folders.add(folder);
	return folder;
};

// Where a daemon or a front is: its host, port, and what stands in front of the
// targets of tests, which begin with a slash.
export class Daemon {
	host = '127.0.0.1';
	base = '';
	log = '';
	#watchers = new Set();

	// Resolves once it listens, on any port if none is given nor `listen` set,
	// which has to name one as its first place; `settings` are
	// -o KEY=VALUE, `configuration` is a file of them, `url` where it goes for
	// its database in PostgreSQL.
	static async start({ database, url, configuration, settings = {}, env = {},
		port = 0, program = PROGRAM }) {
		// LeakSanitizer looks into the daemon too.
		const options = Object.entries({ 'drain-time': 0,
			'core-dumps': 'yes', ...settings })
			.flatMap(([key, value]) => ['-o', `${key}=${value}`]);
		if (configuration !== undefined)
			options.push('-c', configuration);
		const daemon = new Daemon([...daemonOptions(database, url), ...options,
			...settings.listen === undefined ? [String(port)] : []], env, program);
		const line = await daemon.logged(
			/listening on (?:\[::\]|0\.0\.0\.0):(\d+)/);
		daemon.port = Number(line[1]);
		for (const [setting, purpose] of Object.entries(PURPOSES))
			if (settings[setting] !== undefined)
				await daemon.logged(
					RegExp(`listening on .* for ${purpose}\n`));
		daemon.database = database;
		return daemon;
	}

	constructor(args, env, program = PROGRAM) {
		const { PROTOCOL, NOTIFY_SOCKET, ...inherited } = process.env;
		this.child = spawn(program, args, {
			env: { ...inherited, ASAN_OPTIONS, ...env },
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		children.add(this.child);
		this.pid = this.child.pid;
		this.child.stderr.on('data', (data) => this.#read(data));
		// Resolves to its exit status or the signal that ended it.
		this.ended = once(this.child, 'close').then(([status, signal]) => {
			children.delete(this.child);
			for (const watcher of this.#watchers)
				watcher.reject(new Error(`daemon ended:\n${this.log}`));
			return signal ?? status;
		});
	}

	#read(data) {
		this.log += data;
		for (const watcher of this.#watchers)
			this.#look(watcher);
	}

	#look(watcher) {
		const match = this.log.match(watcher.pattern);
		if (match === null)
			return;
		this.#watchers.delete(watcher);
		watcher.resolve(match);
	}

	// Resolves to the match of pattern in its log, when there is one.
	logged(pattern) {
		return new Promise((resolve, reject) => {
			const watcher = { pattern, resolve, reject };
			this.#watchers.add(watcher);
			this.#look(watcher);
		});
	}

	kill(signal = 'SIGKILL') {
		this.child.kill(signal);
		return this.ended;
	}

	stop() {
		return this.kill('SIGTERM');
	}

	#status(field) {
		const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
		return Number(status.match(RegExp(`^${field}:\\s+(\\d+) kB$`, 'm'))[1]) *
			1024;
	}

	// Resident memory in bytes.
	memory() {
		return this.#status('VmRSS');
	}

	// A sanitizer has its tables beside all memory that there could be.
	isSanitized() {
		return this.#status('VmSize') > 2 ** 40;
	}

	// How often it touched a page that it did not have.
	pageFaults() {
		const stat = fs.readFileSync(`/proc/${this.pid}/stat`, 'utf8');
		return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[7]);
	}
}

// Resolves as steps() does, unless it hangs.  Where it fails no daemon is left,
// which ends the tests beside it too; and whatever else is left open, a server
// perhaps, does not keep the file from its end.
export const withPatience = async (steps) => {
	let timer;
	const end = new Promise((resolve, reject) => {
		timer = setTimeout(reject, PATIENCE_MS, new Error('it hangs'));
	});
	try {
		return await Promise.race([steps(), end]);
	} catch (error) {
		for (const child of children)
			child.kill('SIGKILL');
		setTimeout(process.exit, PATIENCE_MS, 1).unref();
		throw error;
	} finally {
		clearTimeout(timer);
	}
};

// Run steps with a daemon of these settings, a new database, and a function
// that starts another daemon on it.
export const withDaemon = (settings, steps, env = {}) =>
	withPatience(async () => {
		const database = path.join(makeFolder(), 'shop.db');
		const start = () => Daemon.start({ database, settings, env });
		const daemon = await start();
		await steps(daemon, start);
		if (children.has(daemon.child))
			assert.equal(await daemon.stop(), 0);
	});
