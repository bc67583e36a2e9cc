// Packages of npm's that some tests need: they are found as require() finds
// them, in NODE_PATH, too.
import module from 'node:module';

const require = module.createRequire(import.meta.url);

/** The package of that name; null if it is not there and need not be. */
export function findPackage(name) {
	try {
		return require(name);
	} catch (error) {
		if (error.code !== 'MODULE_NOT_FOUND' ||
		    process.env.INSTALLED?.split(' ').includes('all'))
			throw error;
		return null;
	}
}

/** Why a test is skipped that needs these packages; false if they are there. */
export function whyWithout(...names) {
	const missing = names.find((name) => findPackage(name) === null);
	return missing !== undefined && `npm's package ${missing} was not found`;
}

const HOOKS = `
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(${JSON.stringify(import.meta.url)});

export async function resolve(name, context, next) {
	if (!['react', 'vue'].includes(name))
		return next(name, context);
	return { url: pathToFileURL(require.resolve(name)).href,
		shortCircuit: true };
}`;

/** A module of the client's that imports one of those. */
export function importBinding(name) {
	module.register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
	return import(`../${name}`);
}
