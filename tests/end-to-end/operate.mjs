// The tool's commands for a daemon that runs: what they show, what they do, and
// what they say when there is none.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { hasScript, PROGRAM as TOOL } from './lib/tool.mjs';

// Run steps with a daemon and a function that runs the tool for it.
const withTool = (settings, steps) => withPatience(async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const configuration = `${database}.conf`;
	fs.writeFileSync(configuration, '');
	const daemon = await Daemon.start({ database, configuration, settings });
	const run = (...words) => ctl(database, ...words);
	await steps(daemon, run, configuration);
	if (daemon.child.exitCode === null)
		assert.equal(await daemon.stop(), 0);
});

// The objects that a command prints; it must succeed.
const objects = async (run, ...words) => {
	const { status, output, error } = await run(...words, '--json');
	assert.equal(status, 0, error);
	return output.split('\n').slice(0, -1).map((line) => JSON.parse(line));
};

test('status tells what the daemon has', () => withTool({},
	async (daemon, run) => {
		const ada = await Client.open(daemon, '/one');
		await ada.enter('startSession', 'Ada');
		const [status] = await objects(run, 'status');
		assert.equal(status.state, 'running');
		assert.equal(status.pid, daemon.pid);
		assert.equal(status.websockets, 1);
		assert.equal(status.sessions, 1);
		assert.equal(status.present, 1);
		const { output } = await run('status');
		assert.match(output, /^state {7}running\n/);
		assert.match(output, /\nWebSockets {2}1\n/);
	}));

test('top tells what the daemon has, and does', () => withTool({},
	async (daemon, run) => {
		const ada = await Client.open(daemon, '/one');
		await ada.enter('startSession', 'Ada');
		const bob = await Client.open(daemon, '/two');
		await bob.enter('startSession', 'Bob');
		ada.send('joinSession', { customerName: 'Ada' });
		await ada.nextOf('error');
		const [{ version, ...figures }] = await objects(run, 'top');
		assert.match(version, /^\d+\.\d+\.\d+$/);
		const { sessions, present, awaited, websockets, fastcgi, polls, locked,
			refusedTotal, deliveryP99, commitP99, ...others } = figures;
		assert.deepEqual({ sessions, present, websockets, fastcgi, polls,
			locked, refusedTotal }, { sessions: 2, present: 2, websockets: 2,
			fastcgi: 0, polls: 0, locked: 0, refusedTotal: 1 });
		assert.equal(awaited, 0);
		assert(commitP99 >= 0 && deliveryP99 >= 0);
		assert.deepEqual(Object.keys(others), ['http', 'updates', 'deliveries',
			'commits', 'commitMean', 'refused', 'cpu', 'memory']);
		assert(Object.values(others).every((value) => value >= 0));
		assert(others.memory > 1000000);
		const { status, error } = await run('top');
		assert.equal(status, 64);
		assert.match(error, /top: needs a terminal, or --json\n/);
	}));

// What a terminal shows, which is set as before behind it; `act` is called with
// the terminal once figures were drawn so often.
const onTop = async (daemon, times, act) => {
	// ^C is for the shell, too.
	const command = `trap : INT; stty -g; '${TOOL}' -d '${daemon.database}' top; ` +
		'echo "status $?"; stty -g';
	const child = spawn('script', ['-qec', command, '/dev/null'],
		{ env: { ...process.env, TERM: 'xterm' } });
	const closed = once(child, 'close');
	let shown = '', hasActed = false;
	for await (const data of child.stdout.setEncoding('utf8')) {
		shown += data;
		if (hasActed || shown.split('since the start').length <= times)
			continue;
		hasActed = true;
		await act(child.stdin);
	}
	await closed;
	const [was, ...lines] = shown.replaceAll('\r', '').trimEnd().split('\n');
	assert.equal(lines.pop(), was);
	const status = Number(/status (\d+)$/.exec(lines.pop())?.[1]);
	return { status, shown };
};

test('top draws until a key or the daemon\'s end',
	{ skip: !hasScript && 'script(1) was not found' }, () => withTool({},
		async (daemon) => {
			const ada = await Client.open(daemon, '/one');
			await ada.enter('startSession', 'Ada');
			// The thread sanitizer holds signals back, at times for long.
			const hearsSignals = !daemon.isSanitized();
			for (const key of ['q', 'xQ', '\x1aq', '\x04',
				...hearsSignals ? ['\x03'] : []]) {
				const { status, shown } = await onTop(daemon, 1,
					(stdin) => stdin.write(key));
				assert.equal(status, 0, shown);
				assert.match(shown, /sessions +1 /);
				assert.match(shown, /connections +\d+ {3}1 WebSocket, /);
				assert(shown.includes('\x1b[?7l\x1b[?25l'));
				assert(shown.includes('\x1b[?7h\x1b[?25h'));
			}
			const { shown: thrice } = await onTop(daemon, 3,
				(stdin) => stdin.write('q'));
			assert(thrice.split('\x1b[7A').length >= 3);
			// One that asks a daemon that hangs.
			if (hearsSignals) {
				const { status } = await onTop(daemon, 1, (stdin) => {
					daemon.child.kill('SIGSTOP');
					stdin.write('x\x03');
				});
				daemon.child.kill('SIGCONT');
				assert.equal(status, 0);
			}
			const { status, shown } = await onTop(daemon, 1,
				async () => assert.equal(await daemon.stop(), 0));
			assert.equal(status, 69);
			assert.match(shown, /no daemon can be reached/);
			assert(shown.includes('\x1b[?7h\x1b[?25h'));
		}));

test('sessions come in pages, each once', () => withTool(
	{ 'new-session-rate': 0 }, async (daemon, run) => {
		const names = Array.from({ length: 600 }, (_, i) => `s${i}`);
		await Promise.all(names.map(async (name) => {
			const client = await Client.open(daemon, `/${name}`);
			await client.enter('startSession', 'Ada');
		}));
		const sessions = await objects(run, 'sessions');
		assert.deepEqual(sessions.map(({ session }) => session).sort(),
			names.sort());
		assert(sessions.every(({ members, present, connections }) =>
			members === 1 && present === 1 && connections === 1));
		const { output } = await run('sessions');
		assert.equal(output.split('\n').length, names.length + 2);
	}));

test('a session shows who takes part', () => withTool({},
	async (daemon, run) => {
		const ada = await Client.open(daemon, '/one');
		const bob = await Client.open(daemon, '/one');
		const name = 'B"\\\u202e\u00e9b';
		await ada.enter('startSession', 'Ada', { resumable: true });
		const { customerId } = await bob.enter('joinSession', name);
		bob.send('customerReadyToCheckout',
			{ customerId, customerReadyToCheckout: true, seq: 1 });
		await bob.nextOf('customerReadyToCheckout');
		const [session] = await objects(run, 'session', 'one');
		assert.equal(session.session, 'one');
		assert.deepEqual(session.customers.map((customer) =>
			[customer.name, customer.host, customer.ready, customer.token]),
		[['Ada', true, false, true], [name, false, true, false]]);
		const { output } = await run('session', 'one');
		assert.match(output, /\n[0-9a-f]{24} guest here {4}ready - /);
		assert(!output.includes('\u202e'));
	}));

test('a session in which nobody is is not there', () => withTool({},
	async (daemon, run) => {
		const { status, error } = await run('session', 'none');
		assert.equal(status, 2);
		assert.match(error, /nobody takes part/);
		assert.equal((await run('session', 'a b')).status, 64);
	}));

test('who is kicked has left, and everybody sees it', () => withTool({},
	async (daemon, run) => {
		const ada = await Client.open(daemon, '/one');
		const bob = await Client.open(daemon, '/one');
		await ada.enter('startSession', 'Ada');
		await ada.nextOf('multicartUpdate');
		const { customerId, token } = await bob.enter('joinSession', 'Bob',
			{ resumable: true });
		await ada.nextOf('multicartUpdate');
		const { status, error } = await run('kick', 'one', customerId);
		assert.equal(status, 0, error);
		assert.equal(await bob.closed, 1008);
		const { payload } = await ada.nextOf('multicartUpdate');
		assert.deepEqual(payload.multicartContent.map(({ owner }) =>
			owner.name), ['Ada']);
		const again = await Client.open(daemon, '/one');
		again.send('resumeSession', { customerId, token });
		assert.equal(JSON.parse(await again.next()).payload.code,
			'leftSession');
		await again.enter('joinSession', 'Bob');
		assert.equal((await run('kick', 'one', customerId)).status, 2);
		assert.equal((await run('kick', 'none', customerId)).status, 2);
		assert.equal((await run('kick', 'one', 'x')).status, 64);
	}));

test('a held poll of who is kicked is answered leftSession', () => withTool({},
	async (daemon, run) => {
		const url = `http://127.0.0.1:${daemon.port}/one`;
		const start = await fetch(url, { method: 'POST', body: JSON.stringify({
			event: 'startSession', payload: { customerName: 'Ada' } }) });
		const { messages, cursor } = await start.json();
		const { customerId, token } = messages[0].payload;
		const poll = fetch(`${url}?customerId=${customerId}&cursor=${cursor}`,
			{ headers: { Authorization: `Bearer ${token}` } });
		for (;;) {
			const [session] = await objects(run, 'session', 'one');
			if (session.customers[0].polls > 0)
				break;
		}
		assert.equal((await run('kick', 'one', customerId)).status, 0);
		assert.equal((await poll).status, 410);
	}));

test('config says what holds and where it is from', () => withTool(
	{ 'max-message': 1000 }, async (daemon, run, configuration) => {
		fs.writeFileSync(configuration,
			'allowed-origins = {"http://a", "http://b"}\nlisten = "*:1"\n');
		const { status, output, error } = await run('reload');
		assert.equal(status, 0, error);
		assert.equal(output, 'allowed-origins: changed\n');
		const settings = new Map((await objects(run, 'config'))
			.map((setting) => [setting.key, setting]));
		assert.deepEqual(settings.get('max-message'), { key: 'max-message',
			value: '1000', default: '262144', origin: 'command line',
			reloadable: true });
		assert.equal(settings.get('allowed-origins').value,
			'http://a,http://b');
		assert.equal(settings.get('allowed-origins').origin, 'file');
		assert.equal(settings.get('listen').origin, 'command line');
		assert.equal(settings.get('listen').reloadable, false);
		assert.equal(settings.get('demo').origin, 'default');
		const table = (await run('config')).output;
		assert.match(table, /\nmax-message +command line reload +1000\n/);
	}));

test('a reload tells what it does, or why it does nothing', () => withTool({},
	async (daemon, run, configuration) => {
		fs.writeFileSync(configuration, 'demo = yes\nfastcgi-mode = 0600\n');
		const good = await run('reload');
		assert.equal(good.status, 0);
		assert.equal(good.output,
			'demo: changed\nfastcgi-mode: takes a restart\n');
		fs.writeFileSync(configuration, 'demo = no\nhost = "x"\n');
		const bad = await run('reload');
		assert.equal(bad.status, 78);
		assert.equal(bad.output, '');
		assert.match(bad.error, /shop\.db\.conf:2: host: unknown key; /);
		assert.match(bad.error, /nothing was changed\n$/);
		const page = await fetch(`http://127.0.0.1:${daemon.port}/`);
		assert.equal(page.status, 200);
	}));

// For the thread sanitizer above all: what a reload changes is used by both
// threads meanwhile.
test('a reload under load loses nothing', () => withTool({},
	async (daemon, run, configuration) => {
		const shop = async (name) => {
			const client = await Client.open(daemon, `/${name}`);
			const { customerId } = await client.enter('startSession', name);
			for (let n = 1; n <= 100; n++) {
				client.send('updateCart', { customerId, seq: n,
					cartContent: { n } });
				const { payload } = await client.nextOf('updateCart');
				assert.equal(payload.seq, n);
			}
		};
		const load = Promise.all(['a', 'b', 'c', 'd'].map(shop));
		for (const n of [1, 2, 3, 4, 5, 6]) {
			fs.writeFileSync(configuration, `max-remembered = ${n}\n` +
				`log-level = ${n % 2 ? 'debug' : 'warning'}\n`);
			const { status, error } = await run('reload');
			assert.equal(status, 0, error);
			assert.equal((await run('log-level', 'debug')).status, 0);
		}
		await load;
		const { status, error } = await run('audit', 'verify');
		assert.equal(status, 0, error);
	}));

test('a log level holds until the next reload', () => withTool({},
	async (daemon, run) => {
		assert.equal((await run('log-level', 'debug')).status, 0);
		assert.equal((await objects(run, 'status'))[0].logLevel, 'debug');
		assert.equal((await run('log-level', 'loud')).status, 64);
		assert.equal((await run('reload')).status, 0);
		assert.equal((await objects(run, 'status'))[0].logLevel, 'info');
	}));

test('drain drains, and a second one hurries', () => withTool(
	{ 'drain-time': 3600 }, async (daemon, run) => {
		const first = await Client.open(daemon, '/one');
		const second = await Client.open(daemon, '/one');
		assert.equal((await run('drain')).status, 0);
		assert.equal(await first.closed, 1012);
		assert.equal((await objects(run, 'status'))[0].state, 'draining');
		const { status, error } = await run('reload');
		assert.equal(status, 69);
		assert.match(error, /the daemon stops/);
		assert.equal((await run('drain')).status, 0);
		assert.equal(await second.closed, 1012);
		assert.equal(await daemon.ended, 0);
	}));

// Of root nothing is closed; there the package's test has somebody else try.
const skipped = process.getuid() === 0 && 'root may ask';

test('who may not ask is told who may', { skip: skipped }, () => withTool({},
	async (daemon, run) => {
		const folder = path.dirname(daemon.database);
		const commands = [['status', 69, 'no daemon can be reached at .*'],
			['audit', 66, '.*', 'sessions']];
		fs.chmodSync(folder, 0);
		for (const [word, wanted, what, ...rest] of commands) {
			const { status, error } = await run(word, ...rest);
			assert.equal(status, wanted);
			assert.match(error, new RegExp(`^buddyshoppingctl: ${what}: ` +
				'Permission denied: use sudo, or be the daemon\'s user\n$'));
		}
		fs.chmodSync(folder, 0o700);
	}));

test('without a daemon each command says so', () => withPatience(async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const commands = [['status'], ['top', '--json'], ['sessions'], ['session', 'a'], ['drain'],
		['kick', 'a', '0'.repeat(24)], ['lock', 'a'], ['unlock', 'a'],
		['end', 'a'], ['reload'], ['config'],
		['log-level', 'info']];
	for (const words of commands) {
		const { status, error } = await ctl(database, ...words);
		assert.equal(status, 69, words[0]);
		assert.match(error, /no daemon can be reached at unix:/);
	}
	assert(!fs.existsSync(database));
}));
