// The client as a package of npm's, and projects that depend on it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { lacking, makeFolder } from './daemon.mjs';

export const CLIENT =
	path.resolve(process.env.srcdir ?? '.', 'contrib/client');

const require = createRequire(import.meta.url);

// Where a package of npm's is; undefined if it is not there.
const folderOf = (name) => {
	for (const folder of require.resolve.paths(name)) {
		const found = path.join(folder, name);
		if (fs.existsSync(path.join(found, 'package.json')))
			return found;
	}
	return undefined;
};

// Why there is no way to do it without these packages; undefined if there is.
export const whyWithout = (...names) => {
	const missing = names.find((name) => folderOf(name) === undefined);
	if (missing !== undefined)
		return lacking('all', `npm's package ${missing} was not found`);
	return spawnSync('npm', ['--version']).status === 0 ? undefined :
		lacking('all', 'npm was not found');
};

// A module of such a package, by its path there.
export const importFrom = (name, file) =>
	import(pathToFileURL(path.join(folderOf(name), file)).href);

// Run a program of the machine's, or of such a package; returns what it prints.
export const run = (program, args, options = {}) => {
	const { status, stdout, stderr, error } = spawnSync(program, args,
		{ encoding: 'utf8', ...options });
	assert.equal(status, 0, `${program} ${args.join(' ')}: ` +
		`${error ?? ''}${stdout}${stderr}`);
	return stdout;
};

export const runFrom = (name, file, args, options) =>
	run(process.execPath, [path.join(folderOf(name), file), ...args], options);

// What "npm pack" makes of the client: the path of the archive.
export const packClient = () => {
	const folder = makeFolder();
	const copy = path.join(folder, 'client');
	fs.cpSync(CLIENT, copy, { recursive: true });
	const esbuild = path.join(folderOf('esbuild'), 'bin');
	run('npm', ['pack', '--pack-destination', folder], { cwd: copy, env: {
		...process.env, PATH: `${esbuild}:${process.env.PATH}`,
		npm_config_cache: path.join(folder, 'cache'),
		npm_config_offline: 'true', npm_config_update_notifier: 'false' } });
	const [archive] = fs.readdirSync(folder)
		.filter((name) => name.endsWith('.tgz'));
	return path.join(folder, archive);
};

// A new project that depends on that, and on others of npm's.
export const makeProject = (archive, ...names) => {
	const project = makeFolder();
	const installed = path.join(project, 'node_modules');
	const client = path.join(installed, 'buddyshopping');
	fs.mkdirSync(client, { recursive: true });
	run('tar', ['-xzf', archive, '-C', client, '--strip-components=1']);
	for (const name of names) {
		const link = path.join(installed, name);
		fs.mkdirSync(path.dirname(link), { recursive: true });
		fs.symlinkSync(folderOf(name), link);
	}
	fs.writeFileSync(path.join(project, 'package.json'),
		'{"private": true, "type": "module"}');
	return project;
};
