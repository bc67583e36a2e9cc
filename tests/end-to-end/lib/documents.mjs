// The blocks of commands, messages and configuration in what people read about
// the program, and for each of them the test that runs it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

export const SOURCES = process.env.srcdir ?? '.';

export const readSource = (name) =>
	fs.readFileSync(path.join(SOURCES, name), 'utf8');

// Who runs a block:
// SHELL	examples.mjs, against a daemon of its own
// SETTINGS	examples.mjs has the daemon check them
// TALK		examples.mjs says it by WebSocket
// PAGE		examples.mjs, in a browser
// SHAPE	examples.mjs parses it: JSON with words for its values
// SQL		audit-sql.mjs
// API		api.mjs, with a daemon and keys of its own
// FRAMEWORK	frameworks.mjs, which builds shops with them
// CLIENT	the tests of the browser client, contrib/client/test
// TICKETS	tickets.mjs, with a daemon that asks for them
// SERVER	shop-servers.mjs, with a daemon of its own
// FRONT	the test of that web server
// CONTAINER	system.sh, in the container, as an administrator
// BY_HAND	by-hand.sh, in a fresh system that has the sources alone
// CI		.ci/run says the same
// POSTGRES	postgres-manual.mjs, with a server of its own
// COPY		copy.mjs, likewise
// FORM		nobody: it is no command, and has words for what is to be put in
export const SHELL = 'shell', SETTINGS = 'settings', TALK = 'talk',
	PAGE = 'page', SHAPE = 'shape', SQL = 'sql', API = 'api',
	FRAMEWORK = 'framework', CLIENT = 'client', TICKETS = 'tickets',
	SERVER = 'server', FRONT = 'front',
	CONTAINER = 'container', BY_HAND = 'by-hand', CI = 'ci',
	POSTGRES = 'postgres', COPY = 'copy', FORM = 'form';

// Of each document the beginnings of its blocks.
const CLAIMS = {
	'README.md': {
		'contrib/quickstart run': CI,
		'import { BuddyShopping }': PAGE,
		'contrib/quickstart package': CI,
		'systemctl reload': CONTAINER,
		'buddyshopping -c buddyshopping.conf': CONTAINER,
		'buddyshoppingctl backup --key': CONTAINER,
		'systemctl stop buddyshopping': CONTAINER,
		'ssh old': CONTAINER,
		'sudo -u postgres createuser': COPY,
		'sudo systemctl stop buddyshopping': COPY,
		'database = "postgresql': COPY,
		'shop.example {': FRONT,
		'+----------+  wss': FORM,
		'curl -s --oauth2-bearer $KEY "http://127.0.0.1:9090': API,
		'from buddyshopping import': SERVER,
		'buddyshoppingctl audit sessions': CONTAINER,
		'buddyshoppingctl status': CONTAINER,
		'apt-get update\napt-get install -y autoconf': BY_HAND,
	},
	'contrib/HACKING.md': {
		'make check': BY_HAND,
		'../configure --enable-sanitizers': CI,
	},
	'contrib/client/README.md': {
		'<script type="module">': PAGE,
		'import { useBuddyShopping } from \'buddyshopping/react\'': FRAMEWORK,
		'import { useBuddyShopping } from \'buddyshopping/vue\'': FRAMEWORK,
		'const shop = new BuddyShopping(url, { storage': CLIENT,
		'const shop = new BuddyShopping(url, { ticket': TICKETS,
	},
	'contrib/proxies/README.md': {},
	'contrib/server/README.md': {},
	'tests/bench/README.md': {
		'make bench': BY_HAND,
		'cc -O3': FORM,
		'npm install': BY_HAND,
		'SOURCE/tests/bench/compare --nightly': FORM,
		'node SOURCE/tests/bench/fronts.mjs': FORM,
		'SOURCE/tests/bench/plateau': FORM,
		'./tests/bench/fill': BY_HAND,
		'SOURCE/tests/bench/stranger': BY_HAND,
	},
	'man/buddyshopping.conf.5': {
		'key = value': FORM,
		'allowed-origins = {': SETTINGS,
		'shop books {': SETTINGS,
		'base-path = /together/': SETTINGS,
		'require-tickets = yes': SETTINGS,
		'fastcgi-listen = unix:': SETTINGS,
		'(umask 027; printf': FORM,
		'PRAGMA journal_mode = DELETE': SQL,
		'buddyshopping -t': CONTAINER,
	},
	'man/buddyshopping-api.7': {
		'GET /v1/sessions?limit=N': FORM,
		'Authorization: Bearer KEY': FORM,
		'{"sessions": [SESSION': SHAPE,
		'{"error": {"code": CODE': SHAPE,
		'api-listen = ': API,
		'buddyshoppingctl api-key new': API,
		'api=http://127.0.0.1:9090/v1': API,
		'curl -s --oauth2-bearer $KEY -X POST $api': API,
		'curl -s --oauth2-bearer $KEY -X POST \\': API,
		'{"events": [EVENT': SHAPE,
		'{"id": "1742"': SHAPE,
		'curl -s --oauth2-bearer $KEY "$api/events': API,
		'POST /hook HTTP/1.1': FORM,
	},
	'man/buddyshopping-protocol.7': {
		'GET {base-path}{sessionId} HTTP/1.1': FORM,
		'{"event": STRING': SHAPE,
		'{"owner": {"id": STRING, "name"': SHAPE,
		'{"event": SAME': SHAPE,
		'{"event": "multicartDelta"': SHAPE,
		'{"owner": {"id": STRING}, "isGone"': SHAPE,
		'{"owner": OWNER': SHAPE,
		'{"event": "say", "payload":\n': SHAPE,
		'{"event": "say", "payload": {': SHAPE,
		'{"messages": [MESSAGE': SHAPE,
		'{"messages": [{"event": "error"': SHAPE,
		'{"alg":"EdDSA"': SHAPE,
		'{"exp":1800000300': SHAPE,
		'/usr/bin/python3 -m websockets': CONTAINER,
		'{"event":"startSession"': CONTAINER,
		'{"event":"joinSession"': CONTAINER,
		'{"event":"updateCart"': CONTAINER,
		'> {"event":"startSession"': TALK,
		'> {"event":"resumeSession",\n': TALK,
		'> {"event":"resumeSession","payload"': TALK,
		'url=http://localhost:8080/picnic': SHELL,
		'curl -s --oauth2-bearer $token "$url?': SHELL,
		'curl -s $url --oauth2-bearer $token': SHELL,
		'<script type="module">': PAGE,
		'const url = "wss:': PAGE,
	},
	'man/buddyshopping.8': {
		'systemctl stop buddyshopping\n': CONTAINER,
		'$ buddyshopping -d shop.db -o': CONTAINER,
		'$ buddyshopping -d shop.db\n': CONTAINER,
		'$ buddyshopping -t': CONTAINER,
		'$ curl http://localhost:8080/party': CONTAINER,
		'file:line: key: what is wrong': FORM,
		'createuser buddyshopping': POSTGRES,
		'database = "postgresql:': POSTGRES,
		'[shop]': POSTGRES,
		'GRANT USAGE': POSTGRES,
		'pg_dump': POSTGRES,
		'createdb': POSTGRES,
	},
	'man/buddyshoppingctl.8': {
		'$ buddyshoppingctl -d shop.db audit show': CONTAINER,
		'$ buddyshoppingctl -d shop.db audit who': CONTAINER,
		'$ buddyshoppingctl -d shop.db audit diff': CONTAINER,
		'$ buddyshoppingctl -d shop.db audit export': CONTAINER,
		'$ ssh shop': CONTAINER,
		'# buddyshoppingctl -d shop.db backup': CONTAINER,
		'# buddyshoppingctl -d shop.db erase': CONTAINER,
		'$ sqlite3 -readonly': CONTAINER,
		'SELECT time, who': SQL,
		'SELECT session': SQL,
		'SELECT who': SQL,
		'SELECT seq, who': SQL,
		'SELECT product': SQL,
		'SELECT time, event': SQL,
		'SELECT seq, hash': SQL,
		'SELECT count(*)': SQL,
	},
};

export const DOCUMENTS = Object.keys(CLAIMS);

const ROFF_ESCAPES = { '\\(aq': '\'', '\\(dq': '"', '\\e': '\\', '\\-': '-' };

const fromRoff = (text) => text.replace(/\\(?:\(..|.)/g, (escape) => {
	assert(escape in ROFF_ESCAPES, `unknown escape ${escape}`);
	return ROFF_ESCAPES[escape];
});

const isManual = (name) => /\.\d$/.test(name);

// Paragraphs that are indented by four spaces, and what stands in fences.
const MARKDOWN = /(?:^ {4}.*\n|^\n(?= {4}))+|^```.*\n[^]*?^```\n/gm;
const MANUAL = /^\.(?:Dl|D1) .*\n|^\.Bd -literal.*\n[^]*?^\.Ed\n/gm;

const unwrap = (name, block) => {
	const text = isManual(name) ?
		fromRoff(block.replace(/^\.(?:D[l1] |(?:Bd|Ed).*\n)/gm, '')) :
		block.replace(/^ {4}|^```.*\n/gm, '');
	return `${text.trim()}\n`;
};

// The blocks of a document in their order: { name, line, text }, where text
// ends as a line does.
const blocksOf = (name) => {
	const document = readSource(name);
	return [...document.matchAll(isManual(name) ? MANUAL : MARKDOWN)]
		.map(({ 0: block, index }) => ({
			name,
			line: document.slice(0, index).split('\n').length +
				block.match(/^\n*/)[0].length,
			text: unwrap(name, block),
		}));
};

const claimsOf = ({ name, text }) => Object.keys(CLAIMS[name])
	.filter((beginning) => text.startsWith(beginning));

// What is wrong with the claims of a document, in words.
export const faultsOf = (name) => {
	const blocks = blocksOf(name);
	const unclaimed = blocks.filter((block) => claimsOf(block).length === 0)
		.map(({ line }) => `${name}:${line}: no test runs this block`);
	const vain = Object.keys(CLAIMS[name])
		.filter((beginning) => blocks.filter(({ text }) =>
			text.startsWith(beginning)).length !== 1)
		.map((beginning) => `${name}: not one block begins with ` +
			JSON.stringify(beginning));
	return [...unclaimed, ...vain];
};

// The blocks of a document that a test has to run.
export const blocksFor = (place, name) => blocksOf(name)
	.filter((block) => CLAIMS[name][claimsOf(block)[0]] === place);
