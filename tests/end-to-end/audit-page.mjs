// The page that buddyshoppingctl makes of a session, in a browser: what it tells
// is what the journal says, and nothing that customers sent runs in it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { Client } from './lib/client.mjs';
import { makeFolder, skip, withDaemon } from './lib/daemon.mjs';
import { tool } from './lib/tool.mjs';

const reason = whyNoBrowser();
if (reason !== undefined)
	skip(reason);

// The page of a session, as a file.
const makePage = async (database, session) => {
	const { status, stdout, stderr } = await tool(database,
		['audit', 'show', session, '--html']);
	assert.equal(status, 0, stderr);
	const file = path.join(makeFolder(), 'story.html');
	fs.writeFileSync(file, stdout);
	return { html: stdout, url: pathToFileURL(file).href };
};

// Open it and run steps; whatever runs, loads or breaks the policy in it that is
// not its own fails the test.
const withPage = async (url, steps) => {
	const browser = await launchBrowser();
	const faults = [];
	try {
		const page = await browser.newPage();
		await page.addInitScript(() => {
			globalThis.faults = [];
			globalThis.ran = (what) => globalThis.faults.push(`ran ${what}`);
			document.addEventListener('securitypolicyviolation', (event) =>
				globalThis.faults.push(`violated ${event.violatedDirective}`));
		});
		page.on('pageerror', (error) => faults.push(error.message));
		page.on('console', (message) => faults.push(message.text()));
		page.on('dialog', (dialog) => faults.push(dialog.message()));
		page.on('request', (request) => {
			if (request.url() !== url)
				faults.push(`a request of ${request.url()}`);
		});
		await page.goto(url);
		await steps(page, faults);
		assert.deepEqual(faults, []);
		assert.deepEqual(await page.evaluate(() => globalThis.faults), []);
	} finally {
		await browser.close();
	}
};

const enter = async (daemon, session, event, name) => {
	const client = await Client.open(daemon, `/${session}`);
	const { customerId } = await client.enter(event, name);
	let seq = 0;
	const say = async (said, payload) => {
		client.sendText(`{"event":"${said}","payload":{"customerId":` +
			`"${customerId}","seq":${++seq},${payload}}}`);
		await client.nextOf(said);
	};
	return {
		id: customerId,
		client,
		cart: (text) => say('updateCart', `"cartContent":${text}`),
		ready: (value) => say('customerReadyToCheckout',
			`"customerReadyToCheckout":${value}`),
		leave: () => say('leaveSession', '"x":0'),
	};
};

// In the page: everybody with cart and badges after so many rows.
const stateAt = (position) => {
	const slider = document.getElementById('position');
	slider.value = position;
	slider.dispatchEvent(new Event('input'));
	const textsOf = (element, selector) =>
		[...element.querySelectorAll(selector)].map((part) =>
			part.textContent);
	return [...document.querySelectorAll('#carts article')].map((article) => ({
		name: article.querySelector('h3').textContent,
		cart: textsOf(article, 'li'),
		badges: textsOf(article, '.chip'),
	}));
};
const textsOf = (page, selector) => page.evaluate((wanted) =>
	[...document.querySelectorAll(wanted)].map((element) =>
		element.textContent), selector);

const COFFEE = '{"quantity":2,"product":{"id":7,"name":"Coffee",' +
	'"price":4.50},"options":{"size":"large"}}';

const tellParty = async (daemon) => {
	const ada = await enter(daemon, 'party', 'startSession', 'Ada');
	const zoe = await enter(daemon, 'party', 'joinSession', 'Zo\u00eb');
	await ada.cart(`{"items":[${COFFEE}],"n":12345678901234567890}`);
	await ada.cart(`{"items":[${COFFEE.replace('2', '3')},{"id":8}]}`);
	await zoe.ready(true);
	zoe.client.send('joinSession', { customerName: 'Zo\u00eb' });
	await zoe.client.nextOf('error');
	assert.equal((await tool(daemon.database, ['lock', 'party'])).status, 0);
	assert.equal((await tool(daemon.database, ['unlock', 'party'])).status, 0);
	await ada.cart('{}');
	await ada.ready(true);
	await zoe.leave();
	return { ada, zoe };
};

test('the page tells who did what', () => withDaemon({}, async (daemon) => {
	await tellParty(daemon);
	const { html, url } = await makePage(daemon.database, 'party');
	const { stdout: head } = await tool(daemon.database, ['audit', 'head']);
	await withPage(url, async (page) => {
		assert.equal(await page.title(), 'party');
		assert.deepEqual(await textsOf(page, 'h2'), ['Incarnation 1']);
		assert.deepEqual(await textsOf(page, '.lanes .name'),
			['Ada', 'Zo\u00eb']);
		const told = (await textsOf(page, '.event')).map((text) =>
			text.replace(/^.*127\.0\.0\.1/, '').replace(/^\d+ · [\d:.]+/, ''));
		assert.deepEqual(told.filter((text) => !/admin/.test(text)), [
			'\u2192 started the session', '\u2192 joined',
			'+ 2 x Coffee (size: large) at 4.50+ n: 12345678901234567890',
			'\u2212 n: 12345678901234567890' +
				'3 x Coffee (size: large): quantity 2 \u2192 3+ 8',
			'\u2713 ready to check out',
			'joinSession was refused: alreadyJoined',
			'the session was locked', 'the session was unlocked',
			'\u2212 3 x Coffee (size: large) at 4.50\u2212 8',
			'\u2713 ready to check out \u2713 all are ready', '\u2190 left',
		]);
		assert((await textsOf(page, 'footer code'))[0] === head.trim());
		assert.equal((await textsOf(page, 'footer code'))[1],
			`buddyshoppingctl audit verify --head ${head.trim()}`);
	});
	assert.equal((await tool(daemon.database, ['audit', 'verify', '--head',
		head.trim()])).status, 0);
	assert(!/https?:\/\//.test(html), 'nothing is to be loaded');
}));

test('the slider shows the carts after any row', () => withDaemon({},
	async (daemon) => {
		await tellParty(daemon);
		const { url } = await makePage(daemon.database, 'party');
		await withPage(url, async (page) => {
			const rows = await textsOf(page, '.event');
			assert.deepEqual(await page.evaluate(stateAt, 0), []);
			assert.deepEqual(await page.evaluate(stateAt, 3), [
				{ name: 'Ada', badges: ['host'],
					cart: ['2 x Coffee (size: large) at 4.50',
						'n: 12345678901234567890'] },
				{ name: 'Zo\u00eb', badges: [], cart: [] }]);
			for (let at = 1; at <= rows.length; at++) {
				const revision = /^(\d+) · /.exec(rows[at - 1])?.[1];
				if (revision === undefined)
					continue;
				const { stdout } = await tool(daemon.database,
					['audit', 'state', 'party', '--at', revision]);
				const { multicartContent } = JSON.parse(stdout).payload;
				const shown = await page.evaluate(stateAt, at);
				assert.deepEqual(shown.map(({ name, badges }) =>
					[name, badges.includes('host'),
						badges.includes('\u2713 ready')]),
				multicartContent.map(({ owner }) => [owner.name,
					owner.isHost, owner.isReadyToCheckout]), revision);
			}
			const last = await page.evaluate(stateAt, rows.length);
			assert.deepEqual(last.map(({ name, cart }) => [name, cart]),
				[['Ada', []]]);
			const later = () => textsOf(page, '.later');
			await page.evaluate(stateAt, 4);
			assert.equal((await later()).length, rows.length - 4);
			await page.locator('.event').nth(1).click();
			assert.equal((await later()).length, rows.length - 2);
			await page.evaluate(stateAt, rows.length);
			assert.deepEqual(await later(), []);
			assert((await page.pdf()).length > 1000);
		});
	}));

// In a name, a key, a value.
const HOSTILE = [
	'</script><script>ran("script")</script>',
	'<img src=x onerror=ran("img")>',
	'"><svg onload=ran("svg")>',
	'<!--<script>',
	'--></SCRIPT\t><script src="https://example.com/x"></script>',
	']]></title></style><script>ran("style")</script>',
	'\u202e\u2028</ script><base href="//example.com">',
	'__proto__', '@rows@', '\\u003cscript>ran("escape")</script>',
	'&lt;script&gt;ran("entity")&lt;/script&gt;', '${ran("template")}',
];

test('nothing that customers sent runs in it', () => withDaemon(
	{ 'message-rate': 0 }, async (daemon) => {
		const names = HOSTILE.map((text) => text.replaceAll('\t', ' '));
		for (const [i, text] of HOSTILE.entries()) {
			const somebody = await enter(daemon, 'party',
				i === 0 ? 'startSession' : 'joinSession', names[i]);
			const key = JSON.stringify(text);
			await somebody.cart(`{${key}:${key},"items":[{"id":${key},` +
				`"name":${key},"options":{${key}:${key}},"price":${key},` +
				`"quantity":${key}}],"l":[${key}]}`);
			await somebody.cart(`{"items":{${key}:${key}}}`);
		}
		const { html, url } = await makePage(daemon.database, 'party');
		assert.equal(html.match(/<script/g).length, 2);
		await withPage(url, async (page) => {
			const shown = (text) => text.replace(/[\u202e\u2028\t]/g, (c) =>
				`\\u{${c.codePointAt(0).toString(16)}}`);
			assert.deepEqual(await textsOf(page, '.lanes .name'),
				names.map(shown));
			const { cart } = (await page.evaluate(stateAt, 2))[0];
			const text = HOSTILE[0];
			assert.deepEqual(cart, [`${text}: ${text}`,
				`${text} x ${text} (${text}: ${text}) at ${text}`,
				`l: [${JSON.stringify(text)}]`]);
			assert.equal(await page.evaluate(() =>
				document.querySelectorAll('img, svg, base').length), 0);
		});
	}));

// So that the tests above would notice.
test('its policy lets nothing else run', () => withDaemon({},
	async (daemon) => {
		await enter(daemon, 'party', 'startSession', 'Ada');
		const { html } = await makePage(daemon.database, 'party');
		const file = path.join(makeFolder(), 'other.html');
		fs.writeFileSync(file, html.replace('<main', '<img src="x.png">' +
			'<script>ran("script")</script><style>b{}</style>' +
			'<b onclick=ran("b")></b><main'));
		await withPage(pathToFileURL(file).href, async (page, faults) => {
			assert.deepEqual(await textsOf(page, '.lanes .name'), ['Ada']);
			await page.evaluate(() => document.querySelector('b').click());
			const violated = await page.evaluate(() =>
				globalThis.faults.splice(0));
			for (const what of ['img-src', 'script-src-elem',
				'style-src-elem', 'script-src-attr'])
				assert(violated.includes(`violated ${what}`), what);
			assert(!violated.some((fault) => fault.startsWith('ran')));
			assert(faults.splice(0).length >= 4);
		});
	}));

test('an incarnation begins with nobody', () => withDaemon({},
	async (daemon) => {
		await tellParty(daemon);
		assert.equal((await tool(daemon.database, ['end', 'party'])).status,
			0);
		await enter(daemon, 'party', 'startSession', 'Eve');
		const { url } = await makePage(daemon.database, 'party');
		await withPage(url, async (page) => {
			assert.deepEqual(await textsOf(page, 'h2'),
				['Incarnation 1', 'Incarnation 2']);
			assert.deepEqual(await textsOf(page, '.lanes .name'),
				['Ada', 'Zo\u00eb', 'Eve']);
			const { length } = await textsOf(page, '.event');
			assert.deepEqual((await page.evaluate(stateAt, length))
				.map(({ name }) => name), ['Eve']);
			assert.deepEqual(await page.evaluate(stateAt, length - 1), []);
			assert.match((await textsOf(page, '#carts'))[0], /has ended/);
		});
	}));

// More rows than a grid takes, and than the tool reads at once.
test('a long story is told whole', () => withDaemon({ 'message-rate': 0 },
	async (daemon) => {
		const ada = await enter(daemon, 'party', 'startSession', 'Ada');
		for (let n = 1; n <= 1200; n++)
			await ada.cart(`{"n":${n}}`);
		const { url } = await makePage(daemon.database, 'party');
		await withPage(url, async (page) => {
			assert.equal((await textsOf(page, '.event')).length, 1201);
			for (const n of [1, 499, 500, 1200])
				assert.deepEqual((await page.evaluate(stateAt, n + 1))
					.map(({ cart }) => cart), [[`n: ${n}`]]);
			assert.deepEqual(await textsOf(page, '.lanes .name'),
				['Ada', 'Ada', 'Ada']);
		});
	}));

test('what was erased is not told', () => withDaemon({}, async (daemon) => {
	const { zoe } = await tellParty(daemon);
	assert.equal((await tool(daemon.database, ['erase', '--yes',
		'--session=party', `--customer=${zoe.id}`])).status, 0);
	const { html, url } = await makePage(daemon.database, 'party');
	assert(!html.includes('Zo\u00eb'));
	await withPage(url, async (page) => {
		assert.deepEqual(await textsOf(page, '.lanes .name'),
			['Ada', zoe.id]);
		assert.match((await textsOf(page, '.event')).at(-1),
			/all that was personal until here was erased$/);
	});
}));

// By what the page is made of: neither waiting nor a bad disk is needed.
test('who is away has no cart, and what could not be read is missed',
	() => withDaemon({}, async (daemon) => {
		const ada = await enter(daemon, 'one', 'startSession', 'Ada');
		await ada.cart('{"pears":1}');
		const { html } = await makePage(daemon.database, 'one');
		const [row] = html.match(/^{.*"event":"cart".*$/m);
		const away = row.replace('"event":"cart"', '"event":"expire"');
		assert.notEqual(away, row);
		const file = path.join(makeFolder(), 'story.html');
		const { href } = pathToFileURL(file);
		fs.writeFileSync(file, html.replace(row, `${row}\n${away}`));
		await withPage(href, async (page) => {
			assert.equal(await page.locator('.fault').count(), 0);
			assert.deepEqual((await page.evaluate(stateAt, 2))[0].cart,
				['pears: 1']);
			assert.deepEqual(await page.evaluate(stateAt, 3), [{
				name: 'Ada', cart: [], badges: ['host', 'away'] }]);
		});
		fs.writeFileSync(file,
			html.replace('"complete":true', '"complete":false'));
		await withPage(href, async (page) => assert.match(
			await page.locator('.fault').textContent(), /^Not all could/));
	}));
