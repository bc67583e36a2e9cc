// The commands with curl that README.md and the manual print do what is
// printed: each document's blocks that have any are run in their order by one
// shell, from an empty folder, against a daemon of their own.
//
// A command begins at the margin of its block and goes on in the lines that
// are indented.  "# " begins a line of what the command before prints, in
// which "..." stands for anything, and a string that ends so for any string.
//
// The manual's two scripts for pages are run in a browser.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';

import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { Client } from './lib/client.mjs';
import { lacking, makeFolder, skip, withDaemon } from './lib/daemon.mjs';

const SOURCES = process.env.srcdir ?? '.';

// Where the documents say that the daemon is.
const PRINTED_URL = 'http://localhost:8080/';

// Ends what a command prints, before its status.
const SEPARATOR = '\x1e';

if (spawnSync('curl', ['--json', '{}', '--version']).status !== 0)
	skip(lacking('test', 'no curl that knows --json was found'));

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

const MANUAL = 'man/buddyshopping-protocol.7';
const CLIENT = 'contrib/client/buddyshopping.js';

const readSource = (name) => fs.readFileSync(path.join(SOURCES, name), 'utf8');

// The manual's block that begins so, as a page would have it.
const scriptOf = (beginning, daemon) => {
	const block = manualBlocks(readSource(MANUAL)).find((text) =>
		text.startsWith(beginning));
	const place = `://127.0.0.1:${daemon.port}/`;
	const script = block.replace('s://shop.example/together/', place);
	assert.notEqual(script, block);
	return script.startsWith('<') ? script : `<script>${script}</script>`;
};

// Resolves to a server of a page with that in it, and of the client.
const serve = async (script) => {
	const page = '<!DOCTYPE html><meta charset="utf-8">' +
		'<script>const sessionId = "page"; function show() {}</script>' +
		script;
	const server = http.createServer((request, response) => {
		const isClient = request.url === '/buddyshopping.js';
		response.setHeader('Content-Type', isClient ?
			'text/javascript' : 'text/html');
		response.end(isClient ? readSource(CLIENT) : page);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return server;
};

// Let steps(page, host) happen with the script in a page of the host's session.
const withPage = (beginning, steps) => withDaemon({}, async (daemon) => {
	const host = await Client.open(daemon, '/page');
	await host.enter('startSession', 'Host');
	const server = await serve(scriptOf(beginning, daemon));
	const browser = await launchBrowser();
	try {
		const page = await browser.newPage();
		await page.goto(`http://127.0.0.1:${server.address().port}/`);
		await steps(page, host);
	} finally {
		await browser.close();
		server.close();
	}
});

// Resolves to the guest as soon as the host is shown that cart of its.
const cartShown = async (host, cart) => {
	for (;;) {
		const { payload } = await host.nextOf('multicartUpdate');
		const [, guest, ...others] = payload.multicartContent;
		assert.equal(others.length, 0);
		if (guest !== undefined &&
			JSON.stringify(guest.content) === JSON.stringify(cart))
			return guest.owner;
	}
};

const browserless = { skip: whyNoBrowser() };

test('the manual\'s page with the browser client', browserless, () =>
	withPage('<script type="module">', async (page, host) => {
		const { name } = await cartShown(host, { pears: 1 });
		assert.equal(name, 'Ada');
	}));

test('the manual\'s page that speaks by itself', browserless, () =>
	withPage('const url = "wss:', async (page, host) => {
		await cartShown(host, {});
		await page.evaluate('changeCart({ tea: 1 })');
		const { id } = await cartShown(host, { tea: 1 });
		await page.evaluate('socket.close(); changeCart({ tea: 2 })');
		assert.equal((await cartShown(host, { tea: 2 })).id, id);
		await page.reload();
		await page.evaluate('changeCart({ tea: 3 })');
		assert.equal((await cartShown(host, { tea: 3 })).id, id);
	}));
