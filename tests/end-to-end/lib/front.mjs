// A web server in front of the daemon: the sample that contrib/ has for it, as
// it is but for addresses and paths, and the daemon as the sample wants it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { Daemon, lacking, makeFolder } from './daemon.mjs';
import { SERVERS } from './servers.mjs';

const SOURCES = path.resolve(process.env.srcdir ?? '.');

const PROGRAM_FOLDERS = [...(process.env.PATH ?? '').split(':'),
	'/usr/sbin', '/usr/local/sbin'];

// Whom servers are run as that will not be run by root.
const NOBODY = 65534;
const isRoot = process.getuid() === 0;

// The socket of systemd's that samples name; here the daemon makes its own.
const SOCKET = '/run/buddyshopping-fastcgi.sock';

const groups = new Set();

process.on('exit', () => {
	for (const pid of groups)
		process.kill(-pid, 'SIGKILL');
});
// Signals to this process's group do not reach those.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'])
	process.on(signal, () => process.exit(1));

const findProgram = (name) => PROGRAM_FOLDERS
	.map((folder) => path.join(folder, name))
	.find((file) => fs.existsSync(file));

// A loopback address that no other process of this kind has, so that nothing
// takes a port between finding it and its use.
const ownAddress = () => {
	const { pid } = process;
	return `127.${1 + (pid >> 16) % 254}.${pid >> 8 & 255}.${pid & 255}`;
};

const findPort = async (host) => {
	const server = net.createServer().listen(0, host);
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
};

// What a sample's comment says for the daemon's configuration.
const settingsOf = (text) =>
	[...text.matchAll(/^#\t([a-z-]+ = .*)$/gm)].map(([, line]) => line)
		.join('\n');

// Its other indented lines are of the server's main configuration.
const commentOf = (text) =>
	[...text.matchAll(/^#\t(?![a-z-]+ = |systemctl )(.*)$/gm)]
		.map(([, line]) => line)
		.join('\n');

// Put in what is meant; the sample must say all that is replaced.
const replaceAll = (text, changes) => {
	for (const [said, meant] of Object.entries(changes)) {
		assert(text.includes(said), `the sample does not say ${said}`);
		text = text.replaceAll(said, meant);
	}
	return text;
};

// Resolves when text that matches is in a file that grows.
const written = (file, pattern, signal) => new Promise((resolve, reject) => {
	const look = () => {
		if (!pattern.test(fs.readFileSync(file, 'utf8')))
			return;
		watcher.close();
		resolve();
	};
	const watcher = fs.watch(file, look);
	signal.addEventListener('abort', () => {
		watcher.close();
		reject(new Error(`ended:\n${fs.readFileSync(file, 'utf8')}`));
	});
	look();
});

// Starts and stops both.  It has what a place has: host, port and base.
export class Front {
	host = ownAddress();
	#folder = makeFolder();
	#server;
	#socket;	// of the daemon's FastCGI, where the sample has one
	#sample;	// the file that the server reads
	#child;

	// Why there cannot be one; undefined if there can.
	static whyNot(name) {
		const { program } = SERVERS[name];
		return findProgram(program) === undefined ?
			lacking('all', `${name} is not installed`) : undefined;
	}

	// settings are for the daemon, besides those that the sample asks for;
	// changes are those that the sample is to have, text -> text.
	constructor(name, settings = {}, changes = {}) {
		this.#server = SERVERS[name];
		this.text = replaceAll(fs.readFileSync(
			path.join(SOURCES, this.#server.sample), 'utf8'), changes);
		this.settings = { ...settings };
		this.database = path.join(makeFolder(), 'shop.db');
		if (isRoot)
			fs.chownSync(this.#folder, NOBODY, NOBODY);
		this.#writeConfiguration();
	}

	get sulks() {
		return this.#server.sulks ?? false;
	}

	get #configuration() {
		return path.join(this.#folder, 'daemon.conf');
	}

	get url() {
		return `http://${this.host}:${this.port}${this.base}`;
	}

	// The timeouts of the sample that must let a poll wait, in seconds.
	get timeouts() {
		return this.#server.timeouts.map((pattern) => {
			assert.match(this.text, pattern);
			return Number(this.text.match(pattern)[1]);
		});
	}

	#writeConfiguration() {
		const configuration = settingsOf(this.text);
		[, this.base] = configuration.match(/^base-path = "(.*)\/"$/m);
		if (this.text.includes(SOCKET)) {
			this.#socket = path.join(this.#folder, 'fastcgi.sock');
			this.settings['fastcgi-listen'] = `unix:${this.#socket}`;
			if (isRoot)
				this.settings['fastcgi-owner'] = `:${NOBODY}`;
		}
		fs.writeFileSync(this.#configuration, configuration);
	}

	async start() {
		await this.startDaemon();
		this.port = await findPort(this.host);
		this.#writeFiles();
		await this.startServer();
	}

	// Where it was before, if it was.
	async startDaemon() {
		this.daemon = await Daemon.start({ database: this.database,
			configuration: this.#configuration,
			settings: this.settings, port: this.daemon?.port });
		this.daemon.base = this.base;
		this.daemon.socket = this.#socket;
		if (this.#socket !== undefined)
			await this.daemon.logged(/ for FastCGI\n/);
	}

	#writeFiles() {
		const { host, port } = this;
		const folder = this.#folder;
		const sample = path.join(folder, path.basename(this.#server.sample) +
			'.sample');
		const here = { host, port, folder, sample, socket: this.#socket,
			daemonPort: this.daemon.port, comment: commentOf(this.text),
			program: findProgram(this.#server.program) };
		const files = { [path.basename(sample)]:
			replaceAll(this.text, this.#server.places(here)),
		...this.#server.files(here) };
		for (const [name, text] of Object.entries(files))
			fs.writeFileSync(path.join(folder, name), text);
		this.#sample = sample;
	}

	async startServer() {
		const { program, args, ready } = this.#server;
		const log = path.join(this.#folder, 'log');
		fs.writeFileSync(log, '');
		const fd = fs.openSync(log, 'a');
		if (isRoot)
			fs.fchownSync(fd, NOBODY, NOBODY);
		const child = spawn(findProgram(program),
			args(this.#folder, this.#sample), {
				// The group has all of the server's processes.
				detached: true,
				// Ours may be closed to whom it is run as.
				cwd: this.#folder,
				stdio: ['ignore', fd, fd],
				env: { PATH: PROGRAM_FOLDERS.join(':'),
					HOME: this.#folder },
				...isRoot && { uid: NOBODY, gid: NOBODY },
			});
		fs.closeSync(fd);
		groups.add(child.pid);
		const control = new AbortController();
		this.#child = child;
		this.ended = once(child, 'exit').then(() => {
			groups.delete(child.pid);
			control.abort();
		});
		await written(log, ready, control.signal);
	}

	// What the server logged.
	log() {
		return fs.readFileSync(path.join(this.#folder, 'log'), 'utf8');
	}

	stopServer() {
		this.#child.kill('SIGTERM');
		return this.ended;
	}

	async stop() {
		await this.stopServer();
		return this.daemon.stop();
	}
}
