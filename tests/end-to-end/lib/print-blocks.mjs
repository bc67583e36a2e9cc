// usage: print-blocks.mjs PLACE [DOCUMENT]
//
// Prints the blocks that a test has to run, of all documents as JSON,
// [{ name, line, text }], or of one as they stand there.

import { DOCUMENTS, blocksFor } from './documents.mjs';

const [, , place, name] = process.argv;

if (name === undefined) {
	console.log(JSON.stringify(DOCUMENTS.flatMap((name) =>
		blocksFor(place, name))));
} else {
	for (const { text } of blocksFor(place, name))
		process.stdout.write(text);
}
