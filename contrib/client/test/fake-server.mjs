// The daemon's protocol, in memory and without durability: enough of it to try a
// client. Network and time are somebody else's: connect() makes the server's end
// of a WebSocket, post() answers a request.

import { deltaOf } from './fake-delta.mjs';

const STATUS = {
	invalidJson: 400, invalidMessage: 400, unknownEvent: 400,
	invalidToken: 401, ticketRequired: 401, invalidTicket: 401,
	notYourCustomer: 403, sessionNotFound: 404,
	unknownCustomer: 404, methodNotAllowed: 405, sessionExists: 409,
	alreadyJoined: 409, guestsNotReady: 409, sessionLocked: 409,
	leftSession: 410, messageTooLarge: 413, sessionFull: 429, rateLimited: 429,
	storageUnavailable: 503, shuttingDown: 503,
};
const RETRY_AFTER_S = { sessionFull: 5, rateLimited: 2,
	storageUnavailable: 3, shuttingDown: 1 };
const REQUEST_ID = /^[A-Za-z0-9_-]{22,64}$/;
const HELD_POLLS = 4;
const WAIT_S = 25, WAIT_MAX_S = 55;
const SAID_MAX = 32, SAID_MS = 75000, SAID_BYTES = 4096;
const REQUESTS_ONLY = ['poll', 'goodbye'];

// As something comes out of a network.
function copy(message) {
	return JSON.parse(JSON.stringify(message));
}

function isLive({ features }) {
	return features.includes('presence') || features.includes('say');
}

class Refusal extends Error {
	constructor(code) {
		super(code);
		this.code = code;
	}
}

export class FakeServer {
	#clock;
	#ids = 0;
	sessions = new Map();
	peers = new Set();
	// Every change that took effect, in order.
	journal = [];
	maxMessage = 262144;
	maxCustomers = 50;
	barrier = false;
	// The account that a ticket names; where there is none, none is needed.
	accountOf = null;
	// Codes that the next messages are refused with, whatever they are.
	moods = [];
	// The same for what is said.
	sayMoods = [];
	// How long who was there counts as present.
	graceMs = 4000;
	// What was said last before restarts, that some may not have heard.
	unheard = 0;
	// The features that it knows; a daemon of before them has null.
	knows = ['presence', 'say', 'lock', 'delta'];
	// Whether a delta is worth it, where there could be one.
	usesDelta = () => true;
	// What it has sent: how many of which event.
	sent = {};
	starts = 1;

	constructor(clock) {
		this.#clock = clock;
	}

	// The server's end of a WebSocket; send(message) and close(code) are the
	// client's ears.
	connect(sessionId, { send, close }) {
		const peer = { sessionId, send, close, customer: null };
		this.peers.add(peer);
		return {
			receive: (text) => this.#fromPeer(peer, text),
			closed: () => this.#forgetPeer(peer),
		};
	}

	// What a POST is answered with: {status, body}.
	async post(sessionId, text, bearer) {
		let message = {};
		const sent = [];
		const peer = { sessionId, send: (one) => sent.push(one),
			isHttp: true, customer: null };
		try {
			message = this.#parse(text);
			this.#vet(message);
			if (message.event === 'poll')
				return await this.#poll(peer, message, bearer);
			this.#identify(peer, message, bearer);
			this.#act(peer, message);
		} catch (error) {
			return this.#refused(error, message);
		}
		if (message.event !== 'goodbye')
			this.#seen(peer.customer);
		return this.#answered(peer, sent);
	}

	// Stop and start: connections end, what is stored stays.
	restart() {
		for (const peer of [...this.peers]) {
			this.#forgetPeer(peer);
			peer.close(1012);
		}
		for (const customer of this.#everybody()) {
			this.#release(customer, 'shuttingDown');
			customer.spoken.clear();
		}
		this.starts++;
		for (const session of this.sessions.values()) {
			this.unheard += session.ring.length;
			Object.assign(session, this.#unsaid(), { shown: [] });
		}
	}

	// Stop, restore the session from a copy, and start: the function that is
	// returned does it.
	backup(sessionId) {
		const session = this.sessions.get(sessionId);
		const { revision } = session;
		const kept = session.customers.map((customer) => [customer, {
			cart: customer.cart, isReady: customer.isReady,
			seqs: { ...customer.seqs } }]);
		return () => {
			this.restart();
			session.revision = revision;
			for (const [customer, old] of kept)
				Object.assign(customer, old);
		};
	}

	// Time passed without the customer of that name.
	expire(name) {
		for (const session of this.sessions.values())
			for (const customer of session.customers)
				if (customer.name === name) {
					customer.state = 'away';
					this.#publish(session);
				}
	}

	// The shop begins to make an order, or is done.
	lock(sessionId, isLocked) {
		const session = this.sessions.get(sessionId);
		session.isLocked = isLocked;
		this.#publish(session);
	}

	// Nobody was there for a day.
	endSession(sessionId) {
		const session = this.sessions.get(sessionId);
		for (const customer of session.customers) {
			customer.state = 'gone';
			this.#release(customer, 'leftSession');
		}
		session.isRunning = false;
	}

	multicart(sessionId) {
		return this.sessions.get(sessionId).customers
			.filter(({ state }) => state === 'seated')
			.map(({ id, name, isHost, isReady, cart }) => ({
				owner: { id, name, isHost, isReadyToCheckout: isReady },
				content: cart,
			}));
	}

	// Who hears of whom is its own business; the customers of those names that
	// are present.
	present(sessionId) {
		return this.sessions.get(sessionId).present.map((present) =>
			this.#everybody().find(({ id }) => id === present).name);
	}

	#everybody() {
		return [...this.sessions.values()]
			.flatMap(({ customers }) => customers);
	}

	#parse(text) {
		if (text.length > this.maxMessage)
			throw new Refusal('messageTooLarge');
		let message;
		try {
			message = JSON.parse(text);
		} catch {
			throw new Refusal('invalidJson');
		}
		if (typeof message?.event !== 'string' ||
		    typeof message.payload !== 'object')
			throw new Refusal('invalidMessage');
		return message;
	}

	#vet({ event, payload }) {
		if (this.moods.length > 0)
			throw new Refusal(this.moods.shift());
		const { customerName, requestId, cartContent, seq } = payload;
		const isEntry = event === 'startSession' || event === 'joinSession';
		if (isEntry && (typeof customerName !== 'string' ||
		    customerName.length < 1 || customerName.length > 100 ||
		    !REQUEST_ID.test(requestId)))
			throw new Refusal('invalidMessage');
		if (event === 'updateCart' && (typeof cartContent !== 'object' ||
		    cartContent === null || Array.isArray(cartContent)))
			throw new Refusal('invalidMessage');
		if (event === 'customerReadyToCheckout' &&
		    typeof payload.customerReadyToCheckout !== 'boolean')
			throw new Refusal('invalidMessage');
		if (seq !== undefined && !(Number.isSafeInteger(seq) && seq > 0))
			throw new Refusal('invalidMessage');
		if (event === 'poll' && !(Number.isSafeInteger(payload.wait) &&
		    payload.wait > 0))
			throw new Refusal('invalidMessage');
	}

	#errorOf(error, { event, payload }) {
		if (!(error instanceof Refusal))
			throw error;
		const { code } = error;
		const told = { code, message: `refused: ${code}` };
		// A rate is limited before a message is read.
		if ((code !== 'rateLimited' || event === 'say') && event)
			Object.assign(told, { event, seq: payload?.seq });
		if (code in RETRY_AFTER_S)
			told.retryAfter = RETRY_AFTER_S[code];
		return { event: 'error', payload: told };
	}

	#refused(error, message) {
		return { status: STATUS[error.code],
			body: { messages: [this.#errorOf(error, message)] } };
	}

	#answered({ customer }, messages) {
		const [last] = messages.slice(-1);
		if (last?.event === 'multicartUpdate')
			return { status: 200,
				body: { messages, cursor: last.cursor } };
		return { status: 200, body: { messages }, customer };
	}

	#fromPeer(peer, text) {
		let message = {};
		try {
			message = this.#parse(text);
			this.#vet(message);
			if (REQUESTS_ONLY.includes(message.event))
				throw new Refusal('unknownEvent');
			this.#act(peer, message);
		} catch (error) {
			if (error.code === 'messageTooLarge') {
				this.#forgetPeer(peer);
				peer.close(1009);
			} else {
				peer.send(this.#errorOf(error, message));
			}
		}
	}

	#forgetPeer(peer) {
		this.peers.delete(peer);
		peer.customer?.peers.delete(peer);
		this.#seen(peer.customer);
	}

	#identify(peer, { event, payload }, bearer) {
		if (event === 'startSession' || event === 'joinSession')
			return;
		peer.customer = this.#proved(peer.sessionId, payload, bearer);
	}

	#proved(sessionId, { customerId, token }, bearer) {
		if ((token ?? bearer) !== `token-of-${sessionId}-${customerId}`)
			throw new Refusal('invalidToken');
		return this.#customer(sessionId, customerId);
	}

	#customer(sessionId, customerId) {
		const session = this.sessions.get(sessionId);
		if (session === undefined)
			throw new Refusal('sessionNotFound');
		const customer = session.customers
			.find(({ id }) => id === customerId);
		if (customer === undefined)
			throw new Refusal('unknownCustomer');
		if (customer.state === 'gone')
			throw new Refusal('leftSession');
		return customer;
	}

	#act(peer, message) {
		switch (message.event) {
		case 'startSession':
		case 'joinSession':
			this.#enter(peer, message);
			break;
		case 'resumeSession':
			this.#resume(peer, message);
			break;
		case 'updateCart':
		case 'customerReadyToCheckout':
			this.#change(peer, message);
			break;
		case 'leaveSession':
			this.#leave(peer, message);
			break;
		case 'say':
			this.#say(peer, message);
			break;
		case 'goodbye':
			this.#goodbye(peer, message);
			break;
		default:
			throw new Refusal('unknownEvent');
		}
	}

	#bind(peer, customer) {
		peer.customer = customer;
		if (!peer.isHttp)
			customer.peers.add(peer);
	}

	#enter(peer, { event, payload }) {
		const session = this.sessions.get(peer.sessionId);
		const known = session?.customers
			.find(({ requestId }) => requestId === payload.requestId);
		if (peer.customer !== null && peer.customer !== known)
			throw new Refusal('alreadyJoined');
		const customer = known ?? this.#admit(peer, event, payload,
			this.#judge(payload));
		if (customer.entry !== event)
			throw new Refusal('invalidMessage');
		if (customer.state === 'gone')
			throw new Refusal('leftSession');
		this.#bind(peer, customer);
		const features = this.#listen(peer, payload);
		const { id, token } = customer;
		peer.send({ event, payload: { customerId: id, token, features } });
		this.#arrive(peer, customer, known === undefined);
	}

	#judge({ ticket }) {
		if (this.accountOf === null)
			return undefined;
		if (ticket === undefined)
			throw new Refusal('ticketRequired');
		const account = this.accountOf(ticket);
		if (account === undefined)
			throw new Refusal('invalidTicket');
		return account;
	}

	#admit(peer, event, { customerName, requestId }, account) {
		let session = this.sessions.get(peer.sessionId);
		const isStart = event === 'startSession';
		if (!isStart && !session?.isRunning)
			throw new Refusal('sessionNotFound');
		if (isStart && session?.isRunning)
			throw new Refusal('sessionExists');
		if (isStart && !session?.isRunning)
			session = this.#open(peer.sessionId, session);
		if (session.isLocked)
			throw new Refusal('sessionLocked');
		if (this.multicart(peer.sessionId).length >= this.maxCustomers)
			throw new Refusal('sessionFull');
		const id = (++this.#ids).toString(16).padStart(24, '0');
		const customer = { id, name: customerName, requestId,
			account, entry: event, session, isHost: isStart, isReady: false,
			cart: {}, seqs: {}, state: 'seated', peers: new Set(),
			polls: [], spoken: new Set(), seenAt: -Infinity, token: `token-of-${peer.sessionId}-${id}` };
		session.customers.push(customer);
		this.journal.push([event, customerName]);
		return customer;
	}

	#open(id, old) {
		const session = { id, incarnation: (old?.incarnation ?? 0) + 1,
			revision: 0, isRunning: true, shown: [],
			customers: old?.customers ?? [], ...this.#unsaid() };
		this.sessions.set(id, session);
		return session;
	}

	#arrive(peer, customer, isNew) {
		const wasAway = customer.state === 'away';
		customer.state = 'seated';
		const { at } = peer;
		if (isNew || wasAway)
			this.#publish(customer.session);
		this.#attend(customer.session);
		if (peer.isHttp || at.revision === undefined) {
			at.revision = undefined;
			this.#catchUp(customer, peer);
		}
	}

	#resume(peer, { payload }) {
		const customer = this.#proved(peer.sessionId, payload);
		if (peer.customer !== null && peer.customer !== customer)
			throw new Refusal('alreadyJoined');
		this.#bind(peer, customer);
		const features = this.#listen(peer, payload);
		const { id, seqs } = customer;
		peer.send({ event: 'resumeSession', payload: { customerId: id,
			seq: Math.max(0, ...Object.values(seqs)), features } });
		this.#arrive(peer, customer, false);
	}

	#owned(peer, { customerId }) {
		const customer = this.#customer(peer.sessionId, customerId);
		if (peer.customer !== customer)
			throw new Refusal('notYourCustomer');
		return customer;
	}

	#change(peer, { event, payload }) {
		const customer = this.#owned(peer, payload);
		const { seq, cartContent, customerReadyToCheckout } = payload;
		const isStale = seq <= customer.seqs[event];
		if (!isStale && customer.session.isLocked)
			throw new Refusal('sessionLocked');
		if (!isStale) {
			if (event === 'updateCart')
				customer.cart = cartContent;
			else
				this.#turn(customer, customerReadyToCheckout);
			customer.seqs[event] = seq ?? customer.seqs[event];
			this.journal.push([event, customer.name,
				cartContent ?? customerReadyToCheckout]);
		}
		if (seq !== undefined)
			peer.send({ event, payload: isStale ?
				{ seq, stale: true } : { seq } });
		if (!isStale)
			this.#publish(customer.session);
	}

	#turn(customer, isReady) {
		const isEarly = customer.session.customers.some((other) =>
			!other.isHost && other.state === 'seated' && !other.isReady);
		if (this.barrier && customer.isHost && isReady && isEarly)
			throw new Refusal('guestsNotReady');
		customer.isReady = isReady;
	}

	#leave(peer, { event, payload }) {
		const customer = this.#owned(peer, payload);
		customer.state = 'gone';
		this.journal.push([event, customer.name]);
		const reply = { event, payload: { customerId: customer.id } };
		for (const other of new Set([peer, ...customer.peers])) {
			other.customer = null;
			other.send(reply);
		}
		customer.peers.clear();
		this.#release(customer, 'leftSession');
		this.#publish(customer.session);
	}

	// What nobody of this daemon has said yet, and who is there.
	#unsaid() {
		return { said: 0, ring: [], present: [], turn: 0 };
	}

	// The features of a connection, and what it was shown already.
	#listen(peer, { features, cursor }) {
		peer.features = this.#on(features);
		peer.at = { ...this.#position(peer, peer.customer.session, cursor),
			revision: undefined, turn: undefined };
		return features && this.knows ? peer.features : undefined;
	}

	#on(features = []) {
		return features.filter((name) => this.knows?.includes(name));
	}

	// Where somebody is who has that cursor: who has none hears what is said
	// from now on, who has one of before a restart all that was since.
	#position(peer, { incarnation, said }, cursor) {
		const [one, revision, start, heard, turn] = String(cursor)
			.split('.').map(Number);
		const isOurs = one === incarnation &&
			start === (isLive(peer) ? this.starts : 0);
		return {
			revision: one === incarnation ? revision : undefined,
			isWhole: !isOurs,
			said: isOurs ? heard : start > 0 ? 0 : said,
			turn: isOurs ? turn : undefined,
		};
	}

	// With a feature on, the cursor has a third part, which tells something to
	// who is told more than multicarts.
	#cursor({ incarnation }, peer) {
		const { features, at } = peer;
		const known = `${incarnation}.${at.revision}`;
		if (features.length === 0)
			return known;
		return isLive(peer) ?
			`${known}.${this.starts}.${at.said}.${at.turn ?? 0}` :
			`${known}.0`;
	}

	// Tell it what it was not shown yet, and note that it was.
	#catchUp(customer, one) {
		const { session } = customer;
		const tell = (event, payload, more) => {
			this.sent[event] = (this.sent[event] ?? 0) + 1;
			// An answer has its own behind what is told besides.
			const hasCursor = !one.isPoll || event.startsWith('multicart');
			one.send(copy({ event, payload, ...more, cursor: hasCursor ?
				this.#cursor(session, one) : undefined }));
		};
		this.#showTo(session, one, tell);
		if (one.features.includes('presence') &&
		    one.at.turn !== session.turn) {
			one.at.turn = session.turn;
			tell('presenceUpdate', { present: session.present });
		}
		this.#repeatTo(customer, one, tell);
	}

	#showTo(session, { features, at }, tell) {
		const { shown, revision, isLocked } = session;
		if (at.revision === revision)
			return;
		const from = at.revision;
		const before = at.isWhole ? undefined : shown[from];
		at.revision = revision;
		at.isWhole = false;
		const locked = features.length > 0 && isLocked && { isLocked };
		if (features.includes('delta') && before && this.usesDelta())
			tell('multicartDelta', { ...locked,
				changes: deltaOf(before, shown[revision]) },
			{ from: `${session.incarnation}.${from}` });
		else
			tell('multicartUpdate', { ...locked,
				multicartContent: this.multicart(session.id) });
	}

	#repeatTo({ id, session }, { features, at }, tell) {
		const since = this.#clock.now() - SAID_MS;
		session.ring = session.ring.slice(-SAID_MAX)
			.filter((one) => one.madeAt > since);
		const first = session.said - session.ring.length;
		const missed = first - at.said;
		const hears = features.includes('say');
		at.said = Math.max(at.said, first);
		if (hears && missed > 0)
			tell('say', { missed });
		for (const { from, what, to } of session.ring.slice(
			at.said - first)) {
			at.said++;
			if (hears && from !== id && (to ?? id) === id)
				tell('say', { from, what, to });
		}
		at.said = session.said;
	}

	#say(peer, { event, payload }) {
		const customer = this.#owned(peer, payload);
		const { what, to, seq } = payload;
		const { session } = customer;
		const isSeated = (id) => session.customers.some((one) =>
			one.id === id && one.state === 'seated');
		if (what === undefined)
			throw new Refusal('invalidMessage');
		if (this.sayMoods.length > 0)
			throw new Refusal(this.sayMoods.shift());
		if (JSON.stringify(what).length > SAID_BYTES)
			throw new Refusal('messageTooLarge');
		if (![customer.id, to ?? customer.id].every(isSeated))
			throw new Refusal('unknownCustomer');
		const isStale = customer.spoken.has(seq);
		if (!isStale) {
			if (seq !== undefined)
				customer.spoken.add(seq);
			session.said++;
			session.ring.push({ from: customer.id, what, to,
				madeAt: this.#clock.now() });
			this.journal.push([event, customer.name, what]);
		}
		if (seq !== undefined)
			peer.send({ event, payload: isStale ?
				{ seq, stale: true } : { seq } });
		this.#tellAll(session);
	}

	#goodbye(peer, { event, payload }) {
		const customer = this.#owned(peer, payload);
		for (const poll of [...customer.polls])
			poll.end();
		customer.seenAt = -Infinity;
		this.#attend(customer.session);
		peer.send({ event, payload: { customerId: customer.id } });
	}

	// The customer was there until now.
	#seen(customer) {
		if (!customer)
			return;
		customer.seenAt = this.#clock.now();
		this.#attend(customer.session);
		this.#clock.setTimeout(() => this.#attend(customer.session),
			this.graceMs);
	}

	#attend(session) {
		const since = this.#clock.now() - this.graceMs;
		const present = session.customers.filter((customer) =>
			customer.state === 'seated' && (customer.peers.size > 0 ||
			customer.polls.length > 0 || customer.seenAt > since))
			.map(({ id }) => id);
		if (String(present) === String(session.present))
			return;
		session.present = present;
		session.turn++;
		this.#tellAll(session);
	}

	#publish(session) {
		session.revision++;
		session.shown[session.revision] = copy(this.multicart(session.id));
		this.#tellAll(session);
		this.#attend(session);
	}

	#tellAll(session) {
		for (const customer of session.customers) {
			for (const peer of customer.peers)
				this.#catchUp(customer, peer);
			for (const poll of [...customer.polls])
				poll.look();
		}
	}

	#release(customer, code) {
		for (const poll of [...customer.polls])
			poll.end(this.#refused(new Refusal(code), { event: 'poll' }));
	}

	#poll({ sessionId }, { payload }, bearer) {
		const customer = this.#proved(sessionId, payload, bearer);
		const { session } = customer;
		const messages = [];
		const one = { isPoll: true,
			features: this.#on(payload.features),
			send: (message) => messages.push(message) };
		one.at = this.#position(one, session, payload.cursor);
		const hasAll = one.features.length === 0 || !one.at.isWhole;
		if (!hasAll || one.at.revision > session.revision)
			one.at.revision = undefined;
		return new Promise((resolve) =>
			this.#hold(customer, payload, one, messages, resolve));
	}

	#hold(customer, { wait = WAIT_S }, one, messages, resolve) {
		const { session, polls } = customer;
		const end = (answer) => {
			this.#clock.clearTimeout(timer);
			if (polls.includes(poll))
				polls.splice(polls.indexOf(poll), 1);
			resolve(answer ?? { status: 200, body: { messages,
				cursor: this.#cursor(session, one) } });
			this.#seen(customer);
		};
		const look = () => {
			this.#catchUp(customer, one);
			if (messages.length > 0)
				end();
		};
		const timer = this.#clock.setTimeout(end,
			Math.min(wait, WAIT_MAX_S) * 1000);
		const poll = { end, look };
		polls.push(poll);
		this.#attend(session);
		if (polls.includes(poll))
			look();
		if (polls.length > HELD_POLLS)
			polls[0].end();
	}
}
