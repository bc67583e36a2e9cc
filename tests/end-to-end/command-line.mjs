// What the programs say of a command line that is wrong, one clear line each,
// and where they tell what would be right.

import './lib/on-sqlite.mjs';	// it says itself where databases are

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { ctl } from './lib/ctl.mjs';
import { CtlLines } from './lib/ctl-lines.mjs';
import { Daemon, makeFolder, PROGRAM } from './lib/daemon.mjs';
import { hasScript, onTerminal } from './lib/tool.mjs';

const database = path.join(makeFolder(), 'none.db');

const lines = new CtlLines();
test.after(() => lines.stop());

const tool = (...words) => lines.run(database, ...words);
const daemon = (...words) => new Promise((resolve) => {
	const child = execFile(PROGRAM, words, (_, output, error) => {
		resolve({ status: child.exitCode ?? child.signalCode, output, error });
	});
});

// The commands with their options, as the help has them.
const commandsOf = async () => {
	const { status, output } = await tool('-h');
	assert.equal(status, 0);
	return [...output.matchAll(/^ {2}([a-z-]+(?: [a-z-]+)*)(?: [A-Z]|  )/gm)]
		.map(([, words]) => words.split(' '));
};
const optionsOf = async (command) => {
	const { status, output } = await tool(...command, '-h');
	assert.equal(status, 0);
	return [...output.matchAll(/^ {2}--([a-z-]+)(=?)/gm)]
		.map(([, name, argument]) => ({ name, has: argument === '=' }));
};

// It says this in one line, and in another one where help is.
const refuses = ({ status, output, error }, what) => {
	assert.equal(status, 64, error);
	assert.equal(output, '');
	assert.equal(error, `buddyshoppingctl: ${what}\n` +
		'buddyshoppingctl: try "buddyshoppingctl -h"\n');
};

test('each command says which option is wrong, and why', async () => {
	const commands = await commandsOf();
	assert(commands.length > 15, commands.join());
	for (const command of commands) {
		const words = command.join(' ');
		const says = async (args, what) => refuses(
			await tool(...command, ...args), `${words}: ${what}`);
		await says(['--jsn'], '--jsn: no such option');
		await says(['--jsn=x'], '--jsn: no such option');
		await says(['x', '-hx'], '-x: no such option');
		await says(['-h', '-é'], '-\\xc3: no such option');
		await says(['-c'], '-c: needs an argument');
		await says(['-hd'], '-d: needs an argument');
		await says(['--config'], '--config: needs an argument');
		await says(['--help=x'], '--help: takes no argument');
		await says(['--\u009b\u001b\n'],
			'--\\xc2\\x9b\\x1b\\x0a: no such option');
		for (const { name, has } of await optionsOf(command))
			await says([has ? `--${name}` : `--${name}=x`], `--${name}: ` +
				(has ? 'needs an argument' : 'takes no argument'));
	}
});

test('so it does in front of a command', async () => {
	refuses(await tool('--frob', 'status'), '--frob: no such option');
	refuses(await tool('-x', 'status'), '-x: no such option');
	refuses(await tool('--version=1'), '--version: takes no argument');
	refuses(await tool('--database'), '--database: needs an argument');
	refuses(await tool('audit', '--frob'), 'audit: --frob: no such option');
	refuses(await tool(), 'no command');
});

test('a shortened option has to mean one', async () => {
	refuses(await tool('audit', 'show', '--c', 'x'),
		'audit show: --c: short for more than one option');
	assert.equal((await tool('audit', 'show', '--f', 'x')).status, 66);
});

test('the daemon does the same', async () => {
	const rows = [
		[['--frob'], '--frob: no such option'],
		[['-tx'], '-x: no such option'],
		[['-o'], '-o: needs an argument'],
		[['--option'], '--option: needs an argument'],
		[['--test=x'], '--test: takes no argument'],
		[['--ver'], '--ver: short for more than one option'],
		[['--\u009b'], '--\\xc2\\x9b: no such option'],
		[['1', '2'], 'more than one PORT'],
		[['x'], 'PORT is not a number from 0 to 65535'],
		[['-d', ''], 'DATABASE is empty'],
	];
	for (const [args, what] of rows)
		assert.deepEqual(await daemon(...args), { status: 64, output: '',
			error: `buddyshopping: ${what}\nTry "buddyshopping -h".\n` });
});

// One with a secret, and what it is shown as.
const URL = 'postgresql://shop:hunter2@db.example/shop?sslpassword=hunter2';
const SHOWN_URL = 'postgresql://shop:***@db.example/shop?sslpassword=***';

test('no password of a database is shown, wherever it stands', async () => {
	const folder = makeFolder();
	const configuration = path.join(folder, 'shop.conf');
	const key = path.join(folder, 'tokens.key');
	fs.writeFileSync(configuration, `database = "${URL}"\n`);
	const running = await Daemon.start({ database: path.join(folder, 'shop.db'),
		configuration, settings: { 'key-file': key } });
	const told = await Promise.all([['config'], ['config', '--json'],
		['status'], ['reload']].map((words) => ctl(running.database, ...words)));
	assert.equal(await running.stop(), 0);
	assert(told[0].output.includes(SHOWN_URL), told[0].output);
	assert(told[1].output.includes(SHOWN_URL), told[1].output);
	for (const { status, output, error } of told) {
		assert.equal(status, 0, error);
		assert(!`${output}${error}`.includes('hunter2'), output + error);
	}
	assert(!running.log.includes('hunter2'), running.log);
	assert.equal(fs.statSync(key).size, 32);
	assert(!fs.existsSync(`${running.database}.key`));
	for (const wrong of ['@', '%', ' '].map((sign) =>
		URL.replace('2@', `2${sign}@`)))
		for (const words of [['-d', wrong], ['-o', `database=${wrong}`],
			['-o', wrong], [wrong], ['-o', URL]]) {
			const { status, output, error } = await daemon('-t', ...words);
			assert.notEqual(status, 0, output);
			assert(!error.includes('hunter2'), error);
		}
});

// What both programs say of PostgreSQL where they were built without it.
const WITHOUT_LIBPQ = '-d: this program was built without libpq, which ' +
	'PostgreSQL needs\n';

test('what is for files says what to use with PostgreSQL', async () => {
	const { error } = await daemon('-t', '-d', 'service=shop');
	for (const [words, instead] of [[['backup', 'copy.db'], 'pg_dump'],
		[['backup', '--key', 'copy.db'], 'pg_dump'],
		[['restore', '--yes', 'copy.db'], 'pg_restore']])
		for (const name of ['service=shop', 'postgresql:///shop'])
			assert.deepEqual(await ctl(name, ...words),
				error === WITHOUT_LIBPQ ?
					{ status: 78, output: '', error } :
					{ status: 64, output: '', error:
						`buddyshoppingctl: ${words[0]}: is for files of ` +
						`SQLite's: with PostgreSQL, use ${instead}, or ` +
						'"copy"\n' });
});

test('with PostgreSQL the daemon is looked for beside its key', async () => {
	const folder = makeFolder();
	const file = path.join(folder, 'shop.conf');
	const key = path.join(folder, 'tokens.key');
	fs.writeFileSync(file, `database = "${URL}"\nkey-file = ${key}\n`);
	const { error: fault } = await daemon('-t', '-c', file);
	const told = await ctl(SHOWN_URL, 'status');
	if (fault.includes('built without libpq')) {
		assert.deepEqual(told, { status: 78, output: '',
			error: WITHOUT_LIBPQ });
		return;
	}
	assert.deepEqual(told, { status: 69, output: '', error:
		'buddyshoppingctl: the daemon cannot be asked: with PostgreSQL its ' +
		'admin socket is beside its key-file: see -c\n' });
	const { status, error } = await new Promise((resolve) => {
		const child = execFile(`${PROGRAM}ctl`, ['-c', file, 'status'],
			(_, output, error) => resolve({ status: child.exitCode, error }));
	});
	assert.equal(status, 69);
	assert(error.startsWith('buddyshoppingctl: no daemon can be reached at ' +
		`unix:${fs.realpathSync(folder)}/tokens.key.admin: `), error);
});

test('a key that is not beside the database is not copied', async () => {
	const file = path.join(makeFolder(), 'shop.conf');
	fs.writeFileSync(file, 'key-file = /srv/tokens.key\n');
	for (const words of [['backup', '--key', 'x'],
		['restore', '--key', '--yes', 'x']])
		assert.deepEqual(await tool('-c', file, ...words), { status: 64,
			output: '', error: `buddyshoppingctl: ${words[0]}: --key: the ` +
			'key is not beside the database, but in /srv/tokens.key: copy ' +
			'that file\n' });
});

test('a terminal is shown no priorities',
	{ skip: !hasScript && 'script(1) was not found' }, async () => {
		const file = path.join(makeFolder(), 'shop.conf');
		fs.writeFileSync(file, 'frob = 1\n');
		const command = [PROGRAM, '-c', file];
		const { status, shown } = await onTerminal(command);
		const { error } = await daemon(...command.slice(1));
		assert.equal(status, 78);
		assert.match(error, /^<3>.*frob/);
		assert.equal(shown.replaceAll('\r\n', '\n'),
			error.replace(/^<3>/gm, ''));
	});

test('a word with commands of its own lists them', async () => {
	const all = await commandsOf();
	const [of, others] = [true, false].map((is) => all
		.filter(([first, second]) => (first === 'audit') === is &&
			(!is || second !== undefined)));
	assert.equal(of.length + others.length, all.length);
	const isList = (text) => of.every((words) =>
		text.includes(`\n  ${words.join(' ')}`)) &&
		!others.some(([word]) => text.includes(`\n  ${word}`));
	for (const words of [['audit', '-h'], ['audit', '--help'],
		['-h', 'audit'], ['help', 'audit']]) {
		const { status, output, error } = await tool(...words);
		assert.equal(status, 0);
		assert(isList(output), output);
		assert.equal(error, '');
	}
	const { status, output, error } = await tool('audit');
	assert.equal(status, 64);
	assert.equal(output, '');
	assert.match(error, /^buddyshoppingctl: audit: needs one of its commands\n/);
	assert(isList(error), error);
	refuses(await tool('audit', 'frob'), 'no such command: audit frob');
	refuses(await tool('audit', 'frob', '-h'), 'no such command: audit frob');
	refuses(await tool('audit', '-c', 'x', 'frob'),
		'no such command: audit frob');
	refuses(await tool('audit', '--', '-h'), 'no such command: audit -h');
	refuses(await tool('audit', '-c'), 'audit: -c: needs an argument');
	refuses(await tool('audit', '-x', 'show'), 'audit: -x: no such option');
});

test('options go before, between and behind the words of a command',
	async () => {
		const file = path.join(makeFolder(), 'none');
		for (const [word, ...rest] of await commandsOf())
			for (const options of [['-d', file], ['-h'], ['-hV', '-c', file]]) {
				const told = await tool(word, ...rest, ...options);
				assert.deepEqual(await tool(word, ...options, ...rest), told);
				assert.deepEqual(await tool(...options, word, ...rest), told);
			}
	});

test('help is a word for -h', async () => {
	for (const command of [[], ...await commandsOf()]) {
		const { output } = await tool(...command, '-h');
		assert.deepEqual(await tool('help', ...command),
			{ status: 0, output, error: '' });
		assert.deepEqual(await tool('-h', ...command),
			{ status: 0, output, error: '' });
	}
	refuses(await tool('help', 'frob'), 'no such command: frob');
	refuses(await tool('help', 'audit', 'frob'),
		'no such command: audit frob');
});
