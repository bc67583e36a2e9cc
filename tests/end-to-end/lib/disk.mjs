// A small disk that can be filled.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

// Why tests that need one are skipped where mountDisk() says no.
export const NO_DISK = 'no file system can be mounted: it takes root';

// Mount one in a folder, for as long as this process lives; false if it may not.
export const mountDisk = (folder, size) => {
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs',
			folder], { stdio: 'pipe' });
	} catch {
		return false;
	}
	process.prependListener('exit', () =>
		execFileSync('umount', ['-l', folder]));
	return true;
};

// Let a file of that name take all room that there is.
export const fillDisk = (file) => {
	const fd = fs.openSync(file, 'w');
	const block = Buffer.alloc(4096);
	try {
		for (;;)
			fs.writeSync(fd, block);
	} catch (error) {
		assert.equal(error.code, 'ENOSPC');
	} finally {
		fs.closeSync(fd);
	}
};
