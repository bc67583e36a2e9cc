// Shared shopping in a browser: a client of buddyshopping-protocol(7).
//
// A client keeps what its customer wishes (to be in the session, a newest
// cart, a newest readiness, to leave) until the daemon has acknowledged it,
// and has two lines to say it on: a WebSocket, and long-polling where that
// does not get through. Whatever may have been lost is said again, on
// whichever line there is: requestId, token and seq make that harmless, and
// the cursor tells which of two multicarts is newer.

// How long a WebSocket alone may try before polling starts beside it.
const PATIENCE_MS = 3000;
// How long to do without WebSocket after it failed where polling worked.
const FAILURE_MS = 10 * 60 * 1000;
// A connection that lived shorter was no success. After so many in a row
// polling runs beside the next, as a witness of whether the daemon ended.
const STEADY_MS = 10000;
const SHORT_LIVES = 2;
// Full jitter between attempts: any time up to a limit that doubles.
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 20000;
// How long an attempt to connect, and the answer to a message, may take.
const ATTEMPT_MS = 10000;
const REPLY_MS = 20000;
// A silent WebSocket is asked whether it lives. At a sign of trouble any line
// is, more urgently and at once, unless it was heard a moment ago.
const PROBE_MS = 60000;
const CHECK_MS = 5000;
const FRESH_MS = 500;
// A visible page's clock that ticks this much too late has slept.
const TICK_MS = 10000;
const SLEPT_MS = 5000;
// How long the daemon may hold a poll, and the least that is still useful.
const WAIT_S = 25;
const WAIT_MIN_S = 5;
const WAIT_HIDDEN_S = 1;
// An answer that brings nothing new and comes sooner, as the one before, means
// that others poll for the customer, or that something is wrong; a single one,
// that another tab said goodbye.
const HELD_MS = 1000;
const CROWDED_MS = 5000;
// The pause of a hidden tab; the daemon takes it for absent after 75 s.
const HIDDEN_MS = 45000;
const STALE_MS = 70000;
// A locked session says when it is not any more, but that may have been heard by
// the other line before.
const LOCKED_MS = 30000;
// How long to be held off at the most, whatever is said.
const HOLD_MAX_S = 600;
// More than that no timer can wait for.
const TIMEOUT_MAX_MS = 2 ** 31;
// How many numbers there are in a millisecond, until the year 2248; each tab
// has one of them.
const STRIPES = 1024;

// How often a message may get no answer while others do, before it is set
// aside. A status that refuses it counts more than one that puts it off, or
// than none, as the network may be the reason for that.
const FAILURES_MAX = 6;
const REFUSAL_FAILURES = 2;
const PUTS_OFF = [408, 425, 429];
// Nobody takes that long to refuse. While its storage stands still the daemon
// leaves only those waiting who start or join: for them it counts little.
const LATE_MS = 5000;
const LATE_FAILURES = 1 / 8;

// How long what one tab keeps may be on its way to the others.
const SPREAD_MS = 500;

// How often the daemon may not know yet what it has acknowledged, before it has
// forgotten it.
const DOUBTS_MAX = 2;

const REQUEST_ID_BYTES = 18;

// More calls than that wait for no wish.
const WAITING_MAX = 1e6;

// How long something that is said may wait, and how much of it.
const SAY_MS = 20000;
const SAYS_MAX = 32;

// What a page calls the things that its customer wishes.
const CART = 'updateCart', READY = 'customerReadyToCheckout';
const LEAVING = 'leaveSession', SAY = 'say', GOODBYE = 'goodbye';
const NAMES = { [CART]: 'cart', [READY]: 'isReady', [LEAVING]: 'leave' };

// Who enters goes the other way after this refusal, so often at the most.
const OTHER_WAY = { joinSession: ['sessionNotFound', 'startSession'],
	startSession: ['sessionExists', 'joinSession'] };
const TURNS_MAX = 6;

// After these there is no such customer any more.
const GONE = ['leftSession', 'sessionNotFound', 'unknownCustomer',
	'invalidToken'];
// What WebSocket says by a status only, and HTTP servers in their own words.
const TOO_LARGE = { event: 'error', payload: { code: 'messageTooLarge' } };

/** What the daemon refused, or why a call had no success. */
export class BuddyShoppingError extends Error {
	constructor({ code, message = code, event, retryAfter }) {
		super(message);
		this.name = 'BuddyShoppingError';
		this.code = code;
		this.event = event;
		this.retryAfter = retryAfter;
	}
}

// The value of get, or undefined where the browser forbids even to look.
function permitted(get) {
	try {
		return get();
	} catch {
		return undefined;
	}
}

function browser() {
	const { WebSocket, origin, window, document, navigator } = globalThis;
	return {
		WebSocket,
		fetch: (...request) => fetch(...request),
		sendBeacon: (...beacon) => navigator.sendBeacon(...beacon),
		setTimeout: (ring, ms) => setTimeout(ring, ms),
		clearTimeout: (timer) => clearTimeout(timer),
		now: () => Date.now(),
		// No clock that is set makes a pause longer or shorter.
		uptime: () => performance.now(),
		random: () => Math.random(),
		getRandomValues: (bytes) => crypto.getRandomValues(bytes),
		sessionStorage: permitted(() => sessionStorage),
		localStorage: permitted(() => localStorage),
		locks: navigator?.locks,
		origin,
		window,
		document,
		connection: navigator?.connection,
	};
}

function platformOf({ platform }) {
	const { now } = platform ?? {};
	return { ...browser(), ...(now && { uptime: now }), ...platform };
}

// One value in a Storage that may be missing, full or forbidden.
class Note {
	constructor(storage, key) {
		this._storage = storage;
		this.key = `buddyshopping ${key}`;
	}

	read() {
		return permitted(() => {
			this._text = this._storage.getItem(this.key);
			return JSON.parse(this._text);
		});
	}

	// Whether it is not what was read or written here last.
	hasChanged() {
		return permitted(() =>
			this._storage.getItem(this.key) !== this._text);
	}

	// Whether it was kept.
	write(value) {
		return permitted(() => {
			const text = JSON.stringify(value);
			this._storage.setItem(this.key, text);
			this._text = text;
			return true;
		});
	}

	erase() {
		permitted(() => this._storage.removeItem(this.key));
	}
}

// Whether it is a note as clients write them: anybody may write there.
function isNote(note) {
	const is = (type, value) => typeof value === type && value !== null;
	const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
	const isMissing = (value) => value === undefined || value === null;
	const isList = (list, isOne) => list === undefined ||
		(Array.isArray(list) && list.every(isOne));
	const isEvent = ([event]) => Boolean(NAMES[event]);
	const may = (type, ...values) => values.every((value) =>
		isMissing(value) || is(type, value));
	const isWho = (who) => isMissing(who) || (is('string', who.requestId) &&
		is('string', who.customerName) && Boolean(OTHER_WAY[who.event]) &&
		may('string', who.customerId, who.token) &&
		may('number', who.turns, who.at, who.failures, who.doubt));
	const isEnd = ([count, code]) => isCount(count) && may('string', code);
	const isWish = ([event, payload, seq, ...rest]) => isEvent([event]) &&
		is('object', payload) && isCount(seq) && may('number', ...rest) &&
		!(rest[1] > WAITING_MAX);
	return permitted(() => isWho(note.customer) && isWho(note.ghost) &&
		[note.generation, note.stripe].every((count) =>
			count === undefined || isCount(count)) &&
		(note.ended === undefined || isEnd(note.ended)) &&
		isList(note.known, isEvent) && isList(note.wishes, isWish) &&
		isList(note.settled, ([event, ...end]) =>
			is('string', event) && isEnd(end))) === true;
}

// Where the customer of a session is kept.
function customerNote(storage, { http, session }) {
	const note = new Note(storage, session);
	const old = new Note(storage, http);
	const kept = old.read();
	// By the URL as the page wrote it, once.
	if (http !== session && kept && !note.read() && note.write(kept))
		old.erase();
	return note;
}

// One timer; setting it again takes the place of what it was set to.
class Alarm {
	constructor(platform) {
		this._platform = platform;
	}

	get isSet() {
		return this._timer !== undefined;
	}

	set(ms, ring) {
		this.clear();
		this._timer = this._platform.setTimeout(() => {
			this._timer = undefined;
			ring();
		}, ms);
	}

	clear() {
		if (this.isSet)
			this._platform.clearTimeout(this._timer);
		this._timer = undefined;
	}
}

// As the daemon reads a path (RFC 3986, section 6.2.2): a slash and what needs
// no escape have none, a % that begins none has one, and several slashes are
// one.
function plain(path) {
	return path.replace(/%([0-9a-f]{2})?/gi, (escape, code) => {
		if (!code)
			return '%25';
		const character = String.fromCharCode(parseInt(code, 16));
		return /[\w.~/-]/.test(character) ? character :
			escape.toUpperCase();
	}).replace(/\/+/g, '/');
}

// Where a session is, in one of the ways that the daemon takes for the same:
// dots are resolved that were behind an escaped slash, too, and there is neither
// a query nor a slash at the end.
function sessionOf(http) {
	const url = new URL(http);
	url.pathname = plain(url.pathname);
	return url.origin + url.pathname.replace(/\/$/, '');
}

function endpoints(url, protocol) {
	const http = new URL(url, globalThis.location?.href);
	http.protocol = http.protocol.replace('ws', 'http');
	http.hash = '';
	const key = protocol || http.searchParams.get('protocol') || undefined;
	http.searchParams.delete('protocol');
	const ws = new URL(http);
	ws.protocol = http.protocol.replace('http', 'ws');
	if (key)
		http.searchParams.set('protocol', key);
	return { http: http.href, ws: ws.href, protocol: key,
		host: http.host, session: sessionOf(http) };
}

// What firewalls of applications expect JSON in. From other origins it takes a
// preflight; a string without a type is sent as text/plain, which takes none.
function contentTypeFor(url, origin) {
	return new URL(url).origin === origin ? 'application/json' : undefined;
}

// In base64url; a multiple of three bytes needs no padding.
function randomId(platform) {
	const bytes = new Uint8Array(REQUEST_ID_BYTES);
	platform.getRandomValues(bytes);
	return btoa(String.fromCharCode(...bytes))
		.replace(/\+/g, '-').replace(/\//g, '_');
}

function backoff(platform, failures) {
	return platform.random() *
		Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** failures);
}

// As the daemon makes messages, whatever something on the way made of it.
function tidy({ event, payload, cursor, from }) {
	const text = (it) => typeof it === 'string' ? it : undefined;
	return { event: text(event) ?? '', payload, cursor: text(cursor),
		from: text(from) };
}

// An error may lack what it is about.
function isAnswer({ event, payload }, asked) {
	const about = event === 'error' ? payload.event ?? asked.event : event;
	const { seq } = asked.payload;
	const its = event === 'error' ? payload.seq ?? seq : payload.seq;
	return about === asked.event && (seq === undefined || its === seq);
}

// When a number is of, by the clock of the tab that counted.
function timeOf(seq) {
	return Math.floor(seq / STRIPES);
}

// Whether one cursor is of an earlier time than another: a session counts its
// revisions. Of two incarnations nobody knows.
function precedes(cursor, other) {
	const [incarnation, revision] = String(cursor).split('.');
	const [another, seen] = String(other).split('.');
	return incarnation === another && Number(revision) < Number(seen);
}

// A cursor without its third part, and that alone: which daemon, up to which
// number it has told what was said, and who is present.
function revisionOf(cursor) {
	return cursor && cursor.split('.', 2).join('.');
}

function placeOf(cursor) {
	return cursor ? cursor.split('.').slice(2) : [];
}

// Whether it is of another daemon, or tells more there.
function isBeyond(place, other, at) {
	return place[0] !== other[0] || Number(place[at]) > Number(other[at]);
}

// The multicart after these changes, in which who did not change is the same
// object. They may repeat what is known; undefined or throws if they do not fit.
function changed(multicart, changes) {
	const all = [...multicart];
	const find = (id) => all.findIndex(({ owner }) => owner.id === id);
	for (const { owner, content, isGone, before } of changes) {
		const at = find(owner.id);
		const next = before ? find(before) : all.length;
		const whole = (old) => ({ owner: owner.name ? owner : old.owner,
			content: content ?? old.content });
		if (isGone)
			all.splice(at, at < 0 ? 0 : 1);
		else if (at >= 0)
			all[at] = whole(all[at]);
		else if (next >= 0 && owner.name)
			all.splice(next, 0, whole());
		else
			return undefined;
	}
	return all;
}

// Those who waited for a wish before the page was reloaded.
function strangers(count, seq) {
	const settle = () => {};
	return Array.from({ length: count },
		() => ({ resolve: settle, reject: settle, seq }));
}

// Browsers of before 2022 tell none.
function reasonOf({ reason }) {
	return reason ?? new BuddyShoppingError({ code: 'aborted' });
}

// What must not get lost of a note that tabs share.
function gist({ customer, ended = [0], wishes = [], settled = [] }) {
	return JSON.stringify([ended[0], customer?.requestId, !customer?.token,
		wishes.map(([event,, seq]) => [event, seq]),
		settled.map(([event, seq]) => [event, seq]).sort()]);
}

function valueOf({ payload }) {
	return Object.values(payload)[0];
}

function isSame(value, other) {
	return JSON.stringify(value) === JSON.stringify(other);
}

// Whether the message is to blame that is answered so, by somebody else than
// the daemon.
function isRefusal(status) {
	return status >= 400 && status < 500 && !PUTS_OFF.includes(status);
}

// A promise that nobody has to wait for: errors are told by events, too.
function optional(promise) {
	promise.catch(() => {});
	return promise;
}

// Both lines have the same face. start() connects again and again until
// stop(); owner.greeting() is said first, once there is one, and attach() called
// by the owner when the answer is good. send() says one more message, and
// confirm() hello once more, while the line is attached and not busy. hang()
// loses the connection, and the line tries again; check() finds out at once
// whether the connection is lost, and what was missed.
//
// A page cannot send pings. What asks for a sign of life is resumeSession on
// the same connection: it changes nothing and brings the newest multicart. What
// the daemon does not know it would refuse and write down, and an old seq is
// new to a daemon whose database came back from a backup.
//
// The owner gets each message with the one that it answers, if any, and with
// the cursor that there was when it was asked for; and hears of each one said
// that got no answer, and of every connection or attempt that is lost.

class SocketLine {
	constructor(platform, ends, owner) {
		this._isRunning = false;
		this._ws = null;
		this._attachedAt = 0;
		this._failures = 0;
		this.heardAt = 0;
		this._platform = platform;
		this._ends = ends;
		this._owner = owner;
		this._alarm = new Alarm(platform);
		this._drop();
	}

	get isBusy() {
		return this._asked !== null;
	}

	start() {
		if (this._isRunning)
			return;
		this._isRunning = true;
		this._failures = 0;
		this._connect();
	}

	stop() {
		this._isRunning = false;
		this._drop();
	}

	attach() {
		this.isAttached = true;
		this._attachedAt = this._platform.uptime();
		this._rest();
	}

	send(message) {
		this._ask(message, REPLY_MS);
	}

	hang() {
		if (this._ws !== null)
			this._lost({ isBlameless: true });
	}

	confirm() {
		this._ask(this._owner.hello(), REPLY_MS);
	}

	check() {
		if (this._ws === null || this._isChecking) {
			this.wake();
			return;
		}
		this._isChecking = true;
		// What is under way already shows the same.
		if (this.isAttached && !this.isBusy)
			this._ask(this._owner.hello(), CHECK_MS);
		else
			this._expect(CHECK_MS);
	}

	// End a pause between attempts.
	wake() {
		if (this._ws === null)
			this.retry();
	}

	// Connect now, afresh, if that is what the line is about.
	retry() {
		if (!this._isRunning || this.isAttached)
			return;
		this._drop();
		this._failures = 0;
		this._connect();
	}

	_drop() {
		const ws = this._ws;
		this._ws = null;
		this._asked = null;
		this._since = undefined;
		this._isChecking = false;
		this.isAttached = false;
		this.retryAt = Infinity;
		this._alarm.clear();
		ws?.close();
	}

	_connect() {
		const held = this._owner.held();
		if (held > 0) {
			this._pause(held);
			return;
		}
		const ws = permitted(() => new this._platform.WebSocket(
			this._ends.ws, this._ends.protocol ?? []));
		this._ws = ws ?? null;
		if (!ws) {
			this._lost();
			return;
		}
		this._alarm.set(ATTEMPT_MS, () => this._lost());
		this._listen(ws);
	}

	_pause(ms) {
		this.retryAt = this._platform.now() + ms;
		this._alarm.set(ms, () => this._connect());
	}

	// What an abandoned WebSocket still has to say is not heard.
	_listen(ws) {
		const ours = (act) => (event) => {
			if (ws === this._ws)
				act(event);
		};
		ws.onopen = ours(async () => {
			const greeting = await this._owner.greeting();
			if (ws === this._ws)
				this._ask(greeting);
		});
		ws.onmessage = ours(({ data }) => this._read(data));
		// No close follows where a Content-Security-Policy forbids it.
		ws.onerror = ours(() => this._alarm.set(0, () => this._lost()));
		ws.onclose = ours(({ code }) => this._lost({ code }));
	}

	// Without a limit the time of the attempt goes on running.
	_ask(message, limit) {
		this._asked = message;
		this._cursor = this._owner.cursor;
		this._owner.debug('out', 'websocket', message);
		if (limit !== undefined)
			this._expect(limit);
		this._ws.send(JSON.stringify(message));
	}

	// Timers of hidden tabs may be a minute late: there is no time for a
	// pause after what was waited for in vain. Where there was a sign of
	// trouble it is not WebSocket that is to blame.
	_expect(limit) {
		this._alarm.set(limit, () => {
			this._lost({ isBlameless: this._isChecking });
			this.retry();
		});
	}

	_read(data) {
		const read = permitted(() => JSON.parse(data));
		if (!read?.payload) {
			this._lost();
			return;
		}
		const message = tidy(read);
		this.heardAt = this._platform.uptime();
		const asked = this._asked;
		const isAnswered = asked !== null && isAnswer(message, asked);
		if (isAnswered) {
			this._asked = null;
			this._since = this._cursor;
			this._isChecking = false;
		}
		if (this.isAttached && this._asked === null)
			this._rest();
		this._owner.receive(this, message, isAnswered ? asked : null,
			this._sinceFor(message));
	}

	// The multicart that follows an answer was not made before the question.
	_sinceFor({ event }) {
		const since = this._since;
		if (event.startsWith('multicart'))
			this._since = undefined;
		return since;
	}

	_rest() {
		this._alarm.set(PROBE_MS, () =>
			this._ask(this._owner.hello(), ATTEMPT_MS));
	}

	// WebSocket is not to blame if the daemon stops (1012) or refuses. What
	// becomes of hello alone is for polling to find out, which starts now.
	_lost({ code, isBlameless = code === 1012 } = {}) {
		const wasAttached = this.isAttached;
		const asked = this._asked;
		const isSteady = wasAttached &&
			this._platform.uptime() - this._attachedAt >= STEADY_MS;
		this._drop();
		if (isSteady)
			this._failures = 0;
		this._pause(this._owner.held() +
			backoff(this._platform, this._failures++));
		if (code === 1009 && asked !== null)
			this._owner.receive(this, TOO_LARGE, asked);
		else if (asked !== null && wasAttached && !isBlameless)
			this._owner.unanswered(asked);
		this._owner.lost(this, wasAttached, isSteady || isBlameless);
	}
}

// One POST that says something at a time, and one held poll beside it.
class PollLine {
	constructor(platform, ends, owner) {
		this._run = null;
		this._epoch = 0;
		this._requests = new Set();
		this._probing = null;
		this._nap = null;
		this._isWoken = false;
		this._failures = 0;
		this._wait = WAIT_S;
		this._wasShort = false;
		this.heardAt = 0;
		this._haste = new Alarm(platform);
		this._platform = platform;
		this._ends = ends;
		this._owner = owner;
		this.hang();
	}

	// Whether the first attempt had success.
	get isSmooth() {
		return this._failures === 0;
	}

	start() {
		if (this._run !== null)
			return;
		this._run = {};
		this._failures = 0;
		this._work(this._run);
	}

	stop() {
		this._run = null;
		this._probing?.abort();
		this.hang();
	}

	attach() {
		this.isAttached = true;
		this._isChecking = false;
		this._endGreeting();
	}

	// As far as it is known: also while that is checked.
	get isUp() {
		return this.isAttached || this._isChecking;
	}

	// One that gets no answer has hello said at once: is it the message, or
	// the network?
	async send(message) {
		const epoch = this._epoch;
		this.isBusy = true;
		try {
			await this._say(message);
		} catch {
			if (epoch === this._epoch)
				this.greet();
		}
	}

	// Say hello beside the held poll; without an answer both are given up.
	async confirm() {
		const epoch = this._epoch;
		this.isBusy = true;
		try {
			await this._exchange(this._owner.hello());
		} catch {
			if (epoch === this._epoch)
				this.hang();
		}
	}

	// Whether the daemon answers what nobody can take offence at, if only that
	// it is no poll.
	async probe() {
		if (this._probing !== null)
			return;
		this._probing = new AbortController();
		const answer = await this._request({ method: 'GET' },
			this._probing, REPLY_MS).catch(() => null);
		this._probing = null;
		if (answer?.messages.length > 0)
			this._owner.reached();
	}

	// For a page that goes: not every browser that has beacons lets a request
	// outlive it.
	sayLast(event, customerId) {
		const message = { event, payload: { customerId } };
		const text = JSON.stringify(this._owner.signed(message));
		if (permitted(() =>
			this._platform.sendBeacon(this._ends.http, text)))
			this._owner.debug('out', 'polling', message);
		else
			optional(this._post(message, REPLY_MS));
	}

	hang() {
		this._epoch++;
		this.isAttached = false;
		this._isChecking = false;
		this.isBusy = false;
		this.retryAt = Infinity;
		this._endGreeting();
		for (const request of this._requests)
			request.abort();
		this._requests.clear();
		this._nap?.();
	}

	greet() {
		this._isWoken = true;
		this.hang();
	}

	// A hello that is under way has had some of its time: if each sign began
	// anew, many of them would let none be answered.
	check() {
		if (this._run === null || this._isWoken || this._isChecking)
			return;
		this._failures = 0;
		this._wait = WAIT_S;
		if (this._greetedAt === undefined)
			this._resume();
		else if (!this._haste.isSet)
			this._haste.set(this._greetedAt + CHECK_MS -
				this._platform.uptime(), () => this._resume());
	}

	_endGreeting() {
		this._greetedAt = undefined;
		this._haste.clear();
	}

	// Greet, and be up until that has failed.
	_resume() {
		const wasAttached = this.isAttached;
		this.greet();
		this._isChecking = wasAttached;
	}

	async _work(run) {
		while (run === this._run)
			try {
				await this._turn(run);
			} catch {
				await this._fail(run);
			}
	}

	async _turn(run) {
		const held = this._owner.held();
		if (held > 0) {
			this.retryAt = this._platform.now() + held;
			await this._rest(held);
			return;
		}
		this._isWoken = false;
		if (this.isAttached &&
		    this._platform.uptime() - this.heardAt > STALE_MS)
			this._resume();
		if (this.isAttached)
			await this._poll();
		else
			await this._greet();
		if (run === this._run && !this.isAttached)
			throw new Error('the connection was given up');
	}

	async _greet() {
		const epoch = this._epoch;
		this._greetedAt = this._platform.uptime();
		const greeting = await this._owner.greeting();
		if (epoch === this._epoch)
			await this._say(greeting,
				this._isChecking ? CHECK_MS : REPLY_MS);
	}

	async _fail(run) {
		if (run !== this._run || this._isWoken)
			return;
		const wasAttached = this.isAttached;
		const pause = this._owner.held() +
			backoff(this._platform, this._failures++);
		this.hang();
		this.retryAt = this._platform.now() + pause;
		this._owner.lost(this, wasAttached);
		if (run === this._run)
			await this._rest(pause);
	}

	_rest(ms) {
		return new Promise((wake) => {
			const timer = this._platform.setTimeout(wake, ms);
			this._nap = () => {
				this._platform.clearTimeout(timer);
				wake();
			};
		});
	}

	async _say(message, limit) {
		const epoch = this._epoch;
		const askedAt = this._platform.uptime();
		try {
			await this._exchange(message, limit);
		} catch (error) {
			if (epoch === this._epoch)
				this._owner.unanswered(message, askedAt,
					error.status);
			throw error;
		}
	}

	// A message and its answer, which must be among what comes back.
	async _exchange(message, limit = REPLY_MS) {
		const since = this._owner.cursor;
		const answer = await this._post(message, limit);
		if (!answer.messages.some((one) => isAnswer(one, message)))
			throw new Error('no answer');
		this.isBusy = false;
		this._deliver(answer, message, since);
	}

	async _poll() {
		const isIdle = this._owner.isIdle();
		const message = this._owner.poll(
			isIdle ? WAIT_HIDDEN_S : this._wait);
		const askedAt = this._platform.uptime();
		const answer = await this._held(message, askedAt);
		const took = this._platform.uptime() - askedAt;
		const { cursor } = message.payload;
		this._failures = 0;
		this._deliver(answer, message, cursor);
		const wasShort = this._wasShort;
		this._wasShort = took < HELD_MS && this._owner.cursor === cursor;
		if (!this.isAttached)
			return;
		if (isIdle)
			await this._rest(HIDDEN_MS);
		else if (this._wasShort && wasShort)
			await this._rest(this._platform.random() * CROWDED_MS);
	}

	// What cuts a held poll may let shorter ones pass.
	async _held(message, askedAt) {
		const { wait } = message.payload;
		try {
			return await this._post(message, wait * 1000 + REPLY_MS);
		} catch (error) {
			if (this.isAttached &&
			    this._platform.uptime() - askedAt > HELD_MS)
				this._wait = Math.max(WAIT_MIN_S,
					Math.floor(wait / 2));
			throw error;
		}
	}

	// What is told besides multicarts has a cursor together. If the other line
	// told more since this was asked for, it comes again or was heard there.
	_deliver({ messages, cursor }, asked, since) {
		const run = this._run;
		const isInStep = this._owner.isAt(since);
		this.heardAt = this._platform.uptime();
		for (const message of messages)
			if (run === this._run)
				this._owner.receive(this, message,
					isAnswer(message, asked) ? asked : null,
					since, isInStep);
		if (isInStep && run === this._run)
			this._owner.goOnFrom(cursor);
	}

	async _post(message, limit) {
		const { contentType } = this._ends;
		const request = new AbortController();
		this._owner.debug('out', 'polling', message);
		this._requests.add(request);
		try {
			return await this._request({
				method: 'POST',
				headers: contentType && { 'Content-Type': contentType },
				body: JSON.stringify(this._owner.signed(message)),
				keepalive: [LEAVING, GOODBYE].includes(message.event),
			}, request, limit);
		} finally {
			this._requests.delete(request);
		}
	}

	// The answer with its messages; whatever else happens is thrown.
	async _request(init, request, limit) {
		const timer = this._platform.setTimeout(
			() => request.abort(), limit);
		try {
			const response = await this._platform.fetch(this._ends.http, {
				...init,
				cache: 'no-store',
				credentials: 'omit',
				signal: request.signal,
			});
			const answer = await this._read(response);
			if (request.signal.aborted)
				throw new Error('given up');
			return answer;
		} finally {
			this._platform.clearTimeout(timer);
		}
	}

	async _read(response) {
		const answer = await response.json().catch(() => null);
		const messages = answer?.messages;
		if (Array.isArray(messages) &&
		    messages.every((message) => message?.payload))
			return { messages: messages.map(tidy),
				cursor: tidy(answer).cursor };
		// What follows is said by something between us and the daemon.
		const { status, headers } = response;
		if (status === 413)
			return { messages: [TOO_LARGE] };
		// What is refused has to wait, not what others say.
		if (!isRefusal(status))
			this._owner.hold(headers.get('Retry-After'));
		throw Object.assign(new Error(`status ${status}`), { status });
	}
}

// What page, a BuddyShopping, does: it owns both lines. It is out of reach for
// frameworks that put proxies before all that they can get at.
class Shopper {
	constructor(page, url, options) {
		this.page = page;
		this._listening = [];
		// {event, customerName, requestId} and, once answered, customerId
		// and token. It is confirmed when the daemon said so to this page.
		this._customer = null;
		this._isConfirmed = false;
		// Who to be when the remembered or leaving customer is gone.
		this._next = null;
		// The {event, customerName, requestId} of one that was given up.
		// The daemon may have it: it is who says the same again.
		this._ghost = null;
		this._entering = [];
		// What is not acknowledged, the oldest first: event -> {payload,
		// seq, waiting}; seq is 0 until it is sent. One that was stale on
		// its first day isStale; one isOvertaken if another value came
		// while it was under way; doubt and failures are about one
		// without an answer.
		this._wishes = new Map();
		// What was: event -> {value, seq, doubts}. A multicart may be older
		// until it shows that, or the daemon's number is as high.
		this._known = new Map();
		// What is to be said, likewise, and a page keeps for no other.
		this._says = [];
		this._isSayNext = false;
		this._isShown = false;
		this._saySeq = 0;
		// Of tabs that are one customer: how many it has been, up to which
		// they are gone, and why the last; and what became of wishes: event
		// -> [event, seq, code], with a code if it was refused.
		this._isShared = options.storage === 'localStorage';
		this._generation = 0;
		this._ended = [0];
		this._settled = new Map();
		this._isMerging = false;
		this._isCramped = false;
		this.pending = null;
		this._isTelling = false;
		// Whether a line was lost since there was one.
		this._isOffline = false;
		this._seq = 0;
		this._unshow();
		this._told = '';
		this._isClosed = false;
		this._isImpatient = false;
		this._forcePolling = Boolean(options.forcePolling);
		this._options = options;
		this._listener = options.debug === true ?
			(...traffic) => console.debug(...traffic) : options.debug;
		this._features = [...options.features ?? [], 'delta'];
		this._isAway = false;
		this._failedUntil = 0;
		this._condemnedAt = -1;
		this._wasCut = false;
		// Whether to ask what is the newest.
		this._isUnsure = false;
		this._shortLives = 0;
		this._hush = { heldUntil: 0 };
		this._equip(platformOf(options), endpoints(url, options.protocol),
			options.contentType);
	}

	_equip(platform, ends, contentType) {
		this._platform = platform;
		ends.contentType = contentType ??
			contentTypeFor(ends.http, platform.origin);
		this._patience = new Alarm(platform);
		this._pause = new Alarm(platform);
		this._review = new Alarm(platform);
		this._tick = new Alarm(platform);
		this._recheck = new Alarm(platform);
		this._trial = new Alarm(platform);
		this._customerNote = customerNote(this._isShared ?
			platform.localStorage : platform.sessionStorage, ends);
		this._failureNote = new Note(platform.localStorage, ends.host);
		this._socket = new SocketLine(platform, ends, this);
		this._poller = new PollLine(platform, ends, this);
	}

	start() {
		this._recall();
		this._listen();
		this._steer();
	}

	get state() {
		if (this._isClosed)
			return 'closed';
		if (!this._customer)
			return 'idle';
		return this.transport ? 'online' : 'connecting';
	}

	get transport() {
		if (this._socket.isAttached)
			return 'websocket';
		return this._poller.isUp ? 'polling' : null;
	}

	// React and Vue give the newest.
	get _ticket() {
		return this._options.ticket;
	}

	get customerId() {
		return this._customer?.customerId ?? null;
	}

	get cart() {
		return this._newest(CART, 'cartContent');
	}

	get isReady() {
		return this._newest(READY, READY);
	}

	get forcePolling() {
		return this._forcePolling;
	}

	set forcePolling(isForced) {
		if (this._forcePolling === Boolean(isForced))
			return;
		this._forcePolling = Boolean(isForced);
		if (!isForced)
			this._absolve();
		this._steer();
	}

	close() {
		if (this._isClosed)
			return;
		this._isClosed = true;
		this._listening.forEach((end) => end());
		this._next = null;
		this._pause.clear();
		const error = new BuddyShoppingError({ code: 'closed' });
		this._reject(this._entering, error);
		for (const [, { waiting }] of this._unsettled)
			this._reject(waiting, error);
		this._steer();
	}

	// What passes, but for what proves who the customer is.
	debug(direction, transport, { event, payload, cursor }) {
		const hidden = { token: undefined, ticket: undefined,
			requestId: undefined };
		if (this._listener)
			permitted(() => this._listener(direction, transport, {
				event, payload: { ...payload, ...hidden }, cursor }));
	}

	isHidden() {
		return this._platform.document?.visibilityState === 'hidden';
	}

	// Whether few polls are enough. Who is hidden may be present, and listen.
	isIdle() {
		return this.isHidden() && !/presence|say/.test(this._features);
	}

	_listen() {
		const { window, document, connection } = this._platform;
		const hear = ({ type, persisted }) => {
			this._catchUp();
			if (type.startsWith('page'))
				this._go(type === 'pagehide');
			// Every page is shown; only a frozen one has to wake.
			const isTrifle = type === 'pageshow' ? !persisted :
				type === 'pagehide' || type === 'storage' ||
				(type === 'visibilitychange' && this.isHidden());
			if (!isTrifle)
				this._trouble();
		};
		for (const [target, ...types] of [
			[window, 'online', 'offline', 'pageshow', 'pagehide',
				...this._isShared ? ['storage'] : []],
			[document, 'visibilitychange', 'resume'],
			[connection, 'change']])
			for (const type of types) {
				target?.addEventListener?.(type, hear);
				this._listening.push(() =>
					target?.removeEventListener?.(type, hear));
			}
	}

	// The page goes, and may come back. A WebSocket tells the daemon by itself,
	// and one that has no features knows no goodbye. Who leaves need not wait
	// any more for what else is wished.
	_go(isAway) {
		const isLeaving = this._wishes.has(LEAVING);
		const isPolling = isAway && this.transport === 'polling';
		this._isAway = isPolling && !isLeaving && this._place.length > 0;
		this._steer();
		if (isPolling && (isLeaving || this._isAway))
			this._poller.sayLast(isLeaving ? LEAVING : GOODBYE,
				this.customerId);
	}

	// It lives, though nobody said that it is shown again.
	_stay() {
		if (this._isAway)
			this._go(false);
	}

	// Something happened that connections may not have survived. Those that
	// are heard after it have.
	_trouble() {
		this._stay();
		const line = this._socket.isAttached ? this._socket : this._poller;
		const since = this._platform.uptime();
		const isFresh = line.isAttached &&
			since - line.heardAt < FRESH_MS;
		if (!isFresh)
			this.reconnect();
		else
			this._recheck.set(FRESH_MS, () => {
				if (line.heardAt <= since)
					this.reconnect();
			});
	}

	// What a sign of trouble does.
	reconnect() {
		this._stay();
		this._socket.check();
		this._poller.check();
		this._tellPending();
	}

	// A computer that slept tells nobody: its clock does.
	_watch(isWanted) {
		if (!isWanted) {
			this._tick.clear();
			return;
		}
		if (this._tick.isSet)
			return;
		const due = this._platform.now() + TICK_MS;
		this._tick.set(TICK_MS, () => {
			const late = this._platform.now() - due;
			this._watch(true);
			if (late > SLEPT_MS && !this.isHidden())
				this._trouble();
		});
	}

	_recall() {
		const note = this._readNote();
		const { customer, wishes = [], known = [], ghost = null,
			settled = [], stripe = 0 } =
			(this._isOurs(note?.customer) && note) || {};
		if (this._isShared) {
			this._generation = note?.generation ?? 0;
			this._ended = note?.ended ?? [0];
		}
		for (const [event, ...end] of settled)
			this._settled.set(event, [event, ...end]);
		this._ghost = ghost;
		// Another than that of the tab that this is a duplicate of.
		this._stripe = (stripe + 1 + Math.floor((STRIPES - 1) *
			this._platform.random())) % STRIPES;
		this._customer = customer ? { at: this._platform.now(), ...customer,
			isRemembered: true } : null;
		for (const [event, payload, seq, failures, count = 1,
			at = this._platform.now()] of wishes)
			this._wishes.set(event, { payload, seq, failures, at,
				waiting: strangers(count, seq) });
		for (const [event, value] of known)
			this._known.set(event, { value });
		const until = this._failureNote.read();
		const left = typeof until === 'number' ?
			until - this._platform.now() : 0;
		// A clock that was wrong must not keep us off for long.
		if (left <= FAILURE_MS)
			this._failedUntil = this._platform.uptime() + left;
	}

	// Whether the next page in this tab may be that customer, too. A requestId
	// is good without a ticket, so it must not become another account's.
	_isOurs(customer) {
		return !this._ticket || Boolean(customer?.token);
	}

	_remember() {
		if (this._isMerging)
			return;
		const kept = this._keep();
		if (this._isShared && !kept.customer && this._isOthers())
			return;
		if (!kept.customer && !kept.ghost && !kept.ended) {
			this._customerNote.erase();
			return;
		}
		const { wishes } = kept;
		const small = wishes.filter(([event]) => event !== CART);
		const knownBeside = (some) => Array.from(this._known)
			.filter(([event]) => !some.some(([one]) => one === event))
			.map(([event, { value }]) => [event, value]);
		// What the daemon knows, too, goes first if carts are too large.
		const notes = [wishes, small].flatMap((some) =>
			[knownBeside(some), []].map((known) =>
				({ ...kept, wishes: some, known })));
		this._isCramped = notes.findIndex((note) =>
			this._customerNote.write(note)) !== 0;
	}

	_readNote() {
		const note = this._customerNote.read();
		return isNote(note) ? note : null;
	}

	// Whether the note has a customer that other tabs may be, if not this one.
	_isOthers() {
		const { customer, generation } = this._readNote() ?? {};
		return Boolean(customer) && generation > this._ended[0];
	}

	_keep() {
		return {
			customer: this._isOurs(this._customer) ? this._customer :
				null,
			ghost: this._ghost,
			...this._isShared ? { generation: this._generation,
				ended: this._ended,
				settled: [...this._settled.values()] } :
				{ stripe: this._stripe },
			wishes: Array.from(this._wishes,
				([event, { payload, seq, failures, waiting, at }]) =>
					[event, payload, seq, failures, waiting.length,
						at]),
		};
	}

	// Take over what other tabs of the customer have kept since. What is later
	// counts in all of them, so it does not matter who hears of what, or when:
	// the event `storage` makes it soon.
	_catchUp(isEntering = false) {
		const isNeeded = this._isShared && !this._isClosed &&
			!this._isMerging;
		if (!isNeeded || !(isEntering || this._customerNote.hasChanged()))
			return;
		const note = this._readNote() ?? {};
		const { cart, isReady, pending } = this;
		this._isMerging = true;
		try {
			this._follow(note, isEntering);
			if (note.customer &&
			    note.customer.requestId === this._customer?.requestId)
				this._merge(note);
		} finally {
			this._isMerging = false;
		}
		// Who is nobody to the others has nothing to tell them.
		const kept = this._keep();
		const isAhead = kept.customer ? gist(kept) !== gist(note) :
			this._ended[0] > (note.ended ?? [0])[0];
		// Tabs that cannot keep all would go on taking turns.
		if (isAhead && !this._isCramped)
			this._remember();
		this._pump();
		this._steer();
		if (pending === this.pending &&
		    (cart !== this.cart || isReady !== this.isReady))
			this._tell('pending', pending);
	}

	// Be the customer that the tabs are by now.
	_follow({ customer, generation, ended, ghost }, isEntering) {
		if (ended) {
			this._ghost = ghost;
			if (ended[0] > this._ended[0])
				this._ended = ended;
		}
		const mine = this._customer;
		const isThere = customer && generation > this._ended[0] &&
			this._isOurs(customer);
		if (isThere && mine?.requestId === customer.requestId) {
			this._generation = generation;
			mine.customerId = mine.customerId ?? customer.customerId;
			mine.token = mine.token ?? customer.token;
			return;
		}
		if (mine && this._generation <= this._ended[0])
			this._endAsElsewhere(this._ended[1]);
		if (isThere && this._yieldsTo(customer, generation, isEntering))
			this._adopt(customer, generation);
	}

	_endAsElsewhere(code) {
		this._goOnEntering();
		this._end(code ? new BuddyShoppingError({ code }) : undefined);
	}

	_adopt(customer, generation) {
		this._goOnEntering();
		this._socket.stop();
		this._poller.stop();
		this._pause.clear();
		this._be({ ...customer, isRemembered: true }, generation);
	}

	// Who waits for being in is not done with what another tab came to.
	_goOnEntering() {
		const { event, customerName, turns, at, token } =
			this._customer ?? {};
		if (event && !token && this._entering.length > 0)
			this._next = this._next ?? { event, customerName, turns, at };
	}

	// Two that begin at the same time agree without a word. Who asked for
	// nothing is nobody until there is somebody to be.
	_yieldsTo({ requestId, token }, generation, isEntering) {
		const mine = this._customer;
		if (!mine)
			return isEntering || Boolean(token);
		if (generation !== this._generation)
			return generation > this._generation;
		return !token === !mine.token ? requestId > mine.requestId :
			Boolean(token);
	}

	// Whichever wish is later, and whatever became of others.
	_merge({ wishes = [], known = [], settled = [] }) {
		for (const [event, value] of known)
			if (!this._known.has(event))
				this._known.set(event, { value });
		for (const [event, seq, code] of settled)
			if (seq > this._settledUpTo(event))
				this._settleAsElsewhere(event, seq, code,
					new Map(known));
		for (const [event, payload, seq, failures, count, at] of wishes)
			if (seq > Math.max(this._settledUpTo(event),
				this._wishes.get(event)?.seq ?? 0))
				this._adoptWish(event, { payload, seq, failures, at,
					isForeign: true }, count);
	}

	_settledUpTo(event) {
		return (this._settled.get(event) ?? [event, 0])[1];
	}

	// The line of this tab may still bring what was before that.
	_settleAsElsewhere(event, seq, code, known) {
		if (code) {
			this._forgo({ event, payload: { seq } },
				new BuddyShoppingError({ code, event }));
			return;
		}
		this._acknowledged(event, seq);
		const { value } = this._known.get(event) ?? {};
		const told = known.get(event);
		if (known.has(event))
			this._known.set(event, { seq, doubts: 0,
				value: isSame(value, told) ? value : told });
	}

	// The tab that has it says it, unless it is closed meanwhile.
	_adoptWish(event, wish, count) {
		const { waiting = [] } = this._wishes.get(event) ?? {};
		waiting.push(...strangers(
			Math.max(0, count - waiting.length), wish.seq));
		this._seq = Math.max(this._seq, wish.seq);
		const adopted = { ...wish, waiting };
		this._putOff(adopted, PATIENCE_MS);
		this._wishes = new Map([...this._wishes.set(event, adopted)]
			.sort(([, one], [, other]) => one.seq - other.seq));
	}

	// Numbers tell tabs whose wish is later, so each says them in that order,
	// and others' before its own.
	_order(wish) {
		this._number(wish);
		for (const one of this._wishes.values())
			if (one.isForeign)
				one.heldUntil = 0;
	}

	_settle(event, seq, code) {
		if (seq > this._settledUpTo(event))
			this._settled.set(event, [event, seq, code]);
	}

	// What is wished, or what is known to be stored, under that name. Who leaves
	// wishes none.
	_newest(event, name) {
		if (this._wishes.has(LEAVING))
			return null;
		const wish = this._wishes.get(event);
		return wish ? wish.payload[name] :
			this._known.get(event)?.value ?? null;
	}

	// The own cart and readiness of a multicart.
	_learn(multicart) {
		const mine = (all) => all?.find(({ owner }) =>
			owner.id === this.customerId);
		const [before, now] = [this.multicart, multicart].map(mine);
		return now && [
			this._discover(CART, before?.content, now.content),
			this._discover(READY, before?.owner.isReadyToCheckout,
				now.owner.isReadyToCheckout),
		].includes(true);
	}

	// Whether it is another than what was known. What may be older than the
	// last answer, or another tab's, and what came while ours was on its way,
	// has the daemon asked again.
	_discover(event, before, value) {
		const known = this._known.get(event);
		const wish = this._wishes.get(event);
		const isSettled = known && isSame(known.value, value);
		const isChanged = !isSame(before, value);
		const isOurs = wish?.seq && isChanged &&
			isSame(valueOf(wish), value);
		if (isOurs)
			wish.isOvertaken = false;
		else if (wish?.seq && isChanged && !isSettled)
			wish.isOvertaken = true;
		if (isSettled)
			known.seq = undefined;
		else if (known?.seq && !isOurs)
			this._isUnsure = true;
		else {
			this._known.set(event, { value });
			this._remember();
			return true;
		}
		return false;
	}

	_tell(type, detail) {
		this.page.dispatchEvent(new CustomEvent(type, { detail }));
	}

	// Whether the customer is still there that it is about: a listener may
	// give it up, and begin anew.
	_complain(error) {
		const customer = this._customer;
		this._tell('error', error);
		return customer === this._customer;
	}

	// One that waits among others, for no longer than options say.
	_promise(waiting, { timeout, signal } = {}, withdraw = () => {}) {
		const alarm = new Alarm(this._platform);
		let one;
		const promise = optional(new Promise((resolve, reject) => {
			one = { resolve, reject, seq: 0 };
		}));
		waiting.push(one);
		const giveUp = (error) => {
			one.reject(error);
			withdraw(one);
		};
		const abort = () => giveUp(reasonOf(signal));
		signal?.addEventListener('abort', abort);
		// Longer ones would be over at once.
		if ((timeout ?? Infinity) < TIMEOUT_MAX_MS)
			alarm.set(timeout, () => giveUp(new BuddyShoppingError(
				{ code: 'timeout' })));
		const end = () => {
			alarm.clear();
			signal?.removeEventListener('abort', abort);
		};
		promise.then(end, end);
		return promise;
	}

	// Nobody waits for the customer any more. The daemon may have it, so it
	// is who says the same again.
	_withdraw(one) {
		this._entering = this._entering.filter((other) => other !== one);
		if (this._entering.length === 0) {
			this._next = null;
			if (this._customer && !this._customer.token)
				this._giveUp(new BuddyShoppingError(
					{ code: 'leftSession' }));
		}
		this._tellPending();
	}

	// Be nobody.
	_giveUp(error) {
		const { event, customerName, requestId } = this._customer;
		this._ghost = this._ticket ? null :
			{ event, customerName, requestId };
		this._end(error);
	}

	// Throws if a call comes too late.
	_admit({ signal } = {}) {
		if (this._isClosed)
			this._deny('closed');
		if (signal?.aborted)
			throw reasonOf(signal);
		this._stay();
	}

	_deny(code, message) {
		const error = new BuddyShoppingError({ code, message });
		this._tell('error', error);
		throw error;
	}

	async enter(event, customerName, options, turns) {
		this._admit(options);
		this._catchUp(true);
		const isLeaving = this._wishes.has('leaveSession');
		if (this._isConfirmed && !isLeaving)
			return this.customerId;
		// What may have happened already is the first way to try.
		if (turns && this._ghost?.customerName === customerName)
			({ event } = this._ghost);
		const promise = this._promise(this._entering, options,
			(one) => this._withdraw(one));
		if (!this._customer)
			this._become({ event, customerName, turns });
		else if (isLeaving || this._customer.isRemembered)
			this._next = { event, customerName, turns,
				at: this._platform.now() };
		this._steer();
		return promise;
	}

	_become(customer) {
		this._be(customer && { at: this._platform.now(),
			...customer, requestId: this._ghostOf(customer) ??
				randomId(this._platform) }, this._ended[0] + 1);
	}

	_be(customer, generation) {
		this._customer = customer;
		this._generation = generation;
		this._isConfirmed = false;
		this._isOffline = false;
		this._known.clear();
		this._settled.clear();
		this._unshow();
		this._remember();
	}

	_unshow() {
		this._revision = undefined;
		this._place = [];
		this.multicart = null;
		this.present = null;
		this.isLocked = false;
	}

	// What was shown and told.
	get cursor() {
		return this._revision && [this._revision, ...this._place].join('.');
	}

	isAt(cursor) {
		return isSame(placeOf(cursor), this._place);
	}

	goOnFrom(cursor) {
		const place = placeOf(cursor);
		const ours = this._place;
		if (cursor)
			this._place = place.map((one, at) =>
				isBeyond(place, ours, at) ? one : ours[at]);
	}

	// The requestId of one that asked for the same and was given up.
	_ghostOf({ event, customerName }) {
		const ghost = this._ghost;
		if (this._ticket || ghost?.event !== event ||
		    ghost.customerName !== customerName)
			return undefined;
		this._ghost = null;
		return ghost.requestId;
	}

	async wish(event, content, options) {
		this._admit(options);
		this._catchUp();
		const isLeaving = this._wishes.has('leaveSession');
		if (!this._customer || (isLeaving && event !== 'leaveSession'))
			this._deny('notJoined');
		// The caller may go on changing its cart.
		const payload = JSON.parse(JSON.stringify(content));
		const { waiting = [], seq, at = this._platform.now() } =
			this._wishes.get(event) ?? {};
		const promise = this._promise(waiting, options);
		// One that may have arrived has had its place in the order.
		if (seq)
			this._wishes.delete(event);
		const wish = { payload, seq: 0, waiting, at };
		this._wishes.set(event, wish);
		if (this._isShared)
			this._order(wish);
		else
			this._remember();
		this._pump();
		return promise;
	}

	// Something that is said is of the moment: it is in no storage, and nobody
	// waits long for it.
	async say(what, { to, timeout = SAY_MS, signal } = {}) {
		this._admit({ signal });
		// Without, nobody is told of a restart of the daemon.
		if (!this._features.includes(SAY))
			this._deny('featureRequired',
				"say() needs features: ['say'].");
		if (!this._customer || this._wishes.has(LEAVING))
			this._deny('notJoined');
		if (this._says.length >= SAYS_MAX)
			this._deny('rateLimited');
		const say = { seq: 0, waiting: [],
			payload: JSON.parse(JSON.stringify({ what, to })) };
		this._says.push(say);
		const promise = this._promise(say.waiting, { timeout, signal },
			() => this._unsay(say));
		this._pump();
		return promise;
	}

	_unsay(say, error) {
		this._says = this._says.filter((one) => one !== say);
		for (const one of say.waiting)
			one[error ? 'reject' : 'resolve'](error);
	}

	// Whether something was said before a restart of the daemon nobody knows.
	_reviewSaid() {
		const [say] = this._says;
		if (say?.seq && say.daemon !== this._place[0])
			this._giveUpOn(SAY, (error) => this._unsay(say, error));
	}

	// What is not settled, by its event.
	get _unsettled() {
		return [...this._wishes, ...this._says.map((say) => [SAY, say])];
	}

	_wishOf(event) {
		return event === SAY ? this._says[0] : this._wishes.get(event);
	}

	hello() {
		const { event, customerName, requestId, customerId, token } =
			this._customer;
		const features = this._features;
		if (token)
			return { event: 'resumeSession', payload: { customerId,
				token, cursor: this.cursor, features } };
		return { event, payload:
			{ customerName, requestId, resumable: true, features } };
	}

	poll(wait) {
		return { event: 'poll', payload: {
			customerId: this.customerId,
			cursor: this.cursor,
			wait,
			features: this._features,
		} };
	}

	// A request proves by itself whose it is.
	signed({ event, payload }) {
		const { token } = this._customer;
		return { event, payload: { token, ...payload } };
	}

	// What is said first. Who starts or joins has a fresh ticket each time;
	// without one that is given up. There may be a token when it comes.
	async greeting() {
		const customer = this._customer;
		const isNeeded = () => customer === this._customer &&
			!customer.token && !this._isClosed;
		if (this._isShared && isNeeded()) {
			await this._awaitEntry();
			this._catchUp();
			if (!isNeeded())
				return customer === this._customer ? this.hello() :
					null;
		}
		let ticket = customer.token ? undefined : this._ticket;
		if (typeof ticket === 'function')
			try {
				ticket = await ticket();
			} catch (cause) {
				if (isNeeded())
					this._failTicket(cause);
			}
		const hello = customer === this._customer ? this.hello() : null;
		if (isNeeded())
			hello.payload.ticket = ticket ?? undefined;
		return hello;
	}

	// Of several tabs one enters at a time, where there are locks: the others
	// find afterwards who they are. One that is frozen is not waited for.
	_awaitEntry() {
		const { locks } = this._platform;
		if (locks && !this._entry)
			this._entry = new Promise((go) => {
				const ended = new Promise((end) => {
					this._endEntry = end;
				});
				this._platform.setTimeout(go, REPLY_MS);
				locks.request(this._customerNote.key, () => {
					go();
					return ended;
				}).catch(go);
			});
		return this._entry;
	}

	_failTicket(cause) {
		const error = new BuddyShoppingError({ code: 'noTicket',
			event: this._customer.event,
			message: `There is no ticket: ${cause?.message ?? cause}` });
		error.cause = cause;
		if (this._complain(error))
			this._end(error);
	}

	// What to say next: the oldest wish. But who leaves does not wait for what
	// is in doubt, as nobody will see it.
	_foremost() {
		const [oldest] = this._wishes;
		const leaving = this._wishes.get('leaveSession');
		return leaving && (oldest[1].failures || oldest[1].isLocked) ?
			['leaveSession', leaving] : oldest;
	}

	_pump() {
		this._say();
		this._tellPending();
	}

	// Send it, if there is a line that is free for it.
	_say() {
		const line = this._socket.isAttached ? this._socket : this._poller;
		if (!line.isAttached || line.isBusy)
			return;
		if (this._isUnsure && this.held() === 0) {
			this._isUnsure = false;
			line.confirm();
			return;
		}
		// They take turns, but who leaves says goodbye first.
		const next = [this._foremost(), this._isShown && this._says[0] &&
			[SAY, this._says[0]]].filter(Boolean);
		if (this._wishes.has(LEAVING) || this._isSayNext)
			next.reverse();
		const holds = next.map(([, { heldUntil = 0 }]) => Math.max(
			this.held(), heldUntil - this._platform.uptime()));
		const at = holds.findIndex((ms) => ms <= 0);
		if (at < 0 && next.length > 0)
			this._pause.set(Math.min(...holds), () => {
				this._catchUp();
				this._pump();
			});
		if (at < 0)
			return;
		const [event, wish] = next[at];
		const { customerId } = this._customer;
		const payload = { customerId, ...wish.payload };
		if (event === SAY)
			payload.seq = this._numberSay(wish);
		else if (event !== LEAVING)
			payload.seq = this._number(wish);
		this._isSayNext = event !== SAY;
		line.send({ event, payload });
	}

	// Numbers grow with the clock, so that those of a duplicated tab, which
	// counts for the same customer, are in the order of the changes, too.
	// Where the clock does not help, they are as little ahead of it as can
	// be. No two tabs count alike: each would take the other's change for
	// its own.
	_number(wish) {
		if (!wish.seq) {
			wish.seq = this._seq = this._after(this._seq);
			this._remember();
		}
		for (const one of wish.waiting)
			one.seq = one.seq || wish.seq;
		return wish.seq;
	}

	_numberSay(say) {
		[say.daemon] = this._place;
		if (!say.seq)
			say.seq = this._saySeq = this._after(this._saySeq);
		return say.seq;
	}

	_after(seq) {
		return this._stripe + STRIPES * Math.max(timeOf(seq) + 1,
			Math.floor(this._platform.now()));
	}

	receive(line, { event, payload, cursor, from }, asked, since, isInStep) {
		this.debug('in', line === this._socket ? 'websocket' : 'polling',
			{ event, payload, cursor });
		const customer = this._customer;
		this._catchUp();
		if (!customer || customer !== this._customer)
			return;
		const isNews = (at) => cursor ?
			isBeyond(placeOf(cursor), this._place, at) : isInStep;
		const [isSaid, isTurn] = [isNews(1), isNews(2)];
		this.goOnFrom(cursor);
		if (event === 'multicartUpdate')
			this._show(payload, cursor, since);
		else if (event === 'multicartDelta')
			this._change(payload, cursor, from, since);
		else if (event === 'presenceUpdate' && isTurn)
			this._see(payload);
		else if (event === SAY && payload.seq)
			this._said(payload.seq);
		else if (event === SAY && isSaid)
			this._hear(payload);
		else if (event === 'error')
			this._refused(line, new BuddyShoppingError(payload), asked);
		else if (event === 'leaveSession')
			this._end();
		else if (payload.customerId && asked)
			this._entered(line, payload);
		else if (payload.stale)
			this._doubt(event, payload.seq);
		else if (payload.seq)
			this._acknowledged(event, payload.seq);
		this._pump();
	}

	// Newer ones may have overtaken it, which is asked for since that cursor.
	// But if it is older than that one, or the same and yet another, then the
	// daemon's database came back from a backup.
	_show({ multicartContent: multicart, isLocked }, cursor, since) {
		if (!permitted(() => multicart.every(({ owner }) => owner)))
			return;
		const ours = this._revision;
		const its = revisionOf(cursor);
		const isRestored = its === ours ? revisionOf(since) === ours &&
			!isSame(multicart, this.multicart) :
			precedes(its, since) && !precedes(ours, since);
		this._isShown = true;
		this._reviewSaid();
		if (precedes(its, ours) && !isRestored)
			return;
		const isNews = this._learn(multicart);
		if (its === ours && !isRestored && !isNews)
			return;
		this._revision = its;
		this.multicart = multicart;
		this.isLocked = isLocked === true;
		for (const wish of this._wishes.values())
			if (wish.isLocked)
				Object.assign(wish, { isLocked: false, heldUntil: 0,
					retryAt: undefined });
		this._tell('multicart', multicart);
	}

	// Changes of another multicart than this one are of no use.
	_change({ changes, isLocked }, cursor, from, since) {
		const multicart = from === this._revision &&
			permitted(() => changed(this.multicart, changes));
		if (multicart)
			this._show({ isLocked, multicartContent: multicart },
				cursor, since);
		else if (precedes(this._revision, cursor))
			this._isUnsure = true;
	}

	_see({ present }) {
		if (isSame(present, this.present))
			return;
		this.present = present;
		this._tell('presence', present);
	}

	// Also if it is stale: that very one was said before.
	_said(seq) {
		const [say] = this._says;
		if (say?.seq === seq)
			this._unsay(say);
	}

	_hear({ missed, ...said }) {
		if (missed)
			this._tell('missed', { count: missed });
		else
			this._tell(SAY, said);
	}

	_entered(line, { customerId, token, seq = 0 }) {
		this._isShown = false;
		this._customer.customerId = customerId;
		this._customer.token = this._customer.token ?? token;
		this._customer.failures = this._customer.doubt = 0;
		this._isConfirmed = true;
		this._seq = Math.max(this._seq, seq);
		this._compare(seq);
		// The multicart that follows this was made after what it counts.
		for (const known of this._known.values())
			if (known.seq <= seq || ++known.doubts > DOUBTS_MAX)
				known.seq = undefined;
		for (const [event, wish] of this._unsettled) {
			const { doubt } = wish;
			this._blame(event, wish, (error) =>
				this._forgo({ event, payload: wish }, error));
			if (doubt)
				this._putOff(wish,
					backoff(this._platform, wish.failures));
		}
		this._remember();
		if (!this._wishes.has('leaveSession')) {
			this._next = null;
			for (const one of this._entering.splice(0))
				one.resolve(customerId);
		}
		if (!line.isAttached)
			this._attached(line);
	}

	_attached(line) {
		line.attach();
		this._isOffline = false;
		if (line === this._socket) {
			this._isImpatient = false;
			this._absolve();
		} else {
			// The network is good now, whatever it was at the last try.
			this._socket[line.isSmooth ? 'wake' : 'retry']();
		}
		this._steer();
	}

	// WebSocket is worth a try.
	_absolve() {
		this._failedUntil = 0;
		this._failureNote.erase();
	}

	// A number that is not new was stored, or is less than another tab's: the
	// daemon's highest one tells.
	_doubt(event, seq) {
		const wish = this._wishes.get(event);
		if (wish?.seq !== seq)
			return;
		wish.isStale = true;
		this._isUnsure = true;
	}

	// The daemon's highest number is seq. If it is another tab's, that made a
	// later change than we did; but not if it is of a time yet to come.
	_compare(seq) {
		const isPast = timeOf(seq) <= this._platform.now();
		for (const [event, wish] of this._wishes)
			if (wish.seq && (wish.seq === seq ||
			    (wish.isStale && wish.seq < seq && isPast)))
				this._acknowledged(event, wish.seq);
			else if (wish.isStale && wish.seq < seq)
				this._renumber(wish);
	}

	_renumber(wish) {
		Object.assign(wish, { seq: 0, isStale: false });
		if (this._isShared)
			this._number(wish);
	}

	// What was said may be to blame for it, or the network: if that answers
	// others now, it is not the network. A wish has hello said next; hello
	// itself has a probe.
	unanswered({ event, payload }, askedAt, status) {
		const isEntering = 'requestId' in payload;
		const isHello = isEntering || event === 'resumeSession';
		const it = isHello ? this._customer : this._wishOf(event);
		const key = isEntering ? 'requestId' : 'token';
		if (!it || it[key] !== payload[key] ||
		    (payload.seq ?? it.seq) !== it.seq)
			return;
		const isLate = isEntering &&
			this._platform.uptime() - askedAt >= LATE_MS;
		it.doubt = isRefusal(status) ? REFUSAL_FAILURES :
			isLate ? LATE_FAILURES : 1;
		// Who returns loses nothing if it waits first, as it may be told to.
		if (isEntering || (isHello && this.held() === 0))
			this._poller.probe();
	}

	// The daemon answers others. Calls giveUp if that was once too often.
	_blame(event, it, giveUp) {
		if (!it.doubt)
			return;
		it.failures = (it.failures ?? 0) + it.doubt;
		it.doubt = 0;
		this._remember();
		if (it.failures >= FAILURES_MAX)
			this._giveUpOn(event, giveUp);
	}

	_giveUpOn(event, giveUp) {
		const error = new BuddyShoppingError({ code: 'undelivered', event,
			message: 'This message alone does not get through.' });
		if (this._complain(error))
			giveUp(error);
	}

	// The daemon is there for who says hello.
	reached() {
		const customer = this._customer;
		if (!customer || this._isClosed || this.transport)
			return;
		if (customer.token)
			this._blame('resumeSession', customer, () => {
				// Once is enough; it may pass yet.
				customer.failures = -Infinity;
			});
		else
			this._blame(customer.event, customer,
				(error) => this._giveUp(error));
	}

	// It is stored, or another tab's change was later.
	_acknowledged(event, seq) {
		this._settle(event, seq);
		const wish = this._wishes.get(event);
		if (!wish)
			return;
		const isDone = (one) => one.seq && one.seq <= seq;
		wish.waiting.filter(isDone).forEach((one) => one.resolve());
		wish.waiting = wish.waiting.filter((one) => !isDone(one));
		if (isDone(wish)) {
			this._known.set(event,
				{ value: valueOf(wish), seq, doubts: 0 });
			if (wish.isOvertaken)
				this._isUnsure = true;
			this._wishes.delete(event);
		}
		this._remember();
	}

	_refused(line, error, asked) {
		const isEntering = asked !== null && 'requestId' in asked.payload;
		const isFinal = isEntering && error.code === 'sessionFull';
		// That may be who it was said to.
		const isDeaf = asked?.event === SAY &&
			error.code === 'unknownCustomer';
		if (asked && !isEntering && !isDeaf && GONE.includes(error.code)) {
			this._end(error);
			return;
		}
		if (isEntering && this._turn(error))
			return;
		if (!this._complain(error))
			return;
		if (error.retryAfter !== undefined && !isFinal)
			this._postpone(line, error, asked);
		else if (isEntering)
			this._end(error);
		else if (error.code === 'sessionLocked' && asked)
			this._waitForUnlock(this._wishes.get(asked.event));
		else if (asked && (this._wishOf(asked.event) || asked.event === SAY) &&
		    error.code !== 'notYourCustomer')
			this._forgo(asked, error);
		else if (asked)
			line.hang();
	}

	// Whether to try the other of start and join: somebody else was faster.
	_turn(error) {
		const { event, customerName, turns, at } = this._customer;
		const [code, other] = OTHER_WAY[event];
		if (!turns || error.code !== code || this._wishes.has(LEAVING))
			return false;
		this._next = this._next ??
			{ event: other, customerName, turns: turns - 1, at };
		this._end(error);
		return true;
	}

	// What is wished is, until the next multicart.
	_waitForUnlock(wish = {}) {
		wish.isLocked = true;
		this._putOff(wish, LOCKED_MS);
	}

	// The times by two clocks: to go by, and to tell.
	_putOff(it, ms) {
		it.heldUntil = this._platform.uptime() + ms;
		it.retryAt = this._platform.now() + ms;
	}

	// Never at once again, whatever is said.
	_postpone(line, error, asked) {
		const seconds = Math.min(HOLD_MAX_S, Math.max(BACKOFF_MIN_MS / 1000,
			permitted(() => Number(error.retryAfter)) || 0));
		if (error.event === SAY && this._says.length > 0)
			this._putOff(this._says[0], seconds * 1000);
		else
			this.hold(seconds);
		if (asked && !this._wishOf(asked.event) && asked.event !== SAY)
			line.hang();
	}

	// What replaced a refused wish meanwhile is still wished.
	_forgo({ event, payload }, error) {
		const { seq = 0 } = payload;
		const wish = this._wishOf(event);
		if (event === SAY) {
			if (wish?.seq === seq)
				this._unsay(wish, error);
			return;
		}
		this._settle(event, seq || wish?.seq, error.code);
		if (!wish)
			return;
		const isMeant = (one) => !seq || (one.seq && one.seq <= seq);
		wish.waiting.filter(isMeant).forEach((one) => one.reject(error));
		wish.waiting = wish.waiting.filter((one) => !isMeant(one));
		if (isMeant(wish))
			this._wishes.delete(event);
		this._remember();
	}

	// The customer left, or is told that there is no such customer.
	_end(cause) {
		const next = this._next;
		const { token } = this._customer;
		// What we wished may be told by another answer first.
		const isOurs = cause?.code === 'leftSession' &&
			this._wishes.has('leaveSession');
		const error = isOurs ? undefined : cause;
		const wasIn = this._isConfirmed || (token && !next);
		if (this._generation > this._ended[0])
			this._ended = [this._generation, error?.code];
		this._next = null;
		this._socket.stop();
		this._poller.stop();
		this._pause.clear();
		this._left(error);
		// Wishes that were not fulfilled are those of the next customer.
		if (next)
			this._become(next);
		else
			this._forget(error);
		if (error?.code === 'invalidToken')
			this._tell('error', error);
		if (wasIn)
			this._tell('left', { code: error?.code ?? null });
		this._steer();
	}

	// Who wished to leave wished nothing for the next customer.
	_left(error) {
		const leaving = this._wishes.get(LEAVING);
		if (!leaving)
			return;
		if (error?.code !== 'invalidToken')
			leaving.waiting.splice(0).forEach((one) => one.resolve());
		this._drop(error);
	}

	_forget(error) {
		this._reject(this._entering, error);
		this._drop(error);
		this._become(null);
	}

	_drop(error) {
		for (const [, { waiting }] of this._unsettled)
			this._reject(waiting, error);
		this._wishes.clear();
		this._says = [];
	}

	_reject(waiting,
		error = new BuddyShoppingError({ code: 'leftSession' })) {
		waiting.splice(0).forEach((one) => one.reject(error));
	}

	hold(seconds) {
		const ms = Math.min(Number(seconds) || 0, HOLD_MAX_S) * 1000;
		if (ms > this.held())
			this._putOff(this._hush, ms);
	}

	// For how long the daemon wants to be left alone.
	held() {
		return Math.max(0, this._hush.heldUntil - this._platform.uptime());
	}

	lost(line, wasAttached, isGood) {
		this._isOffline = true;
		// If hello gets no answer either, it was the network.
		if (!wasAttached && !this.transport)
			for (const [, wish] of this._unsettled)
				wish.doubt = 0;
		if (line === this._socket)
			this._judge(wasAttached, isGood);
		else if ((!wasAttached || this._wasCut) &&
		    line.heardAt <= this._condemnedAt)
			this._acquit();
		// The witness takes over what is not said yet, once it is heard.
		if (wasAttached && this._poller.isAttached && !this._poller.isBusy)
			this._poller.confirm();
		this._steer();
	}

	// Whether WebSocket works here: it does not if it fails where polling
	// works. Without a network or a daemon nothing does.
	_judge(wasAttached, isGood) {
		if (isGood) {
			this._shortLives = 0;
			return;
		}
		if (wasAttached)
			this._shortLives++;
		if (!wasAttached || this._isSuspect)
			this._isImpatient = true;
		// Polls of a hidden tab are not held, and see nothing.
		const isBlind = wasAttached && this.isHidden();
		if (this._poller.isAttached && !isBlind) {
			this._condemn();
			this._wasCut = wasAttached;
		}
	}

	get _isSuspect() {
		return this._shortLives >= SHORT_LIVES;
	}

	_condemn() {
		this._shortLives = 0;
		this._condemnedAt = this._platform.uptime();
		this._failedUntil = this._condemnedAt + FAILURE_MS;
		this._failureNote.write(this._platform.now() + FAILURE_MS);
	}

	// Nothing was heard by polling since, and hello has failed, too, or the
	// poll that was held beside a WebSocket that was cut: both went together.
	// A poll lost otherwise says less: something may refuse those alone.
	_acquit() {
		this._condemnedAt = -1;
		this._absolve();
	}

	// Decide which lines there should be. All that changes this calls it.
	_steer() {
		const isWanted = this._customer !== null && !this._isClosed;
		const failed = this._failedUntil - this._platform.uptime();
		const wantsSocket = isWanted && !this._forcePolling && failed <= 0;
		if (this._entry && (!isWanted || this._customer.token)) {
			this._platform.setTimeout(this._endEntry, SPREAD_MS);
			this._entry = undefined;
		}
		if (!wantsSocket)
			this._isImpatient = isWanted;
		this._socket[wantsSocket ? 'start' : 'stop']();
		const hasSocket = this._socket.isAttached;
		const isOnTrial = hasSocket && this._isSuspect;
		this._poller[isWanted && !this._isAway && (hasSocket ? isOnTrial :
			this._isImpatient) ? 'start' : 'stop']();
		this._wait(this._trial, STEADY_MS, isOnTrial, () => {
			this._shortLives = 0;
		});
		const loseIt = () => {
			this._isImpatient = true;
		};
		this._wait(this._patience, PATIENCE_MS,
			wantsSocket && !hasSocket && !this._isImpatient, loseIt);
		this._wait(this._review, failed, isWanted && failed > 0, loseIt);
		this._watch(isWanted);
		this._tellState();
	}

	_wait(alarm, ms, isNeeded, act) {
		if (!isNeeded)
			alarm.clear();
		else if (!alarm.isSet)
			alarm.set(ms, () => {
				act();
				this._steer();
			});
	}

	_tellState() {
		const { state, transport } = this;
		if (this._told !== `${state} ${transport}`) {
			this._told = `${state} ${transport}`;
			this._tell('state', { state, transport });
		}
		this._tellPending();
	}

	// It is the same object until it is to be told. What a listener changes is
	// told after all of them were.
	_tellPending() {
		const pending = this._findPending();
		if (this._isTelling || isSame(pending, this.pending))
			return;
		this.pending = pending;
		this._isTelling = true;
		this._tell('pending', pending);
		this._isTelling = false;
		this._tellPending();
	}

	_findPending() {
		const pending = [...this._wishes];
		const customer = this._customer;
		const [, oldest] = this._foremost() ?? [];
		const isNew = customer && !customer.token;
		const entry = (one) => ['enter',
			{ at: one.at, waiting: this._entering }];
		if (isNew)
			pending.unshift(entry(customer));
		else if (this._next)
			pending.push(entry(this._next));
		return this._isClosed || pending.length === 0 ? null : {
			what: pending.map(([event]) => NAMES[event] ?? event),
			count: pending.reduce((sum, [, { waiting }]) =>
				sum + (waiting.length || 1), 0),
			since: Math.min(...pending.map(([, { at }]) => at)),
			...this._obstacle(isNew ? customer : oldest ?? customer),
		};
	}

	// Why it is not acknowledged yet, and when it is said again.
	_obstacle({ isLocked, failures, requestId, retryAt }) {
		const isRefused = failures > 0;
		if (this.held() > 0)
			return { reason: 'refused', retryAt: this._hush.retryAt };
		if (!this.transport && !(isRefused && requestId))
			return { reason: this._isOffline ? 'offline' : 'waiting',
				retryAt: this._retryAt() };
		return { reason: isLocked ? 'locked' :
			isRefused ? 'refused' : 'waiting',
		retryAt: retryAt ?? this._retryAt() };
	}

	// When a line is tried again, if it is not now.
	_retryAt() {
		const at = Math.min(this._socket.retryAt, this._poller.retryAt);
		return this.transport || at === Infinity ? null : at;
	}
}

// Whose customer's part a page has. Through a proxy it is a property like any
// other, unlike what is private, and a function has no proxy.
const SHOPPER = Symbol('shopper');

/**
 * One customer's part in a shared shopping session.
 *
 * Events, all of them CustomEvent: `multicart` (detail: the array
 * multicartContent), `state` (detail: {state, transport}), `pending` (detail:
 * what the property is), `presence` (likewise, `present`), `say` (detail: {from,
 * what, to}), `missed` (detail: {count}), `error` (detail: a BuddyShoppingError)
 * and `left` (detail: {code}).
 */
export class BuddyShopping extends EventTarget {
	/**
	 * Take part in the session of url (http, https, ws or wss; the path is
	 * the daemon's base path and the session's id). A customer that this
	 * tab was before a reload is resumed at once.
	 */
	constructor(url, options = {}) {
		super();
		const shopper = new Shopper(this, url, options);
		this[SHOPPER] = () => shopper;
		shopper.start();
	}

	/** `idle` (nobody), `connecting`, `online` or `closed`. */
	get state() {
		return this[SHOPPER]().state;
	}

	/** `websocket`, `polling`, or null while there is no connection. */
	get transport() {
		return this[SHOPPER]().transport;
	}

	/** The customer's id, or null before it has one. */
	get customerId() {
		return this[SHOPPER]().customerId;
	}

	/** The newest multicartContent, or null before the first. */
	get multicart() {
		return this[SHOPPER]().multicart;
	}

	/**
	 * The cart as the customer wishes it, also one that is not stored yet and
	 * after a reload; null before anything is known, and for who is leaving. The
	 * same object until it is another cart; not to be changed.
	 */
	get cart() {
		return this[SHOPPER]().cart;
	}

	/** The same for whether the customer is ready. */
	get isReady() {
		return this[SHOPPER]().isReady;
	}

	/**
	 * What is not acknowledged yet: null, or {what, count, since, reason,
	 * retryAt}, the same object until the event `pending`.
	 */
	get pending() {
		return this[SHOPPER]().pending;
	}

	/**
	 * The customerIds of who is present, with the feature `presence`; null
	 * before that is known. The same array until the event `presence`.
	 */
	get present() {
		return this[SHOPPER]().present;
	}

	/** Whether the shop makes an order of it, with the feature `lock`. */
	get isLocked() {
		return this[SHOPPER]().isLocked;
	}

	/** Whether to do without WebSocket; may be changed at any time. */
	get forcePolling() {
		return this[SHOPPER]().forcePolling;
	}

	set forcePolling(isForced) {
		this[SHOPPER]().forcePolling = isForced;
	}

	/**
	 * Start the session as its host. Resolves with the customerId; one that
	 * this tab has already is kept.
	 */
	startSession(customerName, options) {
		return optional(this[SHOPPER]().enter('startSession',
			customerName, options));
	}

	/** The same as a guest of a running session. */
	joinSession(customerName, options) {
		return optional(this[SHOPPER]().enter('joinSession',
			customerName, options));
	}

	/**
	 * Join the session, or start it if there is none, whoever else does so at
	 * the same time.
	 */
	enter(customerName, options) {
		return optional(this[SHOPPER]().enter('joinSession',
			customerName, options, TURNS_MAX));
	}

	/**
	 * Replace the cart by any JSON object. Resolves when it, or a newer
	 * one, is stored durably.
	 */
	updateCart(cart, options) {
		return optional(this[SHOPPER]().wish(CART,
			{ cartContent: cart }, options));
	}

	/** Say whether the customer is ready. Resolves as updateCart does. */
	setReady(isReady, options) {
		return optional(this[SHOPPER]().wish(READY,
			{ [READY]: isReady }, options));
	}

	/**
	 * Say something of the moment, any JSON, to the others, or to the
	 * customerId `to` alone. Resolves when the daemon has it. It needs the
	 * feature `say`.
	 */
	say(what, options) {
		return optional(this[SHOPPER]().say(what, options));
	}

	/** Leave the session for good. Resolves when that is done. */
	leave(options) {
		return optional(this[SHOPPER]().wish(LEAVING, {}, options));
	}

	/**
	 * Do not wait for the next attempt, or find out whether the connection
	 * is alive.
	 */
	reconnect() {
		this[SHOPPER]().reconnect();
	}

	/**
	 * Stop talking, without leaving: another BuddyShopping in this tab can
	 * resume. What is not acknowledged is kept for it, and its promises are
	 * rejected with `closed`.
	 */
	close() {
		this[SHOPPER]().close();
	}

	// A proxy is no EventTarget, but what is behind it.

	addEventListener(...listener) {
		super.addEventListener.apply(this[SHOPPER]().page, listener);
	}

	removeEventListener(...listener) {
		super.removeEventListener.apply(this[SHOPPER]().page, listener);
	}

	dispatchEvent(event) {
		return super.dispatchEvent.call(this[SHOPPER]().page, event);
	}
}
