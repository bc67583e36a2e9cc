// buddyshoppingctl beside the daemon.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { toolOptions } from './storage.mjs';

export const PROGRAM = path.resolve(process.env.BUDDYSHOPPINGCTL ??
	path.join(path.dirname(process.argv[2] ?? 'src/x'), 'buddyshoppingctl'));

const MAX_OUTPUT = 1 << 28;

// Resolves to {status, stdout, stderr} of the command, however it ends.
export const tool = (database, args, env = {}) => new Promise((resolve) => {
	const child = execFile(PROGRAM, [...toolOptions(database), ...args], {
		encoding: 'utf8',
		env: { ...process.env, NO_COLOR: '', ...env },
		maxBuffer: MAX_OUTPUT,
	}, (error, stdout, stderr) => {
		resolve({ status: child.exitCode ?? child.signalCode, stdout,
			stderr });
	});
});

// The objects of a command that prints one a line; it must succeed.
export const toolObjects = async (database, args) => {
	const { status, stdout, stderr } = await tool(database, args);
	if (status !== 0)
		throw new Error(`status ${status}: ${stderr}`);
	return stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line));
};

// Whether this machine has script(1), which the next function needs.
export const hasScript = (() => {
	try {
		execFileSync('script', ['-V'], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
})();

// A command in a terminal of script(1), where `reply` is typed if it asks, or
// what that resolves to if it is a function; resolves to what it shows.
export const onTerminal = async (command, env = {}, reply = undefined) => {
	const words = command
		.map((word) => `'${word.replaceAll('\'', '\'\\\'\'')}'`);
	const child = spawn('script', ['-qec', words.join(' '), '/dev/null'], {
		env: { ...process.env, TERM: 'xterm', ...env },
		stdio: [reply === undefined ? 'ignore' : 'pipe', 'pipe',
			'inherit'],
	});
	const closed = once(child, 'close');
	let shown = '';
	for await (const data of child.stdout.setEncoding('utf8')) {
		shown += data;
		if (reply !== undefined && shown.endsWith('[y/N] '))
			child.stdin.end(typeof reply === 'function' ?
				await reply() : reply);
	}
	const [status] = await closed;
	return { status, shown };
};

export const toolOnTerminal = (database, args, env = {}, reply = undefined) =>
	onTerminal([PROGRAM, ...toolOptions(database), ...args], env, reply);

// A command that goes on: its lines can be awaited.
export class RunningTool {
	#lines = [];
	#waiting = [];
	#rest = '';

	constructor(database, args) {
		this.child = spawn(PROGRAM, [...toolOptions(database), ...args],
			{ stdio: ['ignore', 'pipe', 'inherit'] });
		this.ended = once(this.child, 'close').then(([status, signal]) => {
			for (const { reject } of this.#waiting)
				reject(new Error('the tool ended'));
			return signal ?? status;
		});
		this.child.stdout.setEncoding('utf8').on('data', (data) => {
			const lines = (this.#rest + data).split('\n');
			this.#rest = lines.pop();
			for (const line of lines)
				this.#deliver(line);
		});
	}

	#deliver(line) {
		const waiter = this.#waiting.shift();
		if (waiter === undefined)
			this.#lines.push(line);
		else
			waiter.resolve(line);
	}

	next() {
		if (this.#lines.length > 0)
			return Promise.resolve(this.#lines.shift());
		return new Promise((resolve, reject) => {
			this.#waiting.push({ resolve, reject });
		});
	}

	stop(signal = 'SIGINT') {
		this.child.kill(signal);
		return this.ended;
	}
}
