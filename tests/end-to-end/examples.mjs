// What README.md, the manuals and their like print is so: each of their blocks
// has a test that runs it (lib/documents.mjs), many of them here.
//
// Commands: each document's are run in their order by one shell, from an empty
// folder, against a daemon of their own.  A command begins at the margin of its
// block and goes on in the lines that are indented.  "# " begins a line of what
// the command before prints.
//
// Talk: a block is what one WebSocket says (">") and hears ("<"), in a session
// of the document.
//
// In what is printed "..." stands for anything, and a string that ends so for
// any string.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';

import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { Client } from './lib/client.mjs';
import { PROGRAM, lacking, makeFolder, withDaemon } from './lib/daemon.mjs';
import { DOCUMENTS, PAGE, SETTINGS, SHAPE, SHELL, SOURCES, TALK, blocksFor,
	faultsOf, readSource } from './lib/documents.mjs';
import { TicketKey } from './lib/ticket.mjs';

// Where the documents say that the daemon is, and keys of tickets.
const PRINTED_URL = 'http://localhost:8080/';
const PRINTED_KEYS = '/etc/buddyshopping/keys';
// The session that they talk about.
const SESSION = 'party';

// Ends what a command prints, before its status.
const SEPARATOR = '\x1e';

// Define a test for each document that has blocks of this kind.
const testEach = (place, what, options, steps) => {
	const names = DOCUMENTS.filter((name) =>
		blocksFor(place, name).length > 0);
	assert.notEqual(names.length, 0);
	for (const name of names) {
		test(`${what} in ${name}`, options, () =>
			steps(blocksFor(place, name)));
	}
};

for (const name of DOCUMENTS) {
	test(`every block of ${name} is run`, () =>
		assert.deepEqual(faultsOf(name), []));
}

test('what README.md names or shows is there', () => {
	const named = [...readSource('README.md').matchAll(
		/`((?:contrib|man|sql|tests)\/[\w./-]*)`|\]\(([^):]+)\)/g)]
		.map(([, place, link]) => place ?? link);
	assert.notEqual(named.length, 0);
	assert.deepEqual(named.filter((name) =>
		!fs.existsSync(path.join(SOURCES, name))), []);
});

// Commands

const { status } = spawnSync('curl', ['--json', '{}', '--version']);
const whyNoCurl = status === 0 ? undefined :
	lacking('test', 'no curl that knows --json was found');

// [{ command, shape }] of a block; shape is undefined where nothing is printed.
const readBlock = ({ text }) => {
	const steps = [];
	for (const line of text.trim().split('\n')) {
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
	const parts = shape.split(/("[^"]*"|\.\.\.)/).map((part) => {
		if (part === '...')
			return '.*';
		return part.endsWith('..."') ? '"[^"]*"' : escapeRegExp(part);
	});
	return new RegExp(`^${parts.join('')}$`);
};

const check = ({ command, shape }, { output, status }) => {
	assert.equal(status, '0', command);
	if (command.startsWith('curl '))
		assert(shape, `it is not said what this prints: ${command}`);
	assert.match(output, patternOf(shape ?? ''), command);
};

testEach(SHELL, 'the commands', { skip: whyNoCurl }, (blocks) =>
	withDaemon({}, async (daemon) => {
		const steps = blocks.flatMap(readBlock);
		const results = await runSteps(steps,
			`http://127.0.0.1:${daemon.port}/`);
		steps.forEach((step, i) => check(step, results[i]));
	}));

// Settings and messages

testEach(SETTINGS, 'the settings', {}, (blocks) => {
	const file = path.join(makeFolder(), 'buddyshopping.conf');
	const keys = makeFolder();
	new TicketKey('EdDSA', '2026a', keys);
	for (const { text } of blocks) {
		fs.writeFileSync(file, text.replace(PRINTED_KEYS, keys));
		const checked = spawnSync(PROGRAM, ['-t', '-c', file],
			{ encoding: 'utf8' });
		assert.equal(checked.status, 0, `${text}${checked.stderr}`);
	}
});

// Words in capitals stand for values.
testEach(SHAPE, 'what messages are made of', {}, (blocks) => {
	for (const { text } of blocks) {
		JSON.parse(text.replace(/\b[A-Z]+\b/g, '"$&"')
			.replace(/(, )?\.\.\./g, ''));
	}
});

// Talk

const joinLines = (text) => text.replace(/\n\s+/g, '').trim()
	.replaceAll(' ... ', '...');

// Lets said, where it names customer and token as the document does, name those
// that were heard.
const translate = (said, heard) => said.replace(/"(\w+)":"[^"]*\.\.\."/g,
	(abbreviated, key) => `"${key}":"${heard[key]}"`);

// Say and hear the lines of a block; resolves to what has been heard since.
const talk = async (client, text, heard) => {
	for (const line of joinLines(text).split('\n')) {
		const words = line.slice(2);
		if (line.startsWith('> ')) {
			client.sendText(translate(words, heard));
			continue;
		}
		const message = await client.next();
		assert.match(message, patternOf(words));
		heard = { ...heard, ...JSON.parse(message).payload };
	}
	return heard;
};

testEach(TALK, 'the messages', {}, (blocks) =>
	withDaemon({}, async (daemon) => {
		let heard = {};
		for (const { text } of blocks) {
			const client = await Client.open(daemon, `/${SESSION}`);
			heard = await talk(client, text, heard);
			await client.close();
		}
	}));

// Pages

// What the scripts leave to the page that they are in.
const PAGE_START = `<!DOCTYPE html><meta charset="utf-8"><script>
	const sessionId = '${SESSION}';
	function show() {}
	function showCarts() {}
	function showUnsaved() {}
	function showState() {}
	function showEnd() {}
	</script>`;

const pageOf = ({ text }, { port }) => {
	const script = text.replace(
		/s?:\/\/(shop\.example\/together|localhost:8080)/g,
		`://127.0.0.1:${port}`);
	assert.notEqual(script, text);
	if (script.startsWith('<'))
		return PAGE_START + script;
	const type = script.startsWith('import ') ? 'module' : 'text/javascript';
	return `${PAGE_START}<script type="${type}">${script}</script>`;
};

// Resolves to a server of that page, and of the client.
const serve = async (page) => {
	const server = http.createServer((request, response) => {
		const isClient = request.url === '/buddyshopping.js';
		response.setHeader('Content-Type', isClient ?
			'text/javascript' : 'text/html');
		response.end(isClient ?
			readSource('contrib/client/buddyshopping.js') : page);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return server;
};

// Let steps(page, host) happen with the block in a page of the host's session.
const withPage = (block, steps) => withDaemon({}, async (daemon) => {
	const host = await Client.open(daemon, `/${SESSION}`);
	await host.enter('startSession', 'Host');
	const server = await serve(pageOf(block, daemon));
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

// Resolves to the guest as soon as the host is shown one like that.
const guestShown = async (host, isAwaited) => {
	for (;;) {
		const { payload } = await host.nextOf('multicartUpdate');
		const [, guest, ...others] = payload.multicartContent;
		assert.equal(others.length, 0);
		if (guest !== undefined && isAwaited(guest))
			return guest.owner;
	}
};

const cartShown = (host, cart) => guestShown(host, ({ content }) =>
	JSON.stringify(content) === JSON.stringify(cart));

// A page with the browser client does what it says, once.
const doesWhatItSays = (block) => withPage(block, async (page, host) => {
	const [, name] = block.text.match(/(?:joinSession|enter)\(['"](\w+)['"]\)/);
	const [, pears] = block.text.match(/updateCart\(.*\bpears: (\d) }\)/);
	const isReady = block.text.includes('setReady(true)');
	const owner = await guestShown(host, (guest) =>
		guest.content.pears === Number(pears) &&
		guest.owner.isReadyToCheckout === isReady);
	assert.equal(owner.name, name);
});

const speaksByItself = (block) => withPage(block, async (page, host) => {
	await cartShown(host, {});
	await page.evaluate('changeCart({ tea: 1 })');
	const { id } = await cartShown(host, { tea: 1 });
	await page.evaluate('socket.close(); changeCart({ tea: 2 })');
	assert.equal((await cartShown(host, { tea: 2 })).id, id);
	await page.reload();
	await page.evaluate('changeCart({ tea: 3 })');
	assert.equal((await cartShown(host, { tea: 3 })).id, id);
});

testEach(PAGE, 'the pages', { skip: whyNoBrowser() }, async (blocks) => {
	for (const block of blocks) {
		const hasClient = /import .*buddyshopping\.js/.test(block.text);
		await (hasClient ? doesWhatItSays : speaksByItself)(block);
	}
});
