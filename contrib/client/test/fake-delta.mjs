// What turns one multicart into another, as a multicartDelta tells it.

function isSame(value, other) {
	return JSON.stringify(value) === JSON.stringify(other);
}

export function deltaOf(before, after) {
	const was = new Map(before.map((one) => [one.owner.id, one]));
	const is = new Set(after.map(({ owner }) => owner.id));
	const gone = before.filter(({ owner }) => !is.has(owner.id))
		.map(({ owner: { id } }) => ({ owner: { id }, isGone: true }));
	const changed = after.map(({ owner, content }, i) => {
		const old = was.get(owner.id);
		const next = after.slice(i + 1)
			.find((one) => was.has(one.owner.id));
		if (old === undefined)
			return { owner, content, before: next?.owner.id };
		return {
			owner: isSame(owner, old.owner) ? { id: owner.id } : owner,
			content: isSame(content, old.content) ? undefined : content,
		};
	});
	return [...gone, ...changed.filter(({ owner, content }) =>
		'name' in owner || content !== undefined)];
}
