// QR codes of short texts (ISO/IEC 18004): bytes of UTF-8, level M of error
// correction, the versions 1 to 15, which hold up to 412 bytes.

// For each version at level M: check bytes of a block, number of blocks.
const CHECKS = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10];

const LEVEL_M = 0;

const MASKS = [
	(x, y) => (x + y) % 2 === 0,
	(x, y) => y % 2 === 0,
	(x) => x % 3 === 0,
	(x, y) => (x + y) % 3 === 0,
	(x, y) => ((x / 3 | 0) + (y / 2 | 0)) % 2 === 0,
	(x, y) => x * y % 2 + x * y % 3 === 0,
	(x, y) => (x * y % 2 + x * y % 3) % 2 === 0,
	(x, y) => ((x + y) % 2 + x * y % 3) % 2 === 0,
];

const range = (n) => [...Array(n).keys()];

// In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
const multiply = (a, b) => {
	let product = 0;
	for (; b > 0; b >>= 1, a = a << 1 ^ (a > 127 ? 0x11d : 0))
		product ^= b & 1 ? a : 0;
	return product;
};

// The coefficients of (x - 1)(x - 2)(x - 4)..., but for the first, which is 1.
const generatorOf = (count) => {
	let generator = [1];
	for (let i = 0, root = 1; i < count; i++, root = multiply(root, 2)) {
		const shifted = generator.map((c) => multiply(c, root));
		generator = range(i + 2).map((j) =>
			(generator[j] ?? 0) ^ (shifted[j - 1] ?? 0));
	}
	return generator.slice(1);
};

const checkBytes = (data, count) => {
	const generator = generatorOf(count);
	const rest = Array(count).fill(0);
	for (const byte of data) {
		const factor = byte ^ rest.shift();
		rest.push(0);
		generator.forEach((c, i) => {
			rest[i] ^= multiply(c, factor);
		});
	}
	return rest;
};

// value, followed by its remainder of so many bits by a BCH generator.
const withRemainder = (value, bits, generator) => {
	let rest = value;
	for (let i = 0; i < bits; i++)
		rest = rest << 1 ^ (rest >> bits - 1) * generator;
	return value << bits | rest;
};

// The centres of the small squares: a lattice without the corners that the
// large ones take.
const alignments = (version, size) => {
	if (version === 1)
		return [];
	const count = (version / 7 | 0) + 2;
	const step = 2 * Math.ceil((size - 13) / (2 * count - 2));
	const lines = [6, ...range(count - 1).map((i) => size - 7 - i * step)];
	return lines.flatMap((x) => lines.map((y) => [x, y]))
		.filter(([x, y]) => x + y > 12 && Math.abs(x - y) !== size - 13);
};

// A square around x, y, made of rings that are dark or not.
const drawRings = (grid, x, y, rings) => {
	const reach = rings.length - 1;
	for (let dy = -reach; dy <= reach; dy++)
		for (let dx = -reach; dx <= reach; dx++)
			if (grid[y + dy] !== undefined && x + dx >= 0 &&
				x + dx < grid.length)
				grid[y + dy][x + dx] =
					rings[Math.max(Math.abs(dx), Math.abs(dy))];
};

const drawFormat = (grid, mask) => {
	const last = grid.length - 1;
	const bits = withRemainder(LEVEL_M << 3 | mask, 10, 0x537) ^ 0x5412;
	for (let i = 0; i < 15; i++) {
		const isDark = (bits >> i & 1) === 1;
		if (i < 8) {
			grid[i < 6 ? i : i + 1][8] = isDark;
			grid[8][last - i] = isDark;
		} else {
			grid[8][i === 8 ? 7 : 14 - i] = isDark;
			grid[last - 14 + i][8] = isDark;
		}
	}
	grid[last - 7][8] = true;
};

const drawVersion = (grid, version) => {
	const bits = withRemainder(version, 12, 0x1f25);
	for (let i = 0; i < 18; i++) {
		const far = grid.length - 11 + i % 3;
		const near = i / 3 | 0;
		grid[far][near] = grid[near][far] = (bits >> i & 1) === 1;
	}
};

// Everything that is not data; data modules are undefined.
const drawFrame = (version) => {
	const size = 17 + 4 * version;
	const grid = range(size).map(() => Array(size).fill(undefined));
	for (let i = 0; i < size; i++)
		grid[6][i] = grid[i][6] = i % 2 === 0;
	for (const [x, y] of alignments(version, size))
		drawRings(grid, x, y, [true, false, true]);
	for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]])
		drawRings(grid, x, y, [true, true, false, true, false]);
	drawFormat(grid, 0);
	if (version >= 7)
		drawVersion(grid, version);
	return grid;
};

const dataBytesOf = (version, grid) =>
	(grid.flat().filter((module) => module === undefined).length >> 3) -
	CHECKS[version - 1] * BLOCKS[version - 1];

// Mode, length, text, end and padding as bytes.
const packText = (text, version, capacity) => {
	const long = version > 9;
	const head = long ? [text.length >> 8, text.length & 255] : [text.length];
	const nibbles = [4, ...[...head, ...text].flatMap((byte) =>
		[byte >> 4, byte & 15]), 0];
	const bytes = range(nibbles.length / 2).map((i) =>
		nibbles[2 * i] << 4 | nibbles[2 * i + 1]);
	for (let pad = 0xec; bytes.length < capacity; pad ^= 0xec ^ 0x11)
		bytes.push(pad);
	return bytes;
};

const interleave = (lists) =>
	range(Math.max(...lists.map((list) => list.length))).flatMap((i) =>
		lists.filter((list) => i < list.length).map((list) => list[i]));

const addChecks = (bytes, version) => {
	const count = BLOCKS[version - 1];
	const short = bytes.length / count | 0;
	const longFrom = count - bytes.length % count;
	const blocks = range(count).map((i) => {
		const from = i * short + Math.max(0, i - longFrom);
		return bytes.slice(from, from + short + (i >= longFrom ? 1 : 0));
	});
	return [...interleave(blocks), ...interleave(blocks.map((block) =>
		checkBytes(block, CHECKS[version - 1])))];
};

// The data modules in their order: up and down in pairs of columns.
const path = (frame) => {
	const size = frame.length;
	const places = [];
	for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
		if (right === 6)
			right--;
		for (let i = 0; i < size; i++)
			for (const x of [right, right - 1]) {
				const y = up ? size - 1 - i : i;
				if (frame[y][x] === undefined)
					places.push([x, y]);
			}
	}
	return places;
};

const fill = (frame, bytes, mask) => {
	const grid = frame.map((row) => [...row]);
	path(frame).forEach(([x, y], i) => {
		const bit = (bytes[i >> 3] ?? 0) >> 7 - i % 8 & 1;
		grid[y][x] = (bit === 1) !== MASKS[mask](x, y);
	});
	drawFormat(grid, mask);
	return grid;
};

const linePenalty = (line) => {
	const text = line.map(Number).join('');
	const runs = text.match(/0{5,}|1{5,}/g) ?? [];
	const finders = text.match(/(?=00001011101|10111010000)/g) ?? [];
	return runs.reduce((sum, run) => sum + run.length - 2, 0) +
		40 * finders.length;
};

const squarePenalty = (grid) => {
	let count = 0;
	for (let y = 1; y < grid.length; y++)
		for (let x = 1; x < grid.length; x++)
			if (grid[y][x] === grid[y][x - 1] &&
				grid[y][x] === grid[y - 1][x] &&
				grid[y][x] === grid[y - 1][x - 1])
				count++;
	return 3 * count;
};

const penalty = (grid) => {
	const columns = grid.map((_, x) => grid.map((row) => row[x]));
	const lines = [...grid, ...columns];
	const modules = grid.flat();
	const share = modules.filter(Boolean).length / modules.length;
	return lines.reduce((sum, line) => sum + linePenalty(line), 0) +
		squarePenalty(grid) + 10 * Math.floor(Math.abs(share - 0.5) * 20);
};

// The rows of the code of text, true for dark; null if the text is too long.
export const makeQr = (text) => {
	const bytes = [...new TextEncoder().encode(text)];
	for (let version = 1; version <= CHECKS.length; version++) {
		const frame = drawFrame(version);
		const capacity = dataBytesOf(version, frame);
		if (bytes.length + (version > 9 ? 3 : 2) > capacity)
			continue;
		const packed = addChecks(packText(bytes, version, capacity), version);
		return MASKS.map((_, mask) => fill(frame, packed, mask))
			.reduce((best, grid) =>
				penalty(grid) < penalty(best) ? grid : best);
	}
	return null;
};
