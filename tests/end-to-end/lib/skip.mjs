// What a machine has not got, for which tests cannot be run there.

// Say why these tests cannot be run here.
export const skip = (reason) => {
	console.log(`skipped: ${reason}`);
	process.exit(77);
};

// What was installed for these tests, if somebody says so: that of
// contrib/quickstart's "test", of its "test postgresql", or of its "test all" too.
const INSTALLED = process.env.INSTALLED?.split(' ');

// The reason for a skip, that something is not there; an error if it was to be.
export const lacking = (group, reason) => {
	if (INSTALLED === undefined)
		return reason;
	if (INSTALLED.includes(group))
		throw new Error(`${reason}, and should have been installed`);
	return 'not selected';
};
