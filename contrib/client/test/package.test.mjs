// What a package manager makes of the folder.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (name) =>
	readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const { exports, main, types, unpkg, jsdelivr, files } =
	JSON.parse(read('package.json'));

test('the package has what it says', () => {
	const { './package.json': self, ...entries } = exports;
	const named = [main, types, unpkg, jsdelivr,
		...Object.values(entries).flatMap(Object.values)];
	for (const name of named)
		assert.ok(files.includes(name.replace('./', '')), name);
	// What is minified is made when it is packed.
	for (const name of [self, ...files])
		assert.ok(existsSync(new URL(`../${name}`, import.meta.url)) ||
			name.includes('.min.'), name);
	assert.equal(read('LICENSE'), read('../../LICENSE'));
});

test('it is found by its name', async () => {
	const { BuddyShopping } = await import('buddyshopping');

	assert.equal(BuddyShopping, (await import('../buddyshopping.js'))
		.BuddyShopping);
});
