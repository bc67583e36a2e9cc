// The client's tests once more, in a browser of 2020, and whether that can read
// it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import './old-browser.mjs';

import './calls.test.mjs';
import './client.test.mjs';
import './enter.test.mjs';
import './firewall.test.mjs';
import './hostile.test.mjs';
import './pending.test.mjs';

// Debian's node depends on it; elsewhere it comes from npm.
function findAcorn() {
	try {
		return createRequire(import.meta.url)('acorn');
	} catch (error) {
		if (error.code !== 'MODULE_NOT_FOUND' ||
		    process.env.INSTALLED?.split(' ').includes('all'))
			throw error;
		return null;
	}
}

const acorn = findAcorn();

test('the client is ECMAScript 2020', { skip: acorn === null &&
	'npm\'s package acorn was not found' }, () => {
	const text = fs.readFileSync(new URL('../buddyshopping.js',
		import.meta.url), 'utf8');
	const grammar = { ecmaVersion: 2020, sourceType: 'module' };

	acorn.parse(text, grammar);
	for (const newer of ['class A { b = 1; }', 'class A { #b() {} }',
		'a ??= b', '1_000'])
		assert.throws(() => acorn.parse(newer, grammar), SyntaxError);
});
