// Choices that can be made again.

export const SEED = Number(process.env.SEED ?? Date.now() % 1000000);

// A function of n to whole numbers below it.
export const makeRandom = (seed = SEED) => {
	let state = seed;
	return (n) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor(state / 4294967296 * n);
	};
};
