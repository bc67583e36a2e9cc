// The client's examples in React and Vue, as Vite builds them, in a browser:
// two people shop together, the daemon is killed and comes back, pages are loaded
// again, and so is one that a server has rendered. React's is in StrictMode.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

import { Proxy } from '../../contrib/client/test/proxy.mjs';
import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { CLIENT, importFrom, makeProject, packClient, whyWithout } from
	'./lib/client-package.mjs';
import { Daemon, makeFolder, skip } from './lib/daemon.mjs';
import { FRAMEWORK, blocksFor } from './lib/documents.mjs';

const reason = whyWithout('esbuild', 'react', 'react-dom', 'vite', 'vue') ??
	whyNoBrowser();
if (reason !== undefined)
	skip(reason);

const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };
const ADDED = path.resolve(process.env.srcdir ?? '.',
	'tests/end-to-end/frameworks');
// What is wrong is told then, and StrictMode does what it is for.
process.env.NODE_ENV = 'development';
const { build } = await importFrom('vite', 'dist/node/index.js');
const project = makeProject(packClient(), 'react', 'react-dom', 'vue');

const filesBelow = (folder) => fs.readdirSync(folder, { withFileTypes: true })
	.flatMap((entry) => entry.isDirectory() ?
		filesBelow(path.join(folder, entry.name)).map((name) =>
			`${entry.name}/${name}`) : [entry.name]);

// Build an example, and what is added to it; resolves to what a web server has:
// path -> {headers, text}.
const buildExample = async (name) => {
	const root = path.join(project, name);
	const example = path.join(CLIENT, 'examples', name);
	fs.cpSync(example, root, { recursive: true });
	fs.cpSync(path.join(ADDED, name), root, { recursive: true });
	const common = { root, base: `/${name}/`, logLevel: 'error' };
	const pages = ['index.html', 'hydrate.html'];
	await build({ ...common, build: { rollupOptions: {
		input: pages.map((page) => path.join(root, page)) } } });
	// Node knows what Vue's is made of.
	if (name === 'react')
		await build({ ...common,
			build: { ssr: 'server.jsx', outDir: '.', emptyOutDir: false } });
	const { html } = await import(pathToFileURL(
		path.join(root, 'server.js')).href);
	assert.match(html, /Shop together/);
	const dist = path.join(root, 'dist');
	return Object.fromEntries(filesBelow(dist).map((file) =>
		[`/${name}/${file}`, {
			text: fs.readFileSync(path.join(dist, file), 'utf8')
				.replace('<!--shop-->', html),
			headers: { 'Content-Type': TYPES[path.extname(file)] },
		}]));
};

// A daemon behind a web server with the pages; it can be killed and comes back.
class Shop {
	#database = path.join(makeFolder(), 'shop.db');
	#settings = { 'base-path': '/together/' };

	async open(files) {
		await this.start();
		this.proxy = new Proxy(this);
		this.proxy.files = files;
		await this.proxy.start();
		this.url = this.proxy.url;
	}

	async start() {
		this.daemon = await Daemon.start({ database: this.#database,
			settings: this.#settings });
		this.port = this.daemon.port;
	}

	kill() {
		return this.daemon.kill('SIGKILL');
	}

	async close() {
		await this.proxy.stop();
		assert.equal(await this.daemon.stop(), 0);
	}
}

// Of each example what the README shows.
const EXAMPLES = { react: 'cart.jsx', vue: 'cart.js' };

const files = {};
for (const name of Object.keys(EXAMPLES))
	Object.assign(files, await buildExample(name));
const shop = new Shop();
await shop.open(files);
const browser = await launchBrowser();

test.after(async () => {
	await browser.close();
	await shop.close();
});

// What a browser says when the daemon is gone.
const IS_GONE = /^Failed to load resource|^WebSocket connection/;

// A page of another person; adds what the browser or the framework finds fault
// with.
const openPage = async (faults, address) => {
	const context = await browser.newContext();
	const page = await context.newPage();
	page.on('pageerror', ({ message }) => faults.push(message));
	page.on('console', (message) => {
		const isBad = ['error', 'warning'].includes(message.type());
		if (isBad && !IS_GONE.test(message.text()))
			faults.push(message.text());
	});
	await page.goto(`${shop.url}${address}`);
	return page;
};

const enter = async (page, name) => {
	await page.fill('#name', name);
	await page.click('form button:enabled');
	await page.locator('#state', { hasText: 'online' }).waitFor();
};

const has = (page, selector, text) =>
	page.locator(selector, { hasText: text }).first().waitFor();

const add = (page, product) =>
	page.click(`#mine button:has-text("${product}")`);

// No change is on its way.
const isSaved = (page) =>
	page.locator('[role=status]').waitFor({ state: 'detached' });

const shopTogether = async (name, faults) => {
	const address = `/${name}/index.html#${name}`;
	const ada = await openPage(faults, address);
	const bob = await openPage(faults, address);
	await enter(ada, 'Ada');
	await enter(bob, 'Bob');
	await add(ada, 'pears');
	await has(bob, '#friends li', /Ada: 1 pears/);
	await bob.check('#mine input');
	await has(ada, '#friends li', /Bob:\s+\(ready\)/);
	await isSaved(ada);
	await isSaved(bob);
	return [ada, bob];
};

const comeBack = async ([ada, bob]) => {
	await shop.kill();
	await add(ada, 'pears');
	await add(ada, 'tea');
	await add(ada, 'tea');
	await has(ada, '[role=status]', 'changes not sent yet: 3');
	await ada.reload();
	await has(ada, '[role=status]', 'changes not sent yet: 3');
	await has(ada, '#mine button', 'pears: 2');
	await shop.start();
	await has(bob, '#friends li', /Ada: 2 pears, 2 tea/);
	await has(ada, '#friends li', /Bob:\s+\(ready\)/);
	await isSaved(ada);
	// A customer each, however often the components were mounted.
	assert.equal(await ada.locator('#friends li').count(), 1);
	assert.equal(await bob.locator('#friends li').count(), 1);
};

const leave = async ([ada, bob]) => {
	await ada.click('#leave');
	await has(ada, '#end', 'You left.');
	await bob.waitForFunction(() =>
		document.querySelectorAll('#friends li').length === 0);
	await enter(ada, 'Ada again');
	await has(bob, '#friends li', 'Ada again');
};

const hydrate = async (name, faults) => {
	const page = await openPage(faults, `/${name}/hydrate.html`);
	await enter(page, 'Cleo');
	await add(page, 'bread');
	await isSaved(page);
	// Now the page knows at once what the server did not.
	await page.reload();
	await has(page, '#mine button', 'bread: 1');
	await page.click('#leave');
	await has(page, '#end', 'You left.');
};

for (const name of Object.keys(EXAMPLES)) {
	test(`people shop together in ${name}`, async () => {
		const faults = [];
		const people = await shopTogether(name, faults);
		await comeBack(people);
		await leave(people);
		assert.deepEqual(faults, []);
	});

	test(`what a server rendered is hydrated in ${name}`, async () => {
		const faults = [];
		await hydrate(name, faults);
		assert.deepEqual(faults, []);
	});
}

test('the README shows what is in the examples', () => {
	const shown = blocksFor(FRAMEWORK, 'contrib/client/README.md')
		.map(({ text }) => text);
	assert.deepEqual(shown, Object.entries(EXAMPLES).map(([name, file]) =>
		fs.readFileSync(path.join(CLIENT, 'examples', name, file), 'utf8')));
});
