// The daemon behind nginx, as contrib/ has it.

import { crowdOut, testFront } from './lib/front-tests.mjs';

await testFront('nginx', { inBrowser: true, more: {
	'polls by GET leave room for messages': crowdOut('nginx',
		{ 'buddyshopping_polls 3000;': 'buddyshopping_polls 4;' },
		(shopper) => shopper.polling({ wait: 55 }).answer),
} });
