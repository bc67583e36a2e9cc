// buddyshoppingctl for tests that run it thousands of times, in one process: see
// tests/ctl_lines.c.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';

import { PROGRAM, makeFolder } from './daemon.mjs';
import { toolOptions } from './storage.mjs';

export class CtlLines {
	#complaints = path.join(makeFolder(), 'complaints');
	#child;
	#ended;
	#pieces;
	#bytes = Buffer.alloc(0);

	constructor() {
		const complaints = fs.openSync(this.#complaints, 'w+');
		this.#child = spawn(path.join(path.dirname(PROGRAM),
			'../tests/ctl_lines'), { stdio: ['pipe', 'pipe', complaints] });
		fs.closeSync(complaints);
		this.#ended = once(this.#child, 'close');
		this.#pieces = this.#child.stdout.iterator();
	}

	async #read() {
		const { value, done } = await this.#pieces.next();
		if (done)
			throw new Error('the tool ended: ' +
				fs.readFileSync(this.#complaints, 'utf8'));
		this.#bytes = Buffer.concat([this.#bytes, value]);
	}

	async #take(size) {
		while (this.#bytes.length < size)
			await this.#read();
		const taken = this.#bytes.subarray(0, size).toString();
		this.#bytes = this.#bytes.subarray(size);
		return taken;
	}

	async #takeLine() {
		while (!this.#bytes.includes('\n'))
			await this.#read();
		return this.#take(this.#bytes.indexOf('\n') + 1);
	}

	// As ctl() of ctl.mjs, but one after the other.
	async run(database, ...words) {
		this.#child.stdin.write([...toolOptions(database), ...words]
			.map((word) => `${word}\0`).join('') + '\0');
		const [status, printed, complained] = (await this.#takeLine())
			.split(' ').map(Number);
		return { status, output: await this.#take(printed),
			error: await this.#take(complained) };
	}

	// A sanitizer may complain now.
	async stop() {
		this.#child.stdin.end();
		assert.deepEqual(await this.#ended, [0, null],
			fs.readFileSync(this.#complaints, 'utf8'));
	}
}
