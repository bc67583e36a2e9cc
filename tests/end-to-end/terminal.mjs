// Whatever customers send, nothing of it moves a terminal's cursor, changes its
// colours, turns text around or hides; and whoever reads bytes gets the bytes.

import assert from 'node:assert/strict';
import path from 'node:path';
import test, { before, describe } from 'node:test';

import { Client } from './lib/client.mjs';
import { Daemon, makeFolder } from './lib/daemon.mjs';
import { STORAGE, toolOptions } from './lib/storage.mjs';
import { TicketKey } from './lib/ticket.mjs';
import { hasScript, tool, toolOnTerminal } from './lib/tool.mjs';

// Characters that a terminal obeys, or that nobody sees: controls, marks and
// overrides of direction, separators, joiners, fillers, variations and tags.
const EVIL = ['\u0085', '\u009b31m', '\u009d0;title\u009c', '\u200e', '\u200f',
	'\u061c', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066',
	'\u2067', '\u2068', '\u2069', '\u2028', '\u2029', '\u200b', '\u200c',
	'\u200d', '\u2060', '\ufeff', '\u00ad', '\u034f', '\u115f', '\u3164',
	'\uffa0', '\ufe00', '\ufff9', '\u{e0001}', '\u{e0041}', '\u{e0100}',
	'\u007f'].join('x');
const OBEYED = /[^\P{Cc}\r\n]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}|\u034f|\u115f|\u3164|\uffa0|\ufe00|[\u{e0000}-\u{e0fff}]/u;

// In JSON these can be escaped, and a half of a character is allowed, too.
const ESCAPED = '\\u001b[31m\\u0000\\ud800\\u202e';
// The daemon lets no control character into a name.
const NAME = `Ada ${EVIL.replaceAll(/\p{Cc}/gu, '')}`;
const CART = `{"items":[{"product":{"id":"7${EVIL}","name":"${EVIL}"},` +
	`"quantity":1,"options":{"${EVIL}":"${EVIL}"}}],"${EVIL}":"${EVIL}",` +
	`"list":["${ESCAPED}","${EVIL}"]}`;
const LATER = CART.replace('"quantity":1', '"quantity":2')
	.replace('"list":["', '"list":["x');

const words = (text) => text.split(' ');

// All that shows what customers sent; those that only print it.
const PROGRAMS = ['audit state one', 'audit export',
	'audit export --format=csv', 'audit sessions --json',
	'audit customers --account=4711 --json', 'audit customers ada --json',
	'audit show one --json', 'audit who one 7 --json', 'session one --json',
	'sessions --json', 'status --json', 'config --json',
	'top --json'];
const PEOPLE = ['audit sessions', 'audit sessions --ids=o', 'audit customers --account=4711',
	'audit customers ada',
	'audit show one --color=never', 'audit diff one 1 3 --color=never',
	'audit who one 7 --color=never',
	'audit verify', 'session one', 'sessions', 'status', 'config', 'webhook status',
	'lock one'];
// What is wrong with a command line may be on a page that somebody copied from.
const WRONG = [['audit', 'show', EVIL], ['audit', 'who', 'one', EVIL],
	['audit', 'diff', 'one', EVIL, '1'], ['audit', 'state', 'one', '--at', EVIL],
	['audit', 'sessions', '--since', EVIL], ['session', EVIL],
	['kick', EVIL, EVIL], ['audit', 'export', '--format', EVIL],
	['lock', EVIL], ['unlock', EVIL], ['end', EVIL], ['log-level', EVIL],
	['webhook', 'replay', '--after', EVIL],
	['audit', 'verify', '--head', EVIL],
	['audit', 'customers', '--account', `${EVIL}?`],
	['audit', 'customers', `${EVIL}?`],
	['erase', '--session', EVIL],
	['erase', '--yes', '--account', `${EVIL}?`],
	['backup', `/no/where/${EVIL}`],
	['copy', `/no/where/${EVIL}`, 'copy.db']];

const folder = makeFolder();
const database = path.join(folder, 'shop.db');
// The key is beside it, or named.
const COPIES = [[], [`--key-file=${STORAGE === 'sqlite' ? `${database}.key` :
	database}`]];
const key = new TicketKey('HS256', 'shop', folder);
const daemon = await Daemon.start({
	database,
	settings: { 'ticket-keys': key.file } });

before(async () => {
	const ada = await Client.open(daemon, '/one');
	const { customerId } = await ada.enter('startSession', NAME,
		{ ticket: key.sign({ sub: '4711' }) });
	const bob = await Client.open(daemon, '/one');
	await bob.enter('joinSession', 'Bob', { ticket: key.sign({ sub: EVIL }) });
	for (const [i, cart] of [CART, LATER].entries()) {
		ada.sendText('{"event":"updateCart","payload":{"customerId":' +
			`"${customerId}","seq":${i + 1},"cartContent":${cart}}}`);
		await ada.nextOf('updateCart');
	}
	ada.send('readyToCheckout', {});
});

// The first character that is not to be there; a line that tells how far it is
// is wiped by a sequence of ours.
const obeyed = (text) => text.replaceAll('\r\x1b[K', '').match(OBEYED)?.[0]
	.codePointAt(0).toString(16);

const onTerminal = (args) => toolOnTerminal(daemon.database, args,
	{ PAGER: 'cat' });

describe('on a terminal', { skip: !hasScript && 'script(1) was not found' },
	() => {
		for (const command of [...PROGRAMS, ...PEOPLE])
			test(`${command} shows what can be seen`, async () => {
				const { status, shown } = await onTerminal(words(command));
				assert.equal(status, 0, shown);
				assert.equal(obeyed(shown), undefined, JSON.stringify(shown));
			});
		for (const [i, args] of WRONG.entries())
			test(`wrong words (${i + 1}) are shown`, async () => {
				const { status, shown } = await onTerminal(args);
				assert.notEqual(status, 0);
				assert.equal(obeyed(shown), undefined, JSON.stringify(shown));
			});
		test('copy shows what can be seen', async () => {
			const [, from] = toolOptions(daemon.database);
			for (const [i, words] of COPIES.entries()) {
				const to = path.join(folder, `${i}${EVIL}`);
				for (const rows of [/copied: [1-9]/, /copied: 0/]) {
					const { status, shown } = await onTerminal(
						['copy', ...words, from, to]);
					assert.equal(status, 0, shown);
					assert.match(shown, rows);
					assert.equal(obeyed(shown), undefined,
						JSON.stringify(shown));
				}
			}
		});
		test('restore shows what can be seen', { skip: STORAGE !== 'sqlite' &&
			'it is of files' }, async () => {
			const copy = path.join(folder, `copy${EVIL}`);
			const to = path.join(folder, `restored${EVIL}`);
			assert.equal((await onTerminal(['backup', '--key', copy])).status,
				0);
			for (const [words, line] of [
				[['--key'], /^key: .*where there is none now\r$/m],
				[['--key'], /^key: .* is the copy's\r$/m],
				[[], /^database: .* to be kept as .*\r\nkey: .* stays/m]]) {
				const { status, shown } = await toolOnTerminal(to,
					['restore', '--yes', ...words, copy]);
				assert.equal(status, 0, shown);
				assert.match(shown, line);
				assert.equal(obeyed(shown), undefined, JSON.stringify(shown));
			}
		});
		test('a page has nothing but tabs of its own', async () => {
			const { status, shown } = await onTerminal(
				words('audit show one --html'));
			assert.equal(status, 0);
			assert.equal(obeyed(shown.replaceAll('\t', '')), undefined);
		});
		test('JSON means the same there', async () => {
			for (const command of PROGRAMS) {
				if (/csv|status|top/.test(command))
					continue;
				const { shown } = await onTerminal(words(command));
				const { stdout } = await tool(daemon.database,
					words(command));
				assert.deepEqual(
					shown.trimEnd().split('\r\n').map(JSON.parse),
					stdout.trimEnd().split('\n').map(JSON.parse), command);
			}
		});
	});

test('a program gets every byte of the multicart', async () => {
	const { stdout } = await tool(daemon.database, words('audit state one'));
	assert(stdout.includes(LATER), stdout);
	assert(stdout.includes(EVIL.slice(0, 10)));
});

test('a program gets every byte of a name in CSV', async () => {
	const { stdout } = await tool(daemon.database,
		words('audit export --format=csv'));
	assert(stdout.includes(`,"${NAME}",`), stdout);
});

test('what a person gets by a pipe can be seen as well', async () => {
	for (const command of PEOPLE) {
		const { stdout } = await tool(daemon.database, words(command));
		assert.equal(obeyed(stdout), undefined, command);
	}
});

test('the log has none of it', async () => {
	assert.equal(await daemon.stop(), 0);
	assert.equal(obeyed(daemon.log), undefined);
});
