// The interface for the shop's server: a daemon that has it, and calls.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { Daemon, makeFolder, withPatience } from './daemon.mjs';

export const KEY = 'bsk_of_these_tests';

// The line of the file for a key.
export const lineOf = (name, key) =>
	`${name} ${createHash('sha256').update(key).digest('hex')}\n`;

// An answer: { status, fields, text } and what text says in JSON.  The place is
// a port of this machine or the path of a socket.
export const callAt = async (place, method, target,
	{ key = KEY, fields, body, agent } = {}) => {
	const where = typeof place === 'number' ?
		{ host: '127.0.0.1', port: place } : { socketPath: place };
	const authorization = key === null ? {} :
		{ Authorization: `Bearer ${key}` };
	const request = http.request({ ...where, method, path: target,
		agent: agent ?? false, headers: { ...authorization, ...fields } });
	request.end(body);
	const [response] = await once(request, 'response');
	const text = (await response.toArray()).join('');
	return { ...JSON.parse(text), text, status: response.statusCode,
		fields: response.headers };
};

// Starts a daemon with KEY in its file of keys, a configuration file that names
// it, a port and a socket, and a database, which may be there.
export const startApi = async (settings = {},
	database = path.join(makeFolder(), 'shop.db')) => {
	const keys = `${database}.keys`, socket = `${database}.api`;
	const configuration = `${database}.conf`;
	if (!fs.existsSync(keys))
		fs.writeFileSync(keys, lineOf('tests', KEY));
	fs.writeFileSync(configuration, `api-keys = "${keys}"\n`);
	const daemon = await Daemon.start({ database, configuration, settings: {
		'api-listen': `127.0.0.1:0,unix:${socket}`, ...settings } });
	const [, port] = await daemon.logged(
		/listening on 127\.0\.0\.1:(\d+) for the shop's server/);
	await daemon.logged(/listening on unix:\S+ for the shop's server/);
	return { daemon, keys, socket, configuration, port: Number(port),
		call: (...args) => callAt(Number(port), ...args) };
};

// Run steps with it.
export const withApi = (settings, steps) => withPatience(async () => {
	const api = await startApi(settings);
	await steps(api);
	if (api.daemon.child.exitCode === null)
		assert.equal(await api.daemon.stop(), 0);
});
