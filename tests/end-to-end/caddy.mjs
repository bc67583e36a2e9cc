// The daemon behind Caddy, as contrib/ has it.

import { testFront } from './lib/front-tests.mjs';

await testFront('caddy');
