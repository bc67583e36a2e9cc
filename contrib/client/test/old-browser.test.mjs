// The client's tests once more, in a browser of 2020, and whether that can read
// it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

import './old-browser.mjs';

import './calls.test.mjs';
import './client.test.mjs';
import './enter.test.mjs';
import './firewall.test.mjs';
import './hostile.test.mjs';
import './pending.test.mjs';

import { findPackage, whyWithout } from './packages.mjs';

const acorn = findPackage('acorn');

const read = (name) => fs.readFileSync(new URL(`../${name}`, import.meta.url),
	'utf8');
const { browserslist, files } = JSON.parse(read('package.json'));
// What is minified from them is made only when it is packed.
const scripts = files.filter((name) => /(?<!\.min)\.js$/.test(name));

test('the client is ECMAScript 2020', { skip: whyWithout('acorn') }, () => {
	const grammar = { ecmaVersion: 2020, sourceType: 'module' };

	for (const name of scripts)
		acorn.parse(read(name), grammar);
	for (const newer of ['class A { b = 1; }', 'class A { #b() {} }',
		'a ??= b', '1_000'])
		assert.throws(() => acorn.parse(newer, grammar), SyntaxError);
});

test('the browsers that are named understand it as it is', { skip:
	whyWithout('esbuild') }, () => {
	const { transformSync } = findPackage('esbuild');
	const target = browserslist.map((one) => one.replace(' >= ', ''));
	const [table] = /(\| browser \|.*\n\|[-|]*\n)(\|.*\n)*/.exec(
		read('README.md'));
	const named = [...table.matchAll(/^\| (\w+) \| (\d+) \|/gm)]
		.map(([, browser, version]) =>
			`${browser.toLowerCase()} >= ${version}`);

	// Those of Chrome before 91 fail where they end in a call that spreads.
	const supported = { 'optional-chain': true };
	const isAsItIs = (text) => transformSync(text, { target, supported })
		.code === transformSync(text).code;

	assert.deepEqual(named, browserslist);
	for (const name of scripts) {
		assert.ok(isAsItIs(read(name)), name);
		assert.doesNotMatch(read(name), /\?\.[\w.]*\([^)]*\.\.\./, name);
	}
	assert.ok(!isAsItIs('a ??= b'));
});
