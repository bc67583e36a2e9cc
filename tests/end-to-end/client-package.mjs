// The browser client as npm packs it: what checks packages finds no fault with
// it, and projects of all kinds can use it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { CLIENT, importFrom, makeProject, packClient, run, runFrom,
	whyWithout } from './lib/client-package.mjs';
import { skip, withDaemon } from './lib/daemon.mjs';

const reason = whyWithout('@arethetypeswrong/core', 'esbuild', 'publint',
	'react', 'typescript', 'vite', 'vue');
if (reason !== undefined)
	skip(reason);

const archive = packClient();
const project = makeProject(archive, 'react', 'vue');
const packed = path.join(project, 'node_modules', 'buddyshopping');
const read = (name) => fs.readFileSync(path.join(packed, name), 'utf8');

const write = (name, text) => {
	fs.writeFileSync(path.join(project, name), text);
	return name;
};

test('it has what its users need, and no more', () => {
	const { files } = JSON.parse(read('package.json'));
	assert.deepEqual(fs.readdirSync(packed).sort(),
		[...files, 'LICENSE', 'README.md', 'package.json'].sort());
	for (const name of files.filter((one) => !one.includes('.min.')))
		assert.equal(read(name),
			fs.readFileSync(path.join(CLIENT, name), 'utf8'));
});

test('publint finds no fault', async () => {
	const { publint } = await importFrom('publint', 'src/index-node.js');
	const { messages } = await publint({ pkgDir: packed, strict: true });
	assert.deepEqual(messages, []);
});

test('are the types wrong? they are not', async () => {
	const { checkPackage, Package } =
		await importFrom('@arethetypeswrong/core', 'dist/index.js');
	const { name, version } = JSON.parse(read('package.json'));
	const files = Object.fromEntries(fs.readdirSync(packed).map((file) =>
		[`/node_modules/${name}/${file}`, read(file)]));
	const { problems, types } =
		await checkPackage(new Package(files, name, version));
	assert.equal(types.kind, 'included');
	// It is for import alone, as all that browsers load.
	assert.deepEqual(problems.filter(({ kind }) =>
		kind !== 'CJSResolvesToESM'), []);
});

test('what is minified is what it says', () => {
	const { sources, sourcesContent } =
		JSON.parse(read('buddyshopping.min.js.map'));
	assert.deepEqual(sources, ['buddyshopping.js']);
	assert.deepEqual(sourcesContent, [read('buddyshopping.js')]);
	assert.match(read('buddyshopping.min.js'),
		/\n\/\/# sourceMappingURL=buddyshopping\.min\.js\.map\n$/);
	assert(read('buddyshopping.min.js').length <
		read('buddyshopping.js').length / 2);
});

// Older nodes lack what browsers have.
const GLOBALS = new URL('lib/browser-globals.mjs', import.meta.url).href;
const SHOP = `
const shop = new BuddyShopping(process.argv[2], {
	forcePolling: process.argv[3] === 'polling' });
await shop.enter('Ada', { timeout: 20000 });
await shop.updateCart({ pears: 2 });
await shop.setReady(true);
console.log(JSON.stringify([shop.transport, shop.cart, shop.pending]));
await shop.leave();
shop.close();
`;

for (const name of ['buddyshopping',
	'./node_modules/buddyshopping/buddyshopping.min.js'])
	test(`node imports ${path.basename(name)}`, () => withDaemon({},
		(daemon) => {
			const script = write('shop.mjs',
				`import { BuddyShopping } from '${name}';\n${SHOP}`);
			const url = `http://${daemon.host}:${daemon.port}/one`;
			for (const transport of ['websocket', 'polling'])
				assert.deepEqual(JSON.parse(run(process.execPath,
					['--import', GLOBALS, script, url, transport],
					{ cwd: project })), [transport, { pears: 2 }, null]);
		}));

test('node imports what React and Vue need', () => {
	for (const name of ['react', 'vue'])
		run(process.execPath, [write('bound.mjs',
			`import { useBuddyShopping } from 'buddyshopping/${name}';
			useBuddyShopping.call;`)], { cwd: project });
});

const TYPED = `
import { BuddyShopping } from 'buddyshopping';
import { useBuddyShopping } from 'buddyshopping/react';
import { useBuddyShopping as useInVue } from 'buddyshopping/vue';
import { ref } from 'vue';

interface Cart { pears: number }

const client: BuddyShopping<Cart> = new BuddyShopping('/s1');
const { shop, cart, pending, state } = useBuddyShopping(client);
const pears: number | undefined = cart?.pears;
shop?.updateCart({ pears: 1 });
// @ts-expect-error There may be none.
shop.leave();
// @ts-expect-error
shop?.updateCart({ pears: '1' });
// @ts-expect-error
cart.pears = 1;
// @ts-expect-error
useBuddyShopping();
// @ts-expect-error
useBuddyShopping('/s1', { tickets: '1' });
useBuddyShopping<Cart>('/s1', { ticket: () => 'a ticket' }).cart?.pears;
useBuddyShopping(null).multicart?.map(({ owner }) => owner.name);
useBuddyShopping(new URL('https://shop.example/s1'));

const inVue = useInVue<Cart>(ref<string | null>(null), { features: ['lock'] });
const count: number | undefined = inVue.pending.value?.count;
inVue.shop.value?.updateCart({ pears: 2 });
// @ts-expect-error
inVue.shop.value.leave();
// @ts-expect-error
inVue.cart.value = { pears: 1 };
useInVue(() => client).cart.value?.pears;

export { count, pears, pending, state };
`;

for (const [module, moduleResolution] of [['node16', 'node16'],
	['es2020', 'bundler']])
	test(`TypeScript finds its types by ${moduleResolution}`, () => {
		const config = write(`tsconfig.${moduleResolution}.json`,
			JSON.stringify({ files: [write('typed.ts', TYPED)],
				compilerOptions: { strict: true, noEmit: true,
					exactOptionalPropertyTypes: true, types: [],
					target: 'es2020', lib: ['es2020', 'dom'],
					// Once is enough, it takes the most time.
					skipLibCheck: module === 'node16',
					module, moduleResolution } }));
		runFrom('typescript', 'bin/tsc', ['-p', config], { cwd: project });
	});

test('Vite builds it, and leaves out what nobody uses', async () => {
	const { build } = await importFrom('vite', 'dist/node/index.js');
	const bundleOf = async (text) => {
		const [{ output }] = await build({ root: project, logLevel: 'error',
			configFile: false, build: { write: false, lib: {
				entry: write('entry.js', text), formats: ['es'] } } });
		return output[0].code;
	};
	const whole = await bundleOf(
		'export { BuddyShopping } from "buddyshopping";');
	assert.match(whole, /joinSession/);
	assert.doesNotMatch(await bundleOf(
		'import { BuddyShopping } from "buddyshopping"; export const a = 1;'),
	/joinSession/);
});
