// Pages of another origin whose requests carry more than ours do: what measures
// a shop's pages adds fields to every request, and a browser asks for leave.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import test from 'node:test';

import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { message } from './lib/client.mjs';
import { skip, withDaemon } from './lib/daemon.mjs';

const reason = whyNoBrowser();
if (reason !== undefined)
	skip(reason);

const FIELDS = {
	traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
	'sentry-trace': '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1',
	baggage: 'sentry-environment=production',
	'X-Of-The-Shop': '1',
};

// A server of an empty page.
const servePage = async () => {
	const server = http.createServer((_, response) => {
		response.setHeader('Content-Type', 'text/html');
		response.end('<!DOCTYPE html>');
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	return server;
};

// In the page: the answer to a request.
const say = async ([url, method, headers, body]) => {
	const response = await fetch(url, { method, headers, body });
	return { status: response.status, ...await response.json() };
};

test('fields that a page adds need no leave', () => withDaemon({},
	async (daemon) => {
		const server = await servePage();
		const browser = await launchBrowser();
		try {
			const page = await browser.newPage();
			await page.goto(`http://127.0.0.1:${server.address().port}/`);
			const url = `http://127.0.0.1:${daemon.port}/one`;
			const { status, messages, cursor } = await page.evaluate(say, [url,
				'POST', { ...FIELDS, 'Content-Type': 'application/json' },
				message('startSession', { customerName: 'Ada' })]);
			assert.equal(status, 200);
			const { customerId, token } = messages[0].payload;
			const polled = await page.evaluate(say, [
				`${url}?customerId=${customerId}&wait=0`, 'GET',
				{ ...FIELDS, Authorization: `Bearer ${token}` }]);
			assert.equal(polled.status, 200);
			assert.equal(polled.cursor, cursor);
		} finally {
			await browser.close();
			server.close();
		}
	}));
