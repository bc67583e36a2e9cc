// What a package manager makes of the folder.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (name) =>
	readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const { exports, types, unpkg, jsdelivr, files } =
	JSON.parse(read('package.json'));

test('the package has what it says', () => {
	const named = [exports['.'].types, exports['.'].default, types, unpkg,
		jsdelivr, ...files, exports['./package.json']];
	for (const name of named) {
		const url = new URL(`../${name}`, import.meta.url);
		assert.ok(existsSync(url), name);
	}
	assert.equal(read('LICENSE'), read('../../LICENSE'));
});

test('it is found by its name', async () => {
	const { BuddyShopping } = await import('buddyshopping');

	assert.equal(BuddyShopping, (await import('../buddyshopping.js'))
		.BuddyShopping);
});
