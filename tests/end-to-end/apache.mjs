// The daemon behind Apache, as contrib/ has it.

import { testFront } from './lib/front-tests.mjs';

await testFront('apache');
