// What contrib/quickstart ends with: the daemon with the demonstration, and the
// shop's server beside it, which ends with the daemon.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';

import { PROGRAM, lacking, makeFolder, skip, withPatience } from
	'./lib/daemon.mjs';

const SOURCES = path.resolve(process.env.srcdir ?? '.');
const PYTHON = 'python3';

if (spawnSync(PYTHON, ['--version']).error)
	skip(lacking('all', 'python3 was not found'));

// A port that nobody has any more.
const freePort = async () => {
	const server = net.createServer().listen(0);
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	return port;
};

const makeBuild = (name = 'a build') => {
	const folder = path.join(makeFolder(), name);
	fs.mkdirSync(folder);
	fs.symlinkSync(path.dirname(PROGRAM), path.join(folder, 'src'));
	return folder;
};

// Runs it in a group of its own, as a terminal does; resolves when the daemon
// listens.
const start = async (build, python = PYTHON) => {
	const port = await freePort();
	const child = spawn(path.join(SOURCES, 'contrib/demo/run'),
		[build, String(port)], { detached: true,
			env: { ...process.env, PYTHON: python },
			stdio: ['ignore', 'pipe', 'pipe'] });
	const run = { child, port, said: '' };
	// Nobody has its output any more: both have ended.
	run.ended = once(child, 'close');
	await new Promise((resolve, reject) => {
		for (const stream of [child.stdout, child.stderr])
			stream.on('data', (data) => {
				run.said += data;
				if (run.said.includes('listening on'))
					resolve();
			});
		run.ended.then(() => reject(new Error(run.said)));
	});
	run.checkout = run.said.match(
		/^A shop to try it in: http:\/\/localhost:\d+\/\?checkout=(\d+)$/m)?.[1];
	return run;
};

const titleOf = async (port) => (await (await fetch(
	`http://127.0.0.1:${port}/`)).text()).match(/<title>([^<]*)/)[1];

for (const [name, stop] of [
	['Ctrl-C', ({ pid }) => process.kill(-pid, 'SIGINT')],
	['a death of the daemon', ({ pid }) => process.kill(pid, 'SIGKILL')],
	['a stop of the daemon', ({ pid }) => process.kill(pid, 'SIGTERM')],
])
	test(`the shop's server ends by ${name}`, () =>
		withPatience(async () => {
			const build = makeBuild();
			const run = await start(build);
			assert.match(await titleOf(run.port), /picnic/);
			assert.equal(await titleOf(run.checkout), 'Checkout');
			stop(run.child);
			await run.ended;
			const { port } = run;
			const left = fs.readdirSync(build).filter((file) =>
				/pipe|api/.test(file));
			// One that was killed leaves its socket to the next.
			assert.deepEqual(left, name.includes('death') ?
				[`buddyshopping-${port}.db.api`] : []);
		}));

test('a hangup, which is a reload, ends neither', () =>
	withPatience(async () => {
		const run = await start(makeBuild());
		process.kill(-run.child.pid, 'SIGHUP');
		assert.equal(await titleOf(run.checkout), 'Checkout');
		assert.match(await titleOf(run.port), /picnic/);
		process.kill(run.child.pid, 'SIGTERM');
		await run.ended;
	}));

test('two have ports of their own', () => withPatience(async () => {
	const build = makeBuild();
	const runs = [await start(build), await start(build)];
	const ports = runs.flatMap(({ port, checkout }) => [port, checkout]);
	assert.equal(new Set(ports.map(Number)).size, 4);
	for (const { child, ended } of runs) {
		process.kill(child.pid, 'SIGTERM');
		await ended;
	}
}));

test('without the shop\'s server there is a shop', () =>
	withPatience(async () => {
		for (const [build, python] of [
			[makeBuild(), '/nowhere/python3'],
			[makeBuild(), 'false'],
			[makeBuild('a,b'), PYTHON],
			[makeBuild('x'.repeat(100)), PYTHON],
		]) {
			const run = await start(build, python);
			assert.equal(run.checkout, undefined);
			assert.match(run.said,
				/^A shop to try it in: http:\/\/localhost:\d+\/$/m);
			assert.match(run.said, /server did not start: there is no checkout/);
			assert.match(await titleOf(run.port), /picnic/);
			process.kill(run.child.pid, 'SIGTERM');
			await run.ended;
		}
	}));

test('the shop\'s server serves this machine alone, and some at a time',
	() => withPatience(async () => {
		const server = spawn(PYTHON, [path.join(SOURCES,
			'contrib/demo/checkout.py'), 'unix:/nowhere', '0'],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
		const ended = once(server, 'close');
		server.stdin.write('key\n');
		const [said] = await once(server.stdout, 'data');
		const port = Number(said);
		// An address of this machine too, but none that it listens at.
		await assert.rejects(fetch(`http://127.0.0.2:${port}/`));
		const silent = await Promise.all(Array.from({ length: 100 },
			async () => {
				const socket = net.connect(port, '127.0.0.1');
				await once(socket.on('error', () => {}), 'connect');
				return socket;
			}));
		assert(fs.readdirSync(`/proc/${server.pid}/task`).length < 20);
		silent.forEach((socket) => socket.destroy());
		assert.equal(await titleOf(port), 'Checkout');
		server.stdin.end();
		assert.deepEqual(await ended, [0, null]);
	}));
