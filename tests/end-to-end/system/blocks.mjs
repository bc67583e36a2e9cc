// Prints, as JSON, the blocks of README.md and the manuals that documents.py
// runs: [{ name, line, text }].

import { CONTAINER, DOCUMENTS, blocksFor } from '../lib/documents.mjs';

console.log(JSON.stringify(DOCUMENTS.flatMap((name) =>
	blocksFor(CONTAINER, name))));
