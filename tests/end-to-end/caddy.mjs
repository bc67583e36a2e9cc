// The daemon behind Caddy, as contrib/ has it, and as README.md does.

import assert from 'node:assert/strict';

import { FRONT, blocksFor, readSource } from './lib/documents.mjs';
import { Front } from './lib/front.mjs';
import { shopTogether, testFront } from './lib/front-tests.mjs';
import { SERVERS } from './lib/servers.mjs';

const fewLines = async () => {
	const [{ text }] = blocksFor(FRONT, 'README.md');
	const [site] = readSource(SERVERS.caddy.sample)
		.match(/^shop\.example {\n[^]*^}\n/m);
	const front = new Front('caddy', {},
		{ [site]: text, '/shop-together/': '/shopping/' });
	await front.start();
	await shopTogether(front);
	assert.equal(await front.stop(), 0);
};

await testFront('caddy', { more: { 'the lines of README.md do': fewLines } });
