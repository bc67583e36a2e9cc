export interface Owner {
	id: string;
	name: string;
	isHost: boolean;
	isReadyToCheckout: boolean;
}

/** One customer and its cart, as stored. */
export interface Member<Cart extends object = Record<string, unknown>> {
	owner: Owner;
	/** `{}` until its owner sends a cart. */
	content: Partial<Cart>;
}

export type State = 'idle' | 'connecting' | 'online' | 'closed';
export type Transport = 'websocket' | 'polling' | null;

/**
 * The daemon's codes, and seven of the client itself: notJoined, closed,
 * featureRequired for what is said without the feature `say`, noTicket
 * where there was none for a start or join, undelivered, for a message that
 * something on the way refuses again and again while the daemon answers others
 * (it is not sent any more), timeout, and aborted where a browser of before 2022
 * does not know the reason of a signal.
 */
export type Code =
	| 'invalidJson'
	| 'invalidMessage'
	| 'unknownEvent'
	| 'invalidSession'
	| 'invalidToken'
	| 'notYourCustomer'
	| 'originNotAllowed'
	| 'sessionNotFound'
	| 'unknownCustomer'
	| 'notFound'
	| 'methodNotAllowed'
	| 'sessionExists'
	| 'alreadyJoined'
	| 'guestsNotReady'
	| 'sessionLocked'
	| 'leftSession'
	| 'messageTooLarge'
	| 'unsupportedMediaType'
	| 'sessionFull'
	| 'rateLimited'
	| 'storageUnavailable'
	| 'shuttingDown'
	| 'ticketRequired'
	| 'invalidTicket'
	| 'notJoined'
	| 'closed'
	| 'featureRequired'
	| 'undelivered'
	| 'noTicket'
	| 'timeout'
	| 'aborted'
	| (string & {});

/** What the daemon refused, or why a call had no success. */
export class BuddyShoppingError extends Error {
	constructor(told: {
		code: Code;
		message?: string;
		event?: string;
		retryAfter?: number;
	});
	readonly name: 'BuddyShoppingError';
	readonly code: Code;
	/** The event of the refused message, where known. */
	readonly event?: string;
	/**
	 * For how many seconds the daemon wants to be left alone. The client
	 * tries again by itself, but waits for 600 at the most.
	 */
	readonly retryAfter?: number;
	/** What the function `ticket` threw or rejected with, after noTicket. */
	readonly cause?: unknown;
}

/** What the daemon has not acknowledged yet. */
export interface Pending {
	/** The oldest first; `enter` is a start or join. */
	readonly what: readonly ('enter' | 'cart' | 'isReady' | 'leave')[];
	/** How many calls wait for it, also those before a reload or in other tabs. */
	readonly count: number;
	/** That of the oldest, in milliseconds since 1970. */
	readonly since: number;
	/**
	 * `waiting` for an answer; `offline`: there is no connection; `refused`:
	 * the daemon, or something on the way, did not take it this time;
	 * `locked`: the shop makes an order of the session.
	 */
	readonly reason: 'waiting' | 'offline' | 'refused' | 'locked';
	/**
	 * When it is tried again, in milliseconds since 1970; null if that is
	 * not known. One that has passed is being tried.
	 */
	readonly retryAt: number | null;
}

/** Of buddyshopping-protocol(7), Features. */
export type Feature = 'lock' | 'presence' | 'say';

/** What another customer has said. */
export interface Said<What = unknown> {
	/** Its customerId. */
	readonly from: string;
	readonly what: What;
	/** One's own customerId, if it was said to nobody else. */
	readonly to?: string;
}

/** What the shop's server gave for this page's customer, if it has one. */
export type Ticket = string | null | undefined;

/** What matters of a CustomEvent, which it is. */
export interface ShopEvent<Detail> {
	readonly type: string;
	readonly detail: Detail;
}

export interface BuddyShoppingEventMap<
	Cart extends object = Record<string, unknown>,
	What = unknown,
> {
	multicart: ShopEvent<Member<Cart>[]>;
	state: ShopEvent<{ state: State; transport: Transport }>;
	pending: ShopEvent<Pending | null>;
	/** The property `present`. */
	presence: ShopEvent<readonly string[]>;
	say: ShopEvent<Said<What>>;
	/** So many things, or fewer, were said that are not told any more. */
	missed: ShopEvent<{ count: number }>;
	error: ShopEvent<BuddyShoppingError>;
	/** code is null if the customer left by itself, here or elsewhere. */
	left: ShopEvent<{ code: Code | null }>;
}

/** An object with a listener as its method. */
export interface ListenerObject<Heard> {
	handleEvent(event: Heard): void;
}

/** As that method it may ask for a CustomEvent, too. */
export type Listener<Heard> =
	| ListenerObject<Heard>['handleEvent']
	| ListenerObject<Heard>;

/** What matters of an EventTarget. */
export interface Target {
	addEventListener(type: string, listener: (event: any) => void): void;
	removeEventListener(type: string, listener: (event: any) => void): void;
}

/** What matters of an AbortSignal. */
export interface Signal extends Target {
	readonly aborted: boolean;
	readonly reason?: unknown;
}

/** What matters of a WebSocket. */
export interface Socket {
	onopen: ((event: any) => void) | null;
	onmessage: ((event: any) => void) | null;
	onerror: ((event: any) => void) | null;
	onclose: ((event: any) => void) | null;
	send(text: string): void;
	close(): void;
}

/** What matters of a Response. */
export interface Answer {
	readonly status: number;
	readonly headers: { get(name: string): string | null };
	json(): Promise<unknown>;
}

/** What matters of a Storage. */
export interface KeptItems {
	getItem(key: string): string | null;
	setItem(key: string, text: string): void;
	removeItem(key: string): void;
}

/** What matters of a LockManager. */
export interface Locks {
	request(name: string, act: () => unknown): Promise<unknown>;
}

/** What is taken from the browser unless given; for tests. */
export interface Platform {
	WebSocket?: new (url: string, protocols?: string | string[]) => Socket;
	fetch(url: string, init: object): Promise<Answer>;
	/** `navigator.sendBeacon`: whether it is sent. */
	sendBeacon?(url: string, text: string): boolean;
	setTimeout(ring: () => void, ms: number): unknown;
	clearTimeout(timer: unknown): void;
	/** Milliseconds since 1970. */
	now(): number;
	/** Milliseconds that nobody sets; now() if only that is given. */
	uptime(): number;
	/** From 0 to less than 1. */
	random(): number;
	getRandomValues(bytes: Uint8Array): unknown;
	sessionStorage?: KeptItems;
	localStorage?: KeptItems;
	/** `navigator.locks`, where there are any. */
	locks?: Locks;
	/** That of the page. */
	origin?: string;
	window?: Target;
	document?: Target & { readonly visibilityState: string };
	/** `navigator.connection`, where there is one. */
	connection?: Target;
}

/** For how long to wait for one call's answer. */
export interface CallOptions {
	/** Milliseconds until the promise is rejected with `timeout`. */
	timeout?: number | undefined;
	/** Rejects the promise with its reason when it is aborted. */
	signal?: Signal | undefined;
}

export interface SayOptions extends CallOptions {
	/** The customerId of who alone is to hear it. */
	to?: string | undefined;
	/**
	 * Milliseconds until it is not said again and the promise is rejected with
	 * `timeout`, 20000 unless given. What was on its way may be heard.
	 */
	timeout?: number | undefined;
}

/**
 * Gets each message that is sent or comes, as it is in buddyshopping-protocol(7)
 * but without what is secret: token, ticket and requestId.
 */
export type Debug = (
	direction: 'in' | 'out',
	transport: 'websocket' | 'polling',
	message: { event: string; payload: object; cursor?: string },
) => void;

export interface Options {
	/** The daemon's subprotocol, if it asks for one. */
	protocol?: string;
	/** Do without WebSocket from the beginning. */
	forcePolling?: boolean;
	/**
	 * The type of requests that say something. Unless given, a page of the
	 * session's own origin sends application/json, and others text/plain,
	 * which needs no preflight.
	 */
	contentType?: 'application/json' | 'text/plain';
	/**
	 * The ticket of who starts or joins, or a function that is asked for a
	 * fresh one each time that this is sent. If it throws or rejects, the
	 * start or join is rejected with noTicket. It is never stored.
	 */
	ticket?: Ticket | (() => Ticket | Promise<Ticket>);
	/** What the daemon is asked for besides; those it does not know are off. */
	features?: readonly Feature[];
	/** Tell each message, by console.debug if it is true. */
	debug?: boolean | Debug;
	/**
	 * Where the customer is kept: in sessionStorage, unless given, it is this
	 * tab's; in localStorage it is that of all tabs of the browser, also of
	 * later ones, until it leaves.
	 */
	storage?: 'sessionStorage' | 'localStorage';
	platform?: Partial<Platform>;
}

/** One customer's part in a shared shopping session; an EventTarget. */
export class BuddyShopping<
	Cart extends object = Record<string, unknown>,
	What = unknown,
> {
	/**
	 * Take part in the session of url (http, https, ws or wss; the path is
	 * the daemon's base path and the session's id). A customer that this
	 * tab was before a reload, or that others are, see `storage`, is resumed
	 * at once.
	 */
	constructor(url: string | { readonly href: string }, options?: Options);

	/** `idle` (nobody), `connecting`, `online` or `closed`. */
	get state(): State;
	/** `websocket`, `polling`, or null while there is no connection. */
	get transport(): Transport;
	/** The customer's id, or null before it has one. */
	get customerId(): string | null;
	/** The newest multicartContent, or null before the first. */
	get multicart(): Member<Cart>[] | null;
	/**
	 * The cart as the customer wishes it, also one that is not stored yet and
	 * after a reload; null before anything is known, and for who is leaving. The
	 * same object until it is another cart; not to be changed.
	 */
	get cart(): Readonly<Partial<Cart>> | null;
	/** The same for whether the customer is ready. */
	get isReady(): boolean | null;
	/**
	 * What is not acknowledged yet, or null; the same object until the event
	 * `pending`.
	 */
	get pending(): Pending | null;
	/**
	 * The customerIds of who is present, in the order of the multicart, with
	 * the feature `presence`; null before that is known, and for who is in no
	 * session. The same array until the event `presence`, or until the customer
	 * has left.
	 */
	get present(): readonly string[] | null;
	/**
	 * Whether the shop makes an order of the session, as the newest multicart
	 * says. Some daemons say so only with the feature `lock`.
	 */
	get isLocked(): boolean;
	/** Whether to do without WebSocket; may be changed at any time. */
	get forcePolling(): boolean;
	set forcePolling(isForced: boolean);

	/**
	 * Start the session as its host. Resolves with the customerId; one that
	 * this tab has already is kept.
	 */
	startSession(customerName: string, options?: CallOptions): Promise<string>;
	/** The same as a guest of a running session. */
	joinSession(customerName: string, options?: CallOptions): Promise<string>;
	/**
	 * Join the session, or start it if there is none, whoever else does so at
	 * the same time. That there is none, or is one, is no `error`.
	 */
	enter(customerName: string, options?: CallOptions): Promise<string>;
	/**
	 * Replace the cart by any JSON object. Resolves when it, or a newer
	 * one, is stored durably.
	 */
	updateCart(cart: Cart, options?: CallOptions): Promise<void>;
	/** Say whether the customer is ready. Resolves as updateCart does. */
	setReady(isReady: boolean, options?: CallOptions): Promise<void>;
	/**
	 * Say something of the moment, any JSON, to the others who have the feature
	 * `say`, as one must have, too. Resolves when the daemon has it.
	 */
	say(what: What, options?: SayOptions): Promise<void>;
	/** Leave the session for good. Resolves when that is done. */
	leave(options?: CallOptions): Promise<void>;
	/**
	 * Do not wait for the next attempt to connect, or find out whether the
	 * connection is alive.
	 */
	reconnect(): void;
	/**
	 * Stop talking, without leaving: another BuddyShopping in this tab can
	 * resume. What is not acknowledged is kept for it, and its promises are
	 * rejected with `closed`.
	 */
	close(): void;

	addEventListener<Type extends keyof BuddyShoppingEventMap<Cart, What>>(
		type: Type,
		listener: Listener<BuddyShoppingEventMap<Cart, What>[Type]> | null,
		options?: boolean | {
			capture?: boolean;
			once?: boolean;
			passive?: boolean;
			signal?: Signal;
		},
	): void;
	/** There are no others, but so it is an EventTarget. */
	addEventListener(type: never, listener: any, options?: any): void;
	removeEventListener<Type extends keyof BuddyShoppingEventMap<Cart, What>>(
		type: Type,
		listener: Listener<BuddyShoppingEventMap<Cart, What>[Type]> | null,
		options?: boolean | { capture?: boolean },
	): void;
	removeEventListener(type: never, listener: any, options?: any): void;
	dispatchEvent(event: object): boolean;
}
