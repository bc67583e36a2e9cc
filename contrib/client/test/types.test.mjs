// Whether the types say what is true, to who uses the client from TypeScript.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as client from '../buddyshopping.js';
import { NOBODY } from '../store.js';
import { findPackage, whyWithout } from './packages.mjs';

const ts = findPackage('typescript');
const skip = whyWithout('typescript');
const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url));

function compile(name, ...lib) {
	return ts.createProgram([fileOf(name)], { strict: true, noEmit: true,
		exactOptionalPropertyTypes: true,
		target: ts.ScriptTarget.ES2020, module: ts.ModuleKind.ES2020,
		moduleResolution: ts.ModuleResolutionKind.Bundler, types: [],
		lib: lib.map((one) => `lib.${one}.d.ts`) });
}

for (const [name, ...lib] of [['types.ts', 'es2020'],
	['types.ts', 'es2022', 'dom'], ['types-browser.ts', 'es2020', 'dom']])
	test(`${name} compiles with ${lib.join(' and ')}`, { skip }, () => {
		const faults = ts.getPreEmitDiagnostics(compile(name, ...lib));

		assert.equal(ts.formatDiagnostics(faults, {
			getCanonicalFileName: (file) => file,
			getCurrentDirectory: () => fileOf('.'),
			getNewLine: () => '\n',
		}), '');
	});

test('the types name what there is', { skip }, () => {
	const program = compile('types.ts', 'es2020');
	const checker = program.getTypeChecker();
	const declared = checker.getExportsOfModule(checker.getSymbolAtLocation(
		program.getSourceFile(fileOf('../buddyshopping.d.ts'))));
	const classes = declared.filter(({ flags }) =>
		flags & ts.SymbolFlags.Class);

	assert.deepEqual(classes.map(({ name }) => name).sort(),
		Object.keys(client).sort());
	const [shop] = classes.filter(({ name }) => name === 'BuddyShopping');
	assert.deepEqual([...shop.members.keys()]
		.filter((name) => !/^(__|(Cart|What)$)/.test(name)).sort(),
	Object.getOwnPropertyNames(client.BuddyShopping.prototype)
		.filter((name) => name !== 'constructor').sort());
});

test('the types name what is watched', () => {
	const text = readFileSync(new URL('../store.d.ts', import.meta.url), 'utf8');
	const named = text.match(/(?<=')\w+(?=')/g);

	assert.deepEqual(['shop', ...named], Object.keys(NOBODY));
	// What cannot be set changes by itself.
	const properties = Object.entries(Object.getOwnPropertyDescriptors(
		client.BuddyShopping.prototype));
	assert.deepEqual(named.sort(), properties
		.filter(([, { get, set }]) => get && !set)
		.map(([name]) => name).sort());
});
