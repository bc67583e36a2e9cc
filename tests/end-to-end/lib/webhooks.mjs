// What shops do that webhooks tell of, and what the tool says of these.

import assert from 'node:assert/strict';

import { Client } from './client.mjs';
import { ctl } from './ctl.mjs';
import { distinct, seqOf } from './receiver.mjs';

export const succeed = async (database, ...words) => {
	const { status, output, error } = await ctl(database, ...words);
	assert.equal(status, 0, error);
	return output;
};

export const statusOf = async (database) =>
	JSON.parse(await succeed(database, 'webhook', 'status', '--json'));

export const enter = async (daemon, session, name, event = 'startSession',
	more = {}) => {
	const client = await Client.open(daemon, `/${session}`);
	const { customerId } = await client.enter(event, name, more);
	await client.nextOf('multicartUpdate');
	return Object.assign(client, { customerId });
};

export const setReady = async (client, customerReadyToCheckout) => {
	client.send('customerReadyToCheckout',
		{ customerId: client.customerId, customerReadyToCheckout });
	await client.nextOf('multicartUpdate');
};

export const changeCart = async (client, n) => {
	client.send('updateCart',
		{ customerId: client.customerId, cartContent: { n } });
	await client.nextOf('multicartUpdate');
};

// A session that is started, ready and ended.
export const shop = async (daemon, session) => {
	const client = await enter(daemon, session, 'Ada');
	await setReady(client, true);
	await setReady(client, false);
	await client.close();
};

export const typesOf = (events) => events.map(({ type }) => type);

export const isInOrder = (events) => events.every((event, i) =>
	i === 0 || seqOf(events[i - 1]) <= seqOf(event));

export const SHOPPED = ['session.started', 'customer.ready', 'session.ready',
	'customer.unready', 'session.unready', 'customer.left', 'session.ended'];

// Those of SHOPPED that happened in it, whatever an end is in this protocol.
export const expectShopped = (events) => {
	assert(isInOrder(events));
	assert.deepEqual(typesOf(distinct(events)).filter((type) =>
		type !== 'customer.left' && type !== 'session.ended'),
	SHOPPED.slice(0, 5));
};

// Resolves to a shop's status once that is as condition() says.
export const untilStatus = async (database, condition) => {
	for (;;) {
		const status = await statusOf(database);
		if (condition(status))
			return status;
	}
};
