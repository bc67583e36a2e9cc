// A client that takes deltas, as protocol(7) says it, on the text itself:
// parsing would change carts.

import assert from 'node:assert/strict';

const stringEnd = (text, start) => {
	let at = start + 1;
	while (text[at] !== '"')
		at += text[at] === '\\' ? 2 : 1;
	return at + 1;
};

// Behind the value that begins there, in JSON without white space.
const valueEnd = (text, start) => {
	let at = start, depth = 0;
	do {
		if (text[at] === '"') {
			at = stringEnd(text, at);
			continue;
		}
		if ('{['.includes(text[at]))
			depth++;
		if ('}]'.includes(text[at]))
			depth--;
		at++;
	} while (depth > 0 || (at < text.length && !',}]'.includes(text[at])));
	return at;
};

// The members of an object, the values as text.
const membersOf = (text) => {
	const members = {};
	for (let at = 1; at < text.length - 1;) {
		const end = stringEnd(text, at), next = valueEnd(text, end + 1);
		members[text.slice(at + 1, end - 1)] ??= text.slice(end + 1, next);
		at = next + 1;
	}
	return members;
};

const elementsOf = (text) => {
	const elements = [];
	for (let at = 1; at < text.length - 1;) {
		const next = valueEnd(text, at);
		elements.push(membersOf(text.slice(at, next)));
		at = next + 1;
	}
	return elements;
};

const apply = (carts, { owner, content, isGone, before }) => {
	const ownerMembers = membersOf(owner);
	const isWhole = ownerMembers.name !== undefined;
	const indexOf = (id) => carts.findIndex((cart) =>
		membersOf(cart.owner).id === id);
	const at = indexOf(ownerMembers.id);
	if (isGone !== undefined) {
		assert.notEqual(at, -1, 'is there to go');
		carts.splice(at, 1);
	} else if (at !== -1) {
		assert.equal(before, undefined, 'stays where it is');
		if (isWhole)
			carts[at].owner = owner;
		carts[at].content = content ?? carts[at].content;
	} else {
		assert(isWhole && content !== undefined, 'is new as a whole');
		const place = before === undefined ? carts.length : indexOf(before);
		assert.notEqual(place, -1, 'comes before somebody');
		carts.splice(place, 0, { owner, content });
	}
};

export const isDelta = (text) => text.startsWith('{"event":"multicartDelta"');

export const revisionOf = (cursor) => cursor.split('.', 2).join('.');

// The multicartUpdate that the text of a delta makes of the one before, of
// which the text may have a cursor without its third part.
export const applyDelta = (whole, delta) => {
	const from = JSON.parse(delta).from;
	assert.equal(revisionOf(JSON.parse(whole).cursor), from);
	const { payload, cursor } = membersOf(delta);
	const { changes, isLocked } = membersOf(payload);
	const carts = elementsOf(
		membersOf(membersOf(whole).payload).multicartContent);
	for (const change of elementsOf(changes))
		apply(carts, change);
	const content = carts.map((cart) =>
		`{"owner":${cart.owner},"content":${cart.content}}`);
	return '{"event":"multicartUpdate","payload":{"multicartContent":[' +
		`${content.join(',')}]` +
		`${isLocked === undefined ? '' : `,"isLocked":${isLocked}`}},` +
		`"cursor":${cursor}}`;
};

// What a multicartUpdate is for who has no feature on.
export const withoutFeatures = (text) => text.replace(
	/(\])(?:,"isLocked":true)?(\},"cursor":"\d+\.\d+)(?:\.[\d.]+)?("\})$/,
	'$1$2$3');
