// The daemon behind HAProxy, as contrib/ has it.

import { crowdOut, testFront } from './lib/front-tests.mjs';

const FEW = { 'maxconn 6000': 'maxconn 4',
	'timeout queue 5s': 'timeout queue 1s' };

await testFront('haproxy', { more: {
	'polls by GET leave room for messages': crowdOut('haproxy', FEW,
		(shopper) => shopper.polling({ wait: 55 }).answer),
	'polls by POST leave room for messages': crowdOut('haproxy', FEW,
		(shopper) => shopper.post('poll',
			{ cursor: shopper.cursor, wait: 55 })),
} });
