// contrib/api/openapi.yaml describes the interface for the shop's server: it is
// valid, has what the daemon has, and every kind of answer is as it says.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

import { withApi } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { lacking, skip } from './lib/daemon.mjs';
import { readSource } from './lib/documents.mjs';

const require = createRequire(import.meta.url);

// npm's package of that name; from its own folder where another one has it.
const find = (name) => {
	try {
		return require.resolve(name);
	} catch (error) {
		if (error.code !== 'MODULE_NOT_FOUND')
			throw error;
		return skip(lacking('all', `npm's package ${name} was not found`));
	}
};

const { Validator } = await import(pathToFileURL(
	find('@seriousme/openapi-schema-validator')));
const { parse } = require(find('yaml'));
const { default: Ajv } = require(find('ajv/dist/2020.js'));
const addFormats = require(find('ajv-formats'));

const description = parse(readSource('contrib/api/openapi.yaml'));
const OPERATIONS = ['get', 'post', 'delete'];

test('the description is valid', async () => {
	const { valid, errors } = await new Validator().validate(
		structuredClone(description));
	assert(valid, JSON.stringify(errors, null, '\t'));
});

test('it has the routes of the daemon, and their parameters', () => {
	const source = readSource('src/api/api_router.c');
	const routes = [...source.matchAll(/\{ "([A-Z]+)", "(\/v1[^"]*)",\s*([^"{]*)/g)]
		.map(([, method, path, words]) => [method, path,
			[...words.matchAll(/API_PARAMETER_([A-Z]+)/g)].map(([, name]) =>
				name.toLowerCase()).sort().join()]);
	const described = Object.entries(description.paths).flatMap(
		([path, item]) => OPERATIONS.filter((method) => method in item)
			.map((method) => [method.toUpperCase(),
				path.replace(/\{\w+\}/g, '*'),
				(item[method].parameters ?? []).map(({ name }) => name)
					.sort().join()]));
	assert(routes.length >= 4);
	assert.deepEqual(described.sort(), routes.sort());
});

test('it has the codes of the manual', () => {
	const codes = readSource('man/buddyshopping-api.7')
		.matchAll(/^\.It Li (\w+) Pq \d+$/gm);
	assert.deepEqual(
		[...description.components.schemas.Error.properties.error.properties
			.code.enum].sort(), [...codes].map(([, code]) => code).sort());
});

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: 'api', ...description });

const follow = (node) => node.$ref === undefined ? node :
	node.$ref.slice(2).split('/').reduce((at, key) => at[key], description);

// A value is as the schema says, and has no member that is not described.
const matches = (ref, value) => {
	const validate = ajv.compile({ $ref: `api${ref}`,
		unevaluatedProperties: false });
	assert(validate(value), JSON.stringify(validate.errors, null, '\t'));
};

// What was seen, as "METHOD path status".
const seen = new Set();

// Call, and hold the answer against the description; returns it.
const callAs = (call) => async (method, path, names = {}, options = {}) => {
	const target = path.replace(/\{(\w+)\}/g, (_, name) => names[name]);
	const answer = await call(method, target + (names.query ?? ''), options);
	const { [method.toLowerCase()]: operation } = description.paths[path];
	assert(String(answer.status) in operation.responses,
		`${method} ${path} ${answer.status} is not described`);
	const response = follow(operation.responses[answer.status]);
	const { $ref } = response.content['application/json'].schema;
	const value = JSON.parse(answer.text);
	matches($ref, value);
	for (const session of value.sessions ?? [])
		matches('#/components/schemas/Session', session);
	for (const event of value.events ?? []) {
		matches('#/components/schemas/Event', event);
		matches('#/components/schemas/Event/properties/data', event.data);
	}
	if (value.error !== undefined)
		matches('#/components/schemas/Error/properties/error', value.error);
	for (const [name, header] of Object.entries(response.headers ?? {}))
		assert(ajv.validate({ ...follow(header).schema },
			follow(header).schema.type === 'integer' ?
				Number(answer.fields[name.toLowerCase()]) :
				answer.fields[name.toLowerCase()]), name);
	seen.add(`${method} ${path} ${answer.status}`);
	return answer;
};

const ID = '/v1/sessions/{id}';
const LIST = '/v1/sessions', END = `${ID}/end`;
const LOCK = `${ID}/lock`, UNLOCK = `${ID}/unlock`;
const CUSTOMER = `${ID}/customers/{customer}`;
const EVENTS = '/v1/events';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const NOBODY = '0'.repeat(24);

test('every kind of answer is as it is described', () => withApi(
	{ 'drain-time': 3600 }, async ({ daemon, call }) => {
		const ask = callAs(call);
		const ada = await Client.open(daemon, '/one');
		const bob = await Client.open(daemon, '/one');
		await ada.enter('startSession', 'Ada', { resumable: true });
		const { customerId } = await bob.enter('joinSession', 'Bob');
		await ask('GET', LIST);
		await ask('GET', LIST, { query: '?limit=1&state=ready' });
		await ask('GET', ID, { id: 'one' });
		await ask('POST', LOCK, { id: 'one' });
		await ask('GET', ID, { id: 'one' });
		await ask('POST', UNLOCK, { id: 'one' });
		await ask('DELETE', CUSTOMER, { id: 'one', customer: customerId });
		await ask('DELETE', CUSTOMER, { id: 'one', customer: NOBODY });
		await ask('POST', END, { id: 'one', query: '?incarnation=1' });
		await ask('GET', ID, { id: 'one' });
		await ask('POST', END, { id: 'two' });
		await ask('POST', LOCK, { id: 'one' });
		await ask('POST', UNLOCK, { id: 'one' });
		await ask('GET', EVENTS);
		const { events } = await ask('GET', EVENTS,
			{ query: '?after=0&wait=0&limit=1000' });
		assert.equal(events.length, 6);
		await ask('GET', EVENTS, { query: '?after=999' });
		const all = [['GET', LIST], ['GET', ID], ['POST', LOCK],
			['POST', UNLOCK], ['POST', END], ['DELETE', CUSTOMER],
			['GET', EVENTS]];
		const names = { id: 'one', customer: NOBODY };
		for (const [method, path] of all) {
			await ask(method, path, { ...names, query: '?a=b' });
			await ask(method, path, names, { key: 'x' });
			for (const [body, type] of [['[]', JSON_TYPE],
				['{}', { 'Content-Type': 'text/plain' }],
				[' '.repeat(2000), JSON_TYPE]])
				await ask(method, path, names, { body, fields: { ...type,
					'Content-Length': body.length } });
		}
		for (let i = 0; i < 10; i++)
			await call('GET', LIST, { key: 'x' });
		for (const [method, path] of all)
			await ask(method, path, names, { key: 'x' });
		// Somebody who does not answer a close keeps it from ending.
		const cid = await Client.open(daemon, '/two');
		cid.socket._socket.pause();
		daemon.child.kill('SIGTERM');
		await daemon.logged(/stopping on SIGTERM/);
		for (const [method, path] of all)
			await ask(method, path, names);
		cid.socket.terminate();
		ada.socket.terminate();
		bob.socket.terminate();
		assert.equal(await daemon.ended, 0);
		const described = Object.entries(description.paths).flatMap(
			([path, item]) => OPERATIONS.filter((method) => method in item)
				.flatMap((method) => Object.keys(item[method].responses)
					.map((status) =>
						`${method.toUpperCase()} ${path} ${status}`)));
		assert.deepEqual([...seen].sort(), described.sort());
	}));
