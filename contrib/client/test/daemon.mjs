// The real daemon as a process, on a port and with a database of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

export class Daemon {
	name = 'the daemon';
	hasPolling = false;
	port = 0;
	#program;
	#folder = null;
	#process = null;

	constructor(program) {
		this.#program = program;
	}

	async start() {
		this.#folder ??= await mkdtemp(path.join(tmpdir(), 'shop-'));
		this.#process = spawn(this.#program, ['-d',
			path.join(this.#folder, 'test.db'), '-o', 'drain-time=0',
			'-o', 'presence-grace=3600', '-o', 'core-dumps=yes',
			String(this.port)],
		{ stdio: ['ignore', 'ignore', 'pipe'] });
		this.port = await this.#listening();
		this.hasPolling = await this.#answersPost();
	}

	async #listening() {
		const said = [];
		const lines = readline.createInterface(
			{ input: this.#process.stderr });
		for await (const line of lines) {
			said.push(line);
			const port = /listening on .*:(\d+)$/.exec(line)?.[1];
			if (port !== undefined) {
				this.#process.stderr.resume();
				return Number(port);
			}
		}
		throw new Error(`no daemon: ${said.join('\n')}`);
	}

	async #answersPost() {
		const response = await fetch(`http://127.0.0.1:${this.port}/s1`,
			{ method: 'POST', body: '{' });
		return response.status === 400 &&
			(await response.text()).includes('invalidJson');
	}

	async #end(signal) {
		if (this.#process.exitCode !== null ||
		    this.#process.signalCode !== null)
			return;
		this.#process.kill(signal);
		await once(this.#process, 'exit');
	}

	stop() {
		return this.#end('SIGTERM');
	}

	kill() {
		return this.#end('SIGKILL');
	}

	async clean() {
		await this.kill();
		await rm(this.#folder, { recursive: true });
	}
}
