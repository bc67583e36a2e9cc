// Takes away what the browsers that README.md names have not got yet, so that a
// client which uses it fails here as it does there.

// What came after ECMAScript 2020, and after the web's interfaces of that time.
const NEWER = [
	[globalThis, 'AggregateError', 'FinalizationRegistry', 'Iterator',
		'WeakRef', 'structuredClone', 'scheduler'],
	[Array, 'fromAsync'],
	[Array.prototype, 'at', 'findLast', 'findLastIndex', 'toReversed',
		'toSorted', 'toSpliced', 'with'],
	[Object.getPrototypeOf(Uint8Array.prototype), 'at', 'findLast',
		'findLastIndex', 'toReversed', 'toSorted', 'with'],
	[Uint8Array, 'fromBase64', 'fromHex'],
	[Uint8Array.prototype, 'setFromBase64', 'toBase64', 'toHex'],
	[Map, 'groupBy'],
	[Object, 'groupBy', 'hasOwn'],
	[Promise, 'any', 'try', 'withResolvers'],
	[Set.prototype, 'difference', 'intersection', 'isDisjointFrom',
		'isSubsetOf', 'isSupersetOf', 'symmetricDifference', 'union'],
	[String.prototype, 'at', 'isWellFormed', 'replaceAll', 'toWellFormed'],
	[AbortSignal, 'abort', 'any', 'timeout'],
	[AbortSignal.prototype, 'reason', 'throwIfAborted'],
	[Response, 'json'],
	[URL, 'canParse', 'parse'],
	[globalThis.crypto, 'randomUUID'],
	[globalThis.navigator ?? {}, 'locks'],
];

for (const [owner, ...names] of NEWER)
	for (const name of names)
		for (let at = owner; at !== null; at = Object.getPrototypeOf(at))
			delete at[name];

// An unknown option is passed over.
const { addEventListener } = EventTarget.prototype;

EventTarget.prototype.addEventListener = function (type, listener, options) {
	const { signal, ...known } = Object(options);
	return addEventListener.call(this, type, listener, known);
};
