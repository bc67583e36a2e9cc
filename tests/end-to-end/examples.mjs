// The commands with curl that README.md and the manual print do what is
// printed: each document's blocks that have any are run in their order by one
// shell, from an empty folder, against a daemon of their own.
//
// A command begins at the margin of its block and goes on in the lines that
// are indented.  "# " begins a line of what the command before prints, in
// which "..." stands for anything, and a string that ends so for any string.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { makeFolder, skip, withDaemon } from './lib/daemon.mjs';

const SOURCES = process.env.srcdir ?? '.';

// Where the documents say that the daemon is.
const PRINTED_URL = 'http://localhost:8080/';

// Ends what a command prints, before its status.
const SEPARATOR = '\x1e';

if (spawnSync('curl', ['--json', '{}', '--version']).status !== 0)
	skip('no curl that knows --json was found');

// Paragraphs of lines that are indented by four spaces.
const markdownBlocks = (text) =>
	[...text.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)].map(([block]) =>
		block.replace(/^ {4}/gm, '').trim());

const ROFF_ESCAPES = { '\\(aq': '\'', '\\(dq': '"', '\\e': '\\', '\\-': '-' };

const fromRoff = (text) => text.replace(/\\(?:\(..|.)/g, (escape) => {
	assert(escape in ROFF_ESCAPES, `unknown escape ${escape}`);
	return ROFF_ESCAPES[escape];
});

const manualBlocks = (text) =>
	[...text.matchAll(/^\.Bd -literal.*\n([^]*?)^\.Ed$/gm)].map(([, block]) =>
		fromRoff(block).trim());

// [{ command, shape }] of a block; shape is undefined where nothing is printed.
const readBlock = (block) => {
	const steps = [];
	for (const line of block.split('\n')) {
		const step = steps.at(-1);
		if (line.startsWith('#'))
			step.shape = (step.shape ?? '') + line.slice(1).trim();
		else if (/^\s/.test(line))
			step.command += `\n${line}`;
		else
			steps.push({ command: line });
	}
	return steps;
};

// Those that ask an installed daemon's own socket are system.sh's.
const readSteps = (blocks) =>
	blocks.filter((block) => /^curl (?!--unix-socket )/m.test(block))
		.flatMap(readBlock);

// Resolves to { output, status } of each step.
const runSteps = async (steps, base) => {
	const printed = steps.map(({ command }) =>
		`${command}\nprintf '\\036%d\\036' $?\n`).join('');
	const script = printed.replaceAll(PRINTED_URL, base);
	assert.notEqual(script, printed);
	// No file with options of curl's, and no proxy.
	const env = { ...process.env, HOME: '/', CURL_HOME: '/', no_proxy: '*' };
	const shell = spawn('sh', ['-c', script],
		{ cwd: makeFolder(), env, stdio: ['ignore', 'pipe', 'inherit'] });
	const closed = once(shell, 'close');
	let text = '';
	for await (const chunk of shell.stdout.setEncoding('utf8'))
		text += chunk;
	await closed;
	const fields = text.split(SEPARATOR);
	return steps.map((step, i) =>
		({ output: fields[2 * i], status: fields[2 * i + 1] }));
};

const escapeRegExp = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

const patternOf = (shape) => {
	const parts = shape.split(/("[^"]*\.\.\."|\.\.\.)/).map((part, i) => {
		if (i % 2 === 0)
			return escapeRegExp(part);
		return part === '...' ? '.*' : '"[^"]*"';
	});
	return new RegExp(`^${parts.join('')}$`);
};

const check = ({ command, shape }, { output, status }) => {
	assert.equal(status, '0', command);
	if (command.startsWith('curl '))
		assert(shape, `it is not said what this prints: ${command}`);
	assert.match(output, patternOf(shape ?? ''), command);
};

const documents = [
	['README.md', markdownBlocks],
	['man/buddyshopping-protocol.7', manualBlocks],
];

for (const [name, blocksOf] of documents) {
	test(`the commands in ${name}`, () => withDaemon({}, async (daemon) => {
		const text = fs.readFileSync(path.join(SOURCES, name), 'utf8');
		const steps = readSteps(blocksOf(text));
		assert.notEqual(steps.length, 0);
		const results = await runSteps(steps,
			`http://127.0.0.1:${daemon.port}/`);
		steps.forEach((step, i) => check(step, results[i]));
	}));
}
