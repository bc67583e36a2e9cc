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

test('the client is ECMAScript 2020', { skip: whyWithout('acorn') }, () => {
	const text = fs.readFileSync(new URL('../buddyshopping.js',
		import.meta.url), 'utf8');
	const grammar = { ecmaVersion: 2020, sourceType: 'module' };

	acorn.parse(text, grammar);
	for (const newer of ['class A { b = 1; }', 'class A { #b() {} }',
		'a ??= b', '1_000'])
		assert.throws(() => acorn.parse(newer, grammar), SyntaxError);
});
