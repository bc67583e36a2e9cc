// Somebody else who has a transaction in a database.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const DONE = 'done\n';

export class Psql {
	#child;
	#ended;
	#said = '';
	#resolve = () => {};

	// On a server (lib/postgres.mjs).
	constructor(server, url) {
		this.#child = spawn(path.join(server.folder, 'bin/psql'),
			['-X', '-q', '-A', '-t', '-d', url],
			{ stdio: ['pipe', 'pipe', 'inherit'] });
		process.on('exit', () => this.#child.kill());
		this.#ended = once(this.#child, 'close');
		this.#child.stdout.on('data', (data) => {
			this.#said += data;
			if (this.#said.endsWith(DONE))
				this.#resolve();
		});
	}

	// Resolves when it is done, whatever came of it.
	run(sql) {
		this.#said = '';
		return new Promise((resolve) => {
			this.#resolve = resolve;
			this.#child.stdin.write(`${sql};\n\\echo done\n`);
		});
	}

	async end() {
		this.#child.stdin.end();
		await this.#ended;
	}
}
