// What React and Vue have in common: what is watched of a client as one value,
// which is the same until something of it changes, and clients that all share
// who name the same URL.
import { BuddyShopping } from './buddyshopping.js';

/**
 * What a page shows while there is no client, as on a server. Its names are
 * those of the properties that are watched.
 */
export const NOBODY = Object.freeze({
	shop: null,
	state: 'idle',
	transport: null,
	customerId: null,
	multicart: null,
	cart: null,
	isReady: null,
	pending: null,
	present: null,
	isLocked: false,
});

// What tells that one of them may have changed.
const EVENTS = ['multicart', 'pending', 'presence', 'state'];

// The newest value of each client.
const values = new WeakMap();

// By URL: {shop, options, users, closing, isAwaited}, where shop is null while
// nobody uses it; isAwaited if options came since the last one went.
const shared = new Map();

function valueOf(shop) {
	const last = values.get(shop) ?? NOBODY;
	const value = { ...NOBODY };
	for (const name of Object.keys(value))
		value[name] = name === 'shop' ? shop : shop[name];
	if (Object.keys(value).every((name) => value[name] === last[name]))
		return last;
	values.set(shop, Object.freeze(value));
	return value;
}

// The newest function or ticket is asked for, as a component may make another
// at each render; what else the options say holds for as long as the client.
function optionsOf(entry) {
	const { options } = entry;
	const given = { ...options };
	Object.defineProperty(given, 'ticket',
		{ get: () => entry.options.ticket });
	if (typeof options.debug === 'function')
		given.debug = (...told) => entry.options.debug(...told);
	return given;
}

function entryOf(url) {
	const entry = shared.get(url) ?? { shop: null, options: {}, users: 0 };
	shared.set(url, entry);
	return entry;
}

// Where there is no client the options are those of who opens it, if it has any.
function acquire(url, options) {
	const entry = entryOf(url);
	if (!entry.shop) {
		entry.options = options ?? entry.options;
		entry.shop = new BuddyShopping(url, optionsOf(entry));
	}
	entry.users++;
	clearTimeout(entry.closing);
	return entry;
}

// Whoever comes back at once has the same client, as all do in React's
// StrictMode, and where one view of a shop takes the place of another.
function release(url, entry) {
	entry.users--;
	if (entry.users > 0)
		return;
	entry.isAwaited = false;
	entry.closing = setTimeout(() => {
		entry.shop.close();
		entry.shop = null;
		if (!entry.isAwaited)
			shared.delete(url);
	});
}

// On a server nobody shops, and nothing is kept.
function isBrowser() {
	return typeof window !== 'undefined';
}

/**
 * What is meant, so that it can be compared: a client, or a URL as a string, or
 * null for neither.
 */
export function meant(what) {
	if (what === null || what === undefined || what instanceof BuddyShopping)
		return what ?? null;
	const url = what.href ?? what;
	const base = globalThis.location?.href;
	return base ? new URL(url, base).href : String(url);
}

/**
 * What there is to watch of what is meant. The client of a URL is opened by the
 * first who subscribes, and closed after the last; on a server by nobody.
 */
export class Store {
	constructor(what) {
		this._what = what;
		this._entry = null;
		this._options = undefined;
		// They are called without an object.
		this.read = this.read.bind(this);
		this.subscribe = this.subscribe.bind(this);
	}

	/** Say what the options are now, if they are given: before subscribing. */
	configure(options) {
		if (!this._isPlace || !options)
			return;
		this._options = options;
		Object.assign(entryOf(this._what), { options, isAwaited: true });
	}

	read() {
		return this._shop ? valueOf(this._shop) : NOBODY;
	}

	/** Call listener whenever read() may return another value. */
	subscribe(listener) {
		const shop = this._open();
		if (!shop)
			return () => {};
		EVENTS.forEach((type) => shop.addEventListener(type, listener));
		return () => {
			EVENTS.forEach((type) =>
				shop.removeEventListener(type, listener));
			this._close();
		};
	}

	get _isPlace() {
		return typeof this._what === 'string' && isBrowser();
	}

	get _shop() {
		return typeof this._what === 'string' ? this._entry?.shop :
			this._what;
	}

	_open() {
		if (this._isPlace)
			this._entry = acquire(this._what, this._options);
		return this._shop;
	}

	_close() {
		if (this._entry)
			release(this._what, this._entry);
		this._entry = null;
	}
}
