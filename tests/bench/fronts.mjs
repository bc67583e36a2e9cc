#!/usr/bin/env node
// Held polls behind each web server that contrib/ has a sample for, and how
// long it takes until a change in every session has been answered to all of
// them, beside the daemon alone: see README.md in this folder.
// usage: fronts.mjs DAEMON [--rounds N] [SERVER...]

import { parseArgs } from 'node:util';

import { Front } from '../end-to-end/lib/front.mjs';
import { SERVERS } from '../end-to-end/lib/servers.mjs';
import { Shopper } from '../end-to-end/lib/shopper.mjs';

const CUSTOMERS = 50;
const POLLS = 10;		// of each customer
const SETTINGS = { 'message-rate': 0, 'new-session-rate': 0,
	'session-write-rate': 0, 'max-held-polls': POLLS };

// Everybody here has one address.
const CHANGES = { nginx: { 'buddyshopping_address 200;':
	'buddyshopping_address 2000;' } };

const { values, positionals: [, ...names] } = parseArgs({
	allowPositionals: true,
	options: { rounds: { type: 'string', default: '7' } } });

const median = (numbers) =>
	[...numbers].sort((a, b) => a - b)[numbers.length >> 1];

const enterAll = (place, round) => Promise.all(Array.from({ length: CUSTOMERS },
	async (_, i) => {
		const shopper = new Shopper(place, `${round}-${i}`);
		await shopper.enter('startSession', 'Ada');
		return shopper;
	}));

// Milliseconds from the start of the changes to the last answer of a poll, and
// to the last one of a change; and how many polls saw their change.
const measure = async (place, round) => {
	const shoppers = await enterAll(place, round);
	const polls = await Promise.all(shoppers.map((one) => one.holdAll(POLLS)));
	const start = performance.now();
	const since = () => performance.now() - start;
	let seen = 0, lastPoll = 0, lastPost = 0;
	await Promise.all(shoppers.flatMap((shopper, n) => [
		shopper.post('updateCart', { cartContent: { n } }).then(() => {
			lastPost = since();
		}),
		...polls[n].map(async ({ answer }) => {
			const { status, text } = await answer.catch(() => ({}));
			if (status !== 200 || !text.includes(`"content":{"n":${n}}`))
				return;
			seen++;
			lastPoll = since();
		})]));
	return { seen, lastPoll, lastPost };
};

const row = (name, results) => ({ server: name,
	answered: `${Math.min(...results.map(({ seen }) => seen))} of ` +
		`${CUSTOMERS * POLLS}`,
	'ms to the last poll': median(results.map(({ lastPoll }) => lastPoll))
		.toFixed(1),
	'to the last change': median(results.map(({ lastPost }) => lastPost))
		.toFixed(1) });

// The daemon alone and behind the server in turn, so that both see the same
// machine.
const compare = async (name) => {
	const front = new Front(name, SETTINGS, CHANGES[name]);
	await front.start();
	const alone = [], behind = [];
	for (let round = 0; round < Number(values.rounds); round++) {
		alone.push(await measure(front.daemon, `alone-${round}`));
		behind.push(await measure(front, `behind-${round}`));
	}
	await front.stop();
	return [row('none', alone), { ...row(name, behind),
		ratio: (median(behind.map(({ lastPoll }) => lastPoll)) /
			median(alone.map(({ lastPoll }) => lastPoll))).toFixed(2) }];
};

const rows = [];
for (const name of names.length > 0 ? names : Object.keys(SERVERS)) {
	const reason = Front.whyNot(name);
	if (reason !== undefined)
		console.error(reason);
	else
		rows.push(...await compare(name));
}
console.table(rows);
