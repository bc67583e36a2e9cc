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
// A connection that lived shorter was no success. After so many in a row polling
// runs beside the next, as a witness of whether the daemon ended with it.
const STEADY_MS = 10000;
const SHORT_LIVES = 2;
// Full jitter between attempts: any time up to a limit that doubles.
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 20000;
// How long an attempt to connect, and the answer to a message, may take.
const ATTEMPT_MS = 10000;
const REPLY_MS = 20000;
// A silent WebSocket is asked whether it lives; at a sign of trouble any line is
// at once, more urgently, unless it was heard a moment ago.
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
// An empty answer that comes sooner means that others poll for the customer.
const HELD_MS = 1000;
const CROWDED_MS = 5000;
// The pause of a hidden tab; the daemon takes it for absent after 75 s.
const HIDDEN_MS = 45000;
const STALE_MS = 70000;
// How long to be held off at the most, whatever is said.
const HOLD_MAX_S = 600;
// How far apart numbers are, at random, that the clock is behind of.
const STRIDE = 1000;

// How often a message may get no answer while others do, before it is set
// aside. A status that refuses it counts more than one that puts it off, or
// than none, as the network may be the reason for that.
const FAILURES_MAX = 6;
const REFUSAL_FAILURES = 2;
const PUTS_OFF = [408, 425, 429];

const REQUEST_ID_BYTES = 18;

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
	return {
		WebSocket: globalThis.WebSocket,
		fetch: (...request) => fetch(...request),
		setTimeout: (ring, ms) => setTimeout(ring, ms),
		clearTimeout: (timer) => clearTimeout(timer),
		now: () => Date.now(),
		// No clock that is set makes a pause longer or shorter.
		uptime: () => performance.now(),
		random: () => Math.random(),
		getRandomValues: (bytes) => crypto.getRandomValues(bytes),
		sessionStorage: permitted(() => sessionStorage),
		localStorage: permitted(() => localStorage),
		origin: globalThis.origin,
		window: globalThis.window,
		document: globalThis.document,
		connection: globalThis.navigator?.connection,
	};
}

// One value in a Storage that may be missing, full or forbidden.
class Note {
	#storage;
	#key;

	constructor(storage, key) {
		this.#storage = storage;
		this.#key = `buddyshopping ${key}`;
	}

	read() {
		return permitted(() =>
			JSON.parse(this.#storage.getItem(this.#key)));
	}

	// Whether it was kept.
	write(value) {
		return permitted(() => {
			this.#storage.setItem(this.#key, JSON.stringify(value));
			return true;
		});
	}

	erase() {
		permitted(() => this.#storage.removeItem(this.#key));
	}
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
	#platform;
	#timer;

	constructor(platform) {
		this.#platform = platform;
	}

	get isSet() {
		return this.#timer !== undefined;
	}

	set(ms, ring) {
		this.clear();
		this.#timer = this.#platform.setTimeout(() => {
			this.#timer = undefined;
			ring();
		}, ms);
	}

	clear() {
		if (this.isSet)
			this.#platform.clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}

// RFC 3986, section 6.2.2: what needs no escape has none.
function plain(path) {
	return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
		const character = String.fromCharCode(
			parseInt(escape.slice(1), 16));
		return /[\w.~-]/.test(character) ? character :
			escape.toUpperCase();
	});
}

// Where a session is, in as many ways as the daemon reads: without a query, and
// with one slash before its id and none after it.
function sessionOf({ origin, pathname }) {
	return origin + plain(pathname).replace(/\/+$/, '')
		.replace(/\/+([^/]*)$/, '/$1');
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

// An error may lack what it is about.
function isAnswer({ event, payload }, asked) {
	const about = event === 'error' ? payload.event ?? asked.event : event;
	const { seq } = asked.payload;
	return about === asked.event &&
		(seq === undefined || (payload.seq ?? seq) === seq);
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
// stop(); owner.hello() is said first, and attach() called by the owner when
// the answer is good. send() says one more message, while the line is attached
// and not busy. hang() loses the connection, and the line tries again; greet()
// says hello once more, and check() finds out at once whether the connection is
// lost, and what was missed.
//
// A page cannot send pings. What asks for a sign of life is resumeSession on
// the same connection: it changes nothing and brings the newest multicart. What
// the daemon does not know it would refuse and write down, and an old seq is
// new to a daemon whose database came back from a backup.
//
// The owner gets each message with the one that it answers, if any, and hears
// of each one said that got no answer, and of every connection or attempt that
// is lost.

class SocketLine {
	isAttached = false;
	#platform;
	#ends;
	#owner;
	#alarm;
	#isRunning = false;
	#ws = null;
	#asked = null;
	#isChecking = false;
	#attachedAt = 0;
	#failures = 0;
	heardAt = 0;

	constructor(platform, ends, owner) {
		this.#platform = platform;
		this.#ends = ends;
		this.#owner = owner;
		this.#alarm = new Alarm(platform);
	}

	get isBusy() {
		return this.#asked !== null;
	}

	start() {
		if (this.#isRunning)
			return;
		this.#isRunning = true;
		this.#failures = 0;
		this.#connect();
	}

	stop() {
		this.#isRunning = false;
		this.#drop();
	}

	attach() {
		this.isAttached = true;
		this.#attachedAt = this.#platform.uptime();
		this.#rest();
	}

	send(message) {
		this.#ask(message, REPLY_MS);
	}

	hang() {
		if (this.#ws !== null)
			this.#lost({ isBlameless: true });
	}

	greet() {
		if (this.isAttached && !this.isBusy)
			this.#ask(this.#owner.hello(), REPLY_MS);
	}

	check() {
		if (this.#ws === null || this.#isChecking) {
			this.wake();
			return;
		}
		this.#isChecking = true;
		// What is under way already shows the same.
		if (this.isAttached && !this.isBusy)
			this.#ask(this.#owner.hello(), CHECK_MS);
		else
			this.#expect(CHECK_MS);
	}

	// End a pause between attempts.
	wake() {
		if (this.#ws === null)
			this.retry();
	}

	// Connect now, afresh, if that is what the line is about.
	retry() {
		if (!this.#isRunning || this.isAttached)
			return;
		this.#drop();
		this.#failures = 0;
		this.#connect();
	}

	#drop() {
		const ws = this.#ws;
		this.#ws = null;
		this.#asked = null;
		this.#isChecking = false;
		this.isAttached = false;
		this.#alarm.clear();
		ws?.close();
	}

	#connect() {
		const held = this.#owner.held();
		if (held > 0) {
			this.#alarm.set(held, () => this.#connect());
			return;
		}
		const ws = permitted(() => new this.#platform.WebSocket(
			this.#ends.ws, this.#ends.protocol ?? []));
		this.#ws = ws ?? null;
		if (!ws) {
			this.#lost();
			return;
		}
		this.#alarm.set(ATTEMPT_MS, () => this.#lost());
		this.#listen(ws);
	}

	// What an abandoned WebSocket still has to say is not heard.
	#listen(ws) {
		const ours = (act) => (event) => {
			if (ws === this.#ws)
				act(event);
		};
		ws.onopen = ours(() => this.#ask(this.#owner.hello()));
		ws.onmessage = ours(({ data }) => this.#read(data));
		// No close follows where a Content-Security-Policy forbids it.
		ws.onerror = ours(() => this.#alarm.set(0, () => this.#lost()));
		ws.onclose = ours(({ code }) => this.#lost({ code }));
	}

	// Without a limit the time of the attempt goes on running.
	#ask(message, limit) {
		this.#asked = message;
		if (limit !== undefined)
			this.#expect(limit);
		this.#ws.send(JSON.stringify(message));
	}

	// Timers of hidden tabs may be a minute late: there is no time for a
	// pause after what was waited for in vain. Where there was a sign of
	// trouble it is not WebSocket that is to blame.
	#expect(limit) {
		this.#alarm.set(limit, () => {
			this.#lost({ isBlameless: this.#isChecking });
			this.retry();
		});
	}

	#read(data) {
		const message = permitted(() => JSON.parse(data));
		if (!message?.payload) {
			this.#lost();
			return;
		}
		this.heardAt = this.#platform.uptime();
		const asked = this.#asked;
		const isAnswered = asked !== null && isAnswer(message, asked);
		if (isAnswered) {
			this.#asked = null;
			this.#isChecking = false;
		}
		if (this.isAttached && this.#asked === null)
			this.#rest();
		this.#owner.receive(this, message, isAnswered ? asked : null);
	}

	#rest() {
		this.#alarm.set(PROBE_MS, () =>
			this.#ask(this.#owner.hello(), ATTEMPT_MS));
	}

	// WebSocket is not to blame if the daemon stops (1012) or refuses.
	#lost({ code, isBlameless = code === 1012 } = {}) {
		const wasAttached = this.isAttached;
		const asked = this.#asked;
		const isSteady = wasAttached &&
			this.#platform.uptime() - this.#attachedAt >= STEADY_MS;
		this.#drop();
		if (isSteady)
			this.#failures = 0;
		const pause = backoff(this.#platform, this.#failures++);
		this.#alarm.set(this.#owner.held() + pause,
			() => this.#connect());
		if (code === 1009 && asked !== null)
			this.#owner.receive(this, TOO_LARGE, asked);
		else if (asked !== null && !isBlameless)
			this.#owner.unanswered(asked);
		this.#owner.lost(this, wasAttached, isSteady || isBlameless);
	}
}

// One POST that says something at a time, and one held poll beside it.
class PollLine {
	isAttached = false;
	isBusy = false;
	#platform;
	#ends;
	#owner;
	#run = null;
	#epoch = 0;
	#requests = new Set();
	#nap = null;
	#isWoken = false;
	#isChecking = false;
	#failures = 0;
	#wait = WAIT_S;
	heardAt = 0;

	constructor(platform, ends, owner) {
		this.#platform = platform;
		this.#ends = ends;
		this.#owner = owner;
	}

	// Whether the first attempt had success.
	get isSmooth() {
		return this.#failures === 0;
	}

	start() {
		if (this.#run !== null)
			return;
		this.#run = {};
		this.#failures = 0;
		this.#work(this.#run);
	}

	stop() {
		this.#run = null;
		this.hang();
	}

	attach() {
		this.isAttached = true;
		this.#isChecking = false;
	}

	// As far as it is known: also while that is checked.
	get isUp() {
		return this.isAttached || this.#isChecking;
	}

	// One that gets no answer has hello said at once: is it the message, or
	// the network?
	async send(message) {
		const epoch = this.#epoch;
		this.isBusy = true;
		try {
			await this.#say(message);
		} catch {
			if (epoch === this.#epoch)
				this.greet();
		}
	}

	// Say hello beside the held poll; without an answer both are given up.
	async confirm() {
		const epoch = this.#epoch;
		this.isBusy = true;
		try {
			await this.#exchange(this.#owner.hello());
		} catch {
			if (epoch === this.#epoch)
				this.hang();
		}
	}

	// Whether the daemon answers what nobody can take offence at, if only that
	// it is no poll.
	async probe() {
		const messages = await this.#request({ method: 'GET' },
			new AbortController(), REPLY_MS).catch(() => []);
		if (messages.length > 0)
			this.#owner.reached();
	}

	hang() {
		this.#epoch++;
		this.isAttached = false;
		this.#isChecking = false;
		this.isBusy = false;
		for (const request of this.#requests)
			request.abort();
		this.#requests.clear();
		this.#nap?.();
	}

	greet() {
		this.#isWoken = true;
		this.hang();
	}

	check() {
		if (this.#run === null || this.#isWoken || this.#isChecking)
			return;
		this.#failures = 0;
		this.#wait = WAIT_S;
		this.#resume();
	}

	// Greet, and be up until that has failed.
	#resume() {
		const wasAttached = this.isAttached;
		this.greet();
		this.#isChecking = wasAttached;
	}

	async #work(run) {
		while (run === this.#run)
			try {
				await this.#turn(run);
			} catch {
				await this.#fail(run);
			}
	}

	async #turn(run) {
		const held = this.#owner.held();
		if (held > 0) {
			await this.#rest(held);
			return;
		}
		this.#isWoken = false;
		if (this.isAttached &&
		    this.#platform.uptime() - this.heardAt > STALE_MS)
			this.#resume();
		if (this.isAttached)
			await this.#poll();
		else
			await this.#say(this.#owner.hello(),
				this.#isChecking ? CHECK_MS : REPLY_MS);
		if (run === this.#run && !this.isAttached)
			throw new Error('the connection was given up');
	}

	async #fail(run) {
		if (run !== this.#run || this.#isWoken)
			return;
		this.hang();
		this.#owner.lost(this);
		if (run === this.#run)
			await this.#rest(this.#owner.held() +
				backoff(this.#platform, this.#failures++));
	}

	#rest(ms) {
		return new Promise((wake) => {
			const timer = this.#platform.setTimeout(wake, ms);
			this.#nap = () => {
				this.#platform.clearTimeout(timer);
				wake();
			};
		});
	}

	async #say(message, limit) {
		const epoch = this.#epoch;
		try {
			await this.#exchange(message, limit);
		} catch (error) {
			if (epoch === this.#epoch)
				this.#owner.unanswered(message, error.status);
			throw error;
		}
	}

	// A message and its answer, which must be among what comes back.
	async #exchange(message, limit = REPLY_MS) {
		const messages = await this.#post(message, limit);
		if (!messages.some((one) => isAnswer(one, message)))
			throw new Error('no answer');
		this.isBusy = false;
		this.#deliver(messages, message);
	}

	async #poll() {
		const isHidden = this.#owner.isHidden();
		const message = this.#owner.poll(
			isHidden ? WAIT_HIDDEN_S : this.#wait);
		const askedAt = this.#platform.uptime();
		const messages = await this.#held(message, askedAt);
		const took = this.#platform.uptime() - askedAt;
		this.#failures = 0;
		this.#deliver(messages, message);
		if (!this.isAttached)
			return;
		if (isHidden)
			await this.#rest(HIDDEN_MS);
		else if (messages.length === 0 && took < HELD_MS)
			await this.#rest(this.#platform.random() * CROWDED_MS);
	}

	// What cuts a held poll may let shorter ones pass.
	async #held(message, askedAt) {
		const { wait } = message.payload;
		try {
			return await this.#post(message, wait * 1000 + REPLY_MS);
		} catch (error) {
			if (this.isAttached &&
			    this.#platform.uptime() - askedAt > HELD_MS)
				this.#wait = Math.max(WAIT_MIN_S,
					Math.floor(wait / 2));
			throw error;
		}
	}

	#deliver(messages, asked) {
		const run = this.#run;
		this.heardAt = this.#platform.uptime();
		for (const message of messages)
			if (run === this.#run)
				this.#owner.receive(this, message,
					isAnswer(message, asked) ? asked : null);
	}

	async #post(message, limit) {
		const { contentType } = this.#ends;
		const request = new AbortController();
		this.#requests.add(request);
		try {
			return await this.#request({
				method: 'POST',
				headers: contentType && { 'Content-Type': contentType },
				body: JSON.stringify(this.#owner.signed(message)),
				keepalive: message.event === 'leaveSession',
			}, request, limit);
		} finally {
			this.#requests.delete(request);
		}
	}

	// The messages that come back; whatever else happens is thrown.
	async #request(init, request, limit) {
		const timer = this.#platform.setTimeout(
			() => request.abort(), limit);
		try {
			const response = await this.#platform.fetch(this.#ends.http, {
				...init,
				cache: 'no-store',
				credentials: 'omit',
				signal: request.signal,
			});
			const messages = await this.#messagesOf(response);
			if (request.signal.aborted)
				throw new Error('given up');
			return messages;
		} finally {
			this.#platform.clearTimeout(timer);
		}
	}

	async #messagesOf(response) {
		const answer = await response.json().catch(() => null);
		const messages = answer?.messages;
		if (Array.isArray(messages) &&
		    messages.every((message) => message?.payload))
			return messages;
		// What follows is said by something between us and the daemon.
		const { status, headers } = response;
		if (status === 413)
			return [TOO_LARGE];
		// What is refused has to wait, not what others say.
		if (!isRefusal(status))
			this.#owner.hold(headers.get('Retry-After'));
		throw Object.assign(new Error(`status ${status}`), { status });
	}
}

// What page, a BuddyShopping, does. It is out of reach for frameworks that put
// proxies before all that they can get at.
class Shopper {
	#platform;
	#socket;
	#poller;
	#patience;
	#pause;
	#review;
	#tick;
	#recheck;
	#trial;
	#customerNote;
	#failureNote;
	#listening = [];

	// {event, customerName, requestId} and, once answered, customerId and
	// token. It is confirmed when the daemon said so to this page.
	#customer = null;
	#isConfirmed = false;
	// Who to be when the remembered or leaving customer is gone.
	#next = null;
	#entering = [];
	// What is not acknowledged, the oldest first: event -> {payload, seq,
	// waiting}; seq is 0 until it is sent. One that was stale on its first
	// day isStale; doubt and failures are about one without an answer.
	#wishes = new Map();
	#seq = 0;

	#multicart = null;
	#cursor;
	#told = '';
	#isClosed = false;
	#isImpatient = false;
	#forcePolling = false;
	#failedUntil = 0;
	#condemnedAt = -1;
	#shortLives = 0;
	#heldUntil = 0;

	constructor(page, url, options) {
		this.page = page;
		const { now } = options.platform ?? {};
		const platform = { ...browser(), ...(now && { uptime: now }),
			...options.platform };
		const ends = endpoints(url, options.protocol);
		ends.contentType = options.contentType ??
			contentTypeFor(ends.http, platform.origin);
		this.#platform = platform;
		this.#patience = new Alarm(platform);
		this.#pause = new Alarm(platform);
		this.#review = new Alarm(platform);
		this.#tick = new Alarm(platform);
		this.#recheck = new Alarm(platform);
		this.#trial = new Alarm(platform);
		this.#customerNote = customerNote(platform.sessionStorage, ends);
		this.#failureNote = new Note(platform.localStorage, ends.host);
		const owner = this.#owner();
		this.#socket = new SocketLine(platform, ends, owner);
		this.#poller = new PollLine(platform, ends, owner);
		this.#forcePolling = Boolean(options.forcePolling);
	}

	start() {
		this.#recall();
		this.#listen();
		this.#steer();
	}

	get state() {
		if (this.#isClosed)
			return 'closed';
		if (!this.#customer)
			return 'idle';
		return this.transport ? 'online' : 'connecting';
	}

	get transport() {
		if (this.#socket.isAttached)
			return 'websocket';
		return this.#poller.isUp ? 'polling' : null;
	}

	get customerId() {
		return this.#customer?.customerId ?? null;
	}

	get multicart() {
		return this.#multicart;
	}

	get forcePolling() {
		return this.#forcePolling;
	}

	set forcePolling(isForced) {
		if (this.#forcePolling === Boolean(isForced))
			return;
		this.#forcePolling = Boolean(isForced);
		if (!isForced)
			this.#absolve();
		this.#steer();
	}

	close() {
		if (this.#isClosed)
			return;
		this.#isClosed = true;
		this.#listening.forEach((end) => end());
		this.#next = null;
		this.#pause.clear();
		this.#reject(new BuddyShoppingError({ code: 'closed' }));
		this.#steer();
	}

	// What the lines may ask of us.
	#owner() {
		return {
			hello: () => this.#hello(),
			poll: (wait) => ({ event: 'poll', payload: {
				customerId: this.#customer.customerId,
				cursor: this.#cursor,
				wait,
			} }),
			signed: ({ event, payload }) => ({ event,
				payload: { token: this.#customer.token, ...payload } }),
			receive: (...told) => this.#receive(...told),
			unanswered: (...told) => this.#unanswered(...told),
			reached: () => this.#reached(),
			lost: (...told) => this.#lost(...told),
			hold: (seconds) => this.#hold(seconds),
			held: () => this.#held(),
			isHidden: () => this.#isHidden(),
		};
	}

	#isHidden() {
		return this.#platform.document?.visibilityState === 'hidden';
	}

	#listen() {
		const { window, document, connection } = this.#platform;
		const hear = ({ type, persisted }) => {
			// Every page is shown; only a frozen one has to wake.
			const isTrifle = type === 'pageshow' ? !persisted :
				type === 'visibilitychange' && this.#isHidden();
			if (!isTrifle)
				this.#trouble();
		};
		for (const [target, type] of [[window, 'online'],
			[window, 'offline'], [window, 'pageshow'],
			[document, 'visibilitychange'], [document, 'resume'],
			[connection, 'change']]) {
			target?.addEventListener?.(type, hear);
			this.#listening.push(() =>
				target?.removeEventListener?.(type, hear));
		}
	}

	// Something happened that connections may not have survived. Those that
	// are heard after it have.
	#trouble() {
		const line = this.#socket.isAttached ? this.#socket : this.#poller;
		const since = this.#platform.uptime();
		const isFresh = line.isAttached &&
			since - line.heardAt < FRESH_MS;
		if (!isFresh)
			this.#check();
		else
			this.#recheck.set(FRESH_MS, () => {
				if (line.heardAt <= since)
					this.#check();
			});
	}

	#check() {
		this.#socket.check();
		this.#poller.check();
	}

	// A computer that slept tells nobody: its clock does.
	#watch(isWanted) {
		if (!isWanted) {
			this.#tick.clear();
			return;
		}
		if (this.#tick.isSet)
			return;
		const due = this.#platform.now() + TICK_MS;
		this.#tick.set(TICK_MS, () => {
			const late = this.#platform.now() - due;
			this.#watch(true);
			if (late > SLEPT_MS && !this.#isHidden())
				this.#trouble();
		});
	}

	#recall() {
		const { customer, wishes = [] } = this.#customerNote.read() ?? {};
		this.#customer = customer ? { ...customer, isRemembered: true } :
			null;
		for (const [event, payload, seq, failures] of wishes)
			this.#wishes.set(event,
				{ payload, seq, failures, waiting: [] });
		const left = this.#failureNote.read() - this.#platform.now();
		// A clock that was wrong must not keep us off for long.
		if (left <= FAILURE_MS)
			this.#failedUntil = this.#platform.uptime() + left;
	}

	#remember() {
		const customer = this.#customer;
		if (!customer) {
			this.#customerNote.erase();
			return;
		}
		const wishes = Array.from(this.#wishes,
			([event, { payload, seq, failures }]) =>
				[event, payload, seq, failures]);
		// Rather the customer alone than nothing, if carts are too large.
		if (!this.#customerNote.write({ customer, wishes }))
			this.#customerNote.write({ customer });
	}

	#tell(type, detail) {
		this.page.dispatchEvent(new CustomEvent(type, { detail }));
	}

	#promise(waiting) {
		return optional(new Promise((resolve, reject) => {
			waiting.push({ resolve, reject, seq: 0 });
		}));
	}

	#deny(code) {
		const error = new BuddyShoppingError({ code });
		this.#tell('error', error);
		throw error;
	}

	async enter(event, customerName) {
		if (this.#isClosed)
			this.#deny('closed');
		const isLeaving = this.#wishes.has('leaveSession');
		if (this.#isConfirmed && !isLeaving)
			return this.customerId;
		const promise = this.#promise(this.#entering);
		if (!this.#customer)
			this.#become({ event, customerName });
		else if (isLeaving || this.#customer.isRemembered)
			this.#next = { event, customerName };
		this.#steer();
		return promise;
	}

	#become(customer) {
		this.#customer = customer &&
			{ ...customer, requestId: randomId(this.#platform) };
		this.#isConfirmed = false;
		this.#cursor = undefined;
		this.#multicart = null;
		this.#remember();
	}

	async wish(event, content) {
		if (this.#isClosed)
			this.#deny('closed');
		const isLeaving = this.#wishes.has('leaveSession');
		if (!this.#customer || (isLeaving && event !== 'leaveSession'))
			this.#deny('notJoined');
		// The caller may go on changing its cart.
		const payload = JSON.parse(JSON.stringify(content));
		const { waiting = [], seq } = this.#wishes.get(event) ?? {};
		const promise = this.#promise(waiting);
		// One that may have arrived has had its place in the order.
		if (seq)
			this.#wishes.delete(event);
		this.#wishes.set(event, { payload, seq: 0, waiting });
		this.#remember();
		this.#pump();
		return promise;
	}

	#hello() {
		const { event, customerName, requestId, customerId, token } =
			this.#customer;
		if (token)
			return { event: 'resumeSession',
				payload: { customerId, token } };
		return { event, payload:
			{ customerName, requestId, resumable: true } };
	}

	// Send the oldest wish, if there is a line that is free for it.
	#pump() {
		const line = this.#socket.isAttached ? this.#socket : this.#poller;
		const [oldest] = this.#wishes;
		if (!oldest || !line.isAttached || line.isBusy)
			return;
		const [event, wish] = oldest;
		const held = Math.max(this.#held(),
			(wish.heldUntil ?? 0) - this.#platform.uptime());
		if (held > 0) {
			this.#pause.set(held, () => this.#pump());
			return;
		}
		const { customerId } = this.#customer;
		const payload = { customerId, ...wish.payload };
		if (event !== 'leaveSession')
			payload.seq = this.#number(wish);
		line.send({ event, payload });
	}

	// Numbers grow with the clock, so that those of a duplicated tab, which
	// counts for the same customer, are in the order of the changes, too.
	// Where the clock does not help, the two had better not count alike.
	#number(wish) {
		if (!wish.seq) {
			const now = Math.floor(this.#platform.now());
			this.#seq = now > this.#seq ? now : this.#seq + 1 +
				Math.floor(STRIDE * this.#platform.random());
			wish.seq = this.#seq;
			this.#remember();
		}
		for (const one of wish.waiting)
			one.seq = one.seq || wish.seq;
		return wish.seq;
	}

	#receive(line, { event, payload, cursor }, asked) {
		if (!this.#customer)
			return;
		if (event === 'multicartUpdate')
			this.#show(payload.multicartContent, cursor);
		else if (event === 'error')
			this.#refused(line, new BuddyShoppingError(payload), asked);
		else if (event === 'leaveSession')
			this.#end();
		else if (payload.customerId && asked)
			this.#entered(line, payload);
		else if (payload.stale)
			this.#doubt(line, event, payload.seq);
		else if (payload.seq)
			this.#acknowledged(event, payload.seq);
		this.#pump();
	}

	#show(multicart, cursor) {
		const [incarnation, revision] = String(cursor).split('.');
		const [ours, seen] = String(this.#cursor).split('.');
		if (incarnation === ours && Number(revision) <= Number(seen))
			return;
		this.#cursor = cursor;
		this.#multicart = multicart;
		this.#tell('multicart', multicart);
	}

	#entered(line, { customerId, token, seq = 0 }) {
		this.#customer.customerId = customerId;
		this.#customer.token = this.#customer.token ?? token;
		this.#isConfirmed = true;
		this.#seq = Math.max(this.#seq, seq);
		this.#compare(seq);
		for (const [event, wish] of this.#wishes)
			this.#blame(event, wish, (error) =>
				this.#forgo({ event, payload: wish }, error));
		this.#remember();
		if (!this.#wishes.has('leaveSession')) {
			this.#next = null;
			for (const one of this.#entering.splice(0))
				one.resolve(customerId);
		}
		if (!line.isAttached)
			this.#attached(line);
	}

	#attached(line) {
		line.attach();
		if (line === this.#socket) {
			this.#isImpatient = false;
			this.#absolve();
		} else {
			// The network is good now, whatever it was at the last try.
			this.#socket[line.isSmooth ? 'wake' : 'retry']();
		}
		this.#steer();
	}

	// WebSocket is worth a try.
	#absolve() {
		this.#failedUntil = 0;
		this.#failureNote.erase();
	}

	// A number that is not new was stored, or is less than another tab's: the
	// daemon's highest one tells.
	#doubt(line, event, seq) {
		const wish = this.#wishes.get(event);
		if (wish?.seq !== seq)
			return;
		wish.isStale = true;
		line.greet();
	}

	// The daemon's highest number is seq. If it is another tab's, that made a
	// later change than we did; but not if it is of a time yet to come.
	#compare(seq) {
		const isPast = seq <= this.#platform.now();
		for (const [event, wish] of this.#wishes)
			if (wish.seq && (wish.seq === seq ||
			    (wish.isStale && wish.seq < seq && isPast)))
				this.#acknowledged(event, wish.seq);
			else if (wish.isStale && wish.seq < seq)
				Object.assign(wish, { seq: 0, isStale: false });
	}

	// What was said may be to blame for it, or the network: if that answers
	// others now, it is not the network. A wish has hello said next; who is
	// about to enter has nothing else to say.
	#unanswered({ event, payload }, status) {
		const isEntering = 'requestId' in payload;
		const it = isEntering ? this.#customer : this.#wishes.get(event);
		if (!it || it.requestId !== payload.requestId ||
		    (payload.seq ?? it.seq) !== it.seq)
			return;
		it.doubt = isRefusal(status) ? REFUSAL_FAILURES : 1;
		if (isEntering)
			this.#poller.probe();
	}

	// The daemon answers others. Calls giveUp if that was once too often.
	#blame(event, it, giveUp) {
		if (!it.doubt)
			return;
		it.failures = (it.failures ?? 0) + it.doubt;
		it.doubt = 0;
		it.heldUntil = this.#platform.uptime() +
			backoff(this.#platform, it.failures);
		this.#remember();
		if (it.failures < FAILURES_MAX)
			return;
		const error = new BuddyShoppingError({ code: 'undelivered', event,
			message: 'Something on the way refuses this message alone.' });
		this.#tell('error', error);
		giveUp(error);
	}

	// The daemon is there for who is about to enter.
	#reached() {
		const customer = this.#customer;
		if (customer && !this.#isConfirmed && !this.#isClosed)
			this.#blame(customer.event, customer,
				(error) => this.#end(error));
	}

	#acknowledged(event, seq) {
		const wish = this.#wishes.get(event);
		if (!wish)
			return;
		const isDone = (one) => one.seq && one.seq <= seq;
		wish.waiting.filter(isDone).forEach((one) => one.resolve());
		wish.waiting = wish.waiting.filter((one) => !isDone(one));
		if (isDone(wish))
			this.#wishes.delete(event);
		this.#remember();
	}

	#refused(line, error, asked) {
		const isEntering = asked !== null && 'requestId' in asked.payload;
		const isFinal = isEntering && error.code === 'sessionFull';
		if (asked && !isEntering && GONE.includes(error.code)) {
			this.#end(error);
			return;
		}
		this.#tell('error', error);
		if (error.retryAfter !== undefined && !isFinal)
			this.#postpone(line, error, asked);
		else if (isEntering)
			this.#end(error);
		else if (asked && this.#wishes.get(asked.event) &&
		    error.code !== 'notYourCustomer')
			this.#forgo(asked, error);
		else if (asked)
			line.hang();
	}

	#postpone(line, error, asked) {
		this.#hold(error.retryAfter);
		if (asked && !this.#wishes.has(asked.event))
			line.hang();
	}

	// What replaced a refused wish meanwhile is still wished.
	#forgo({ event, payload }, error) {
		const { seq = 0 } = payload;
		const wish = this.#wishes.get(event);
		const isMeant = (one) => !seq || (one.seq && one.seq <= seq);
		wish.waiting.filter(isMeant).forEach((one) => one.reject(error));
		wish.waiting = wish.waiting.filter((one) => !isMeant(one));
		if (isMeant(wish))
			this.#wishes.delete(event);
		this.#remember();
	}

	// The customer left, or is told that there is no such customer.
	#end(cause) {
		const next = this.#next;
		const { token } = this.#customer;
		// What we wished may be told by another answer first.
		const isOurs = cause?.code === 'leftSession' &&
			this.#wishes.has('leaveSession');
		const error = isOurs ? undefined : cause;
		const wasIn = this.#isConfirmed || (token && !next);
		this.#next = null;
		this.#socket.stop();
		this.#poller.stop();
		this.#pause.clear();
		this.#left(error);
		// Wishes that were not fulfilled are those of the next customer.
		if (next)
			this.#become(next);
		else
			this.#forget(error);
		if (error?.code === 'invalidToken')
			this.#tell('error', error);
		if (wasIn)
			this.#tell('left', { code: error?.code ?? null });
		this.#steer();
	}

	#left(error) {
		const leaving = this.#wishes.get('leaveSession')?.waiting ?? [];
		this.#wishes.delete('leaveSession');
		for (const one of leaving)
			if (error?.code === 'invalidToken')
				one.reject(error);
			else
				one.resolve();
	}

	#forget(error = new BuddyShoppingError({ code: 'leftSession' })) {
		this.#reject(error);
		this.#wishes.clear();
		this.#become(null);
	}

	#reject(error) {
		for (const one of this.#entering.splice(0))
			one.reject(error);
		for (const { waiting } of this.#wishes.values())
			for (const one of waiting.splice(0))
				one.reject(error);
	}

	#hold(seconds) {
		const ms = Math.min(Number(seconds) || 0, HOLD_MAX_S) * 1000;
		this.#heldUntil = Math.max(this.#heldUntil,
			this.#platform.uptime() + ms);
	}

	// For how long the daemon wants to be left alone.
	#held() {
		return Math.max(0, this.#heldUntil - this.#platform.uptime());
	}

	#lost(line, wasAttached, isGood) {
		// If hello gets no answer either, it was the network.
		if (!wasAttached && !this.transport)
			for (const wish of this.#wishes.values())
				wish.doubt = 0;
		if (line === this.#socket)
			this.#judge(wasAttached, isGood);
		else if (line.heardAt <= this.#condemnedAt)
			this.#acquit();
		// The witness takes over what is not said yet, once it is heard.
		if (wasAttached && this.#poller.isAttached && !this.#poller.isBusy)
			this.#poller.confirm();
		this.#steer();
	}

	// Whether WebSocket works here: it does not if it fails where polling
	// works. Without a network or a daemon nothing does.
	#judge(wasAttached, isGood) {
		if (isGood) {
			this.#shortLives = 0;
			return;
		}
		if (wasAttached)
			this.#shortLives++;
		if (!wasAttached || this.#isSuspect)
			this.#isImpatient = true;
		// Polls of a hidden tab are not held, and see nothing.
		if (this.#poller.isAttached && !(wasAttached && this.#isHidden()))
			this.#condemn();
	}

	get #isSuspect() {
		return this.#shortLives >= SHORT_LIVES;
	}

	#condemn() {
		this.#shortLives = 0;
		this.#condemnedAt = this.#platform.uptime();
		this.#failedUntil = this.#condemnedAt + FAILURE_MS;
		this.#failureNote.write(this.#platform.now() + FAILURE_MS);
	}

	// Polling has failed, too, without being heard since.
	#acquit() {
		this.#condemnedAt = -1;
		this.#absolve();
	}

	// Decide which lines there should be. All that changes this calls it.
	#steer() {
		const isWanted = this.#customer !== null && !this.#isClosed;
		const failed = this.#failedUntil - this.#platform.uptime();
		const wantsSocket = isWanted && !this.#forcePolling && failed <= 0;
		if (!wantsSocket)
			this.#isImpatient = isWanted;
		this.#socket[wantsSocket ? 'start' : 'stop']();
		const hasSocket = this.#socket.isAttached;
		const isOnTrial = hasSocket && this.#isSuspect;
		this.#poller[isWanted && (hasSocket ? isOnTrial :
			this.#isImpatient) ? 'start' : 'stop']();
		this.#wait(this.#trial, STEADY_MS, isOnTrial, () => {
			this.#shortLives = 0;
		});
		const loseIt = () => {
			this.#isImpatient = true;
		};
		this.#wait(this.#patience, PATIENCE_MS,
			wantsSocket && !hasSocket && !this.#isImpatient, loseIt);
		this.#wait(this.#review, failed, isWanted && failed > 0, loseIt);
		this.#watch(isWanted);
		this.#tellState();
	}

	#wait(alarm, ms, isNeeded, act) {
		if (!isNeeded)
			alarm.clear();
		else if (!alarm.isSet)
			alarm.set(ms, () => {
				act();
				this.#steer();
			});
	}

	#tellState() {
		const { state, transport } = this;
		if (this.#told === `${state} ${transport}`)
			return;
		this.#told = `${state} ${transport}`;
		this.#tell('state', { state, transport });
	}
}

// Whose customer's part a page has. Through a proxy it is a property like any
// other, unlike what is private, and a function has no proxy.
const SHOPPER = Symbol('shopper');

/**
 * One customer's part in a shared shopping session.
 *
 * Events, all of them CustomEvent: `multicart` (detail: the array
 * multicartContent), `state` (detail: {state, transport}), `error` (detail: a
 * BuddyShoppingError) and `left` (detail: {code}).
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
	startSession(customerName) {
		return optional(this[SHOPPER]().enter('startSession',
			customerName));
	}

	/** The same as a guest of a running session. */
	joinSession(customerName) {
		return optional(this[SHOPPER]().enter('joinSession',
			customerName));
	}

	/**
	 * Replace the cart by any JSON object. Resolves when it, or a newer
	 * one, is stored durably.
	 */
	updateCart(cart) {
		return optional(this[SHOPPER]().wish('updateCart',
			{ cartContent: cart }));
	}

	/** Say whether the customer is ready. Resolves as updateCart does. */
	setReady(isReady) {
		return optional(this[SHOPPER]().wish('customerReadyToCheckout',
			{ customerReadyToCheckout: isReady }));
	}

	/** Leave the session for good. Resolves when that is done. */
	leave() {
		return optional(this[SHOPPER]().wish('leaveSession', {}));
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
