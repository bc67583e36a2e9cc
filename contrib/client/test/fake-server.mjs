// The daemon's protocol, sections 1 to 3, in memory and without durability:
// enough of it to try a client. Network and time are somebody else's:
// connect() makes the server's end of a WebSocket, post() answers a request.

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

// As something comes out of a network.
function copy(message) {
	return JSON.parse(JSON.stringify(message));
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
		return this.#answered(peer, sent);
	}

	// Stop and start: connections end, what is stored stays.
	restart() {
		for (const peer of [...this.peers]) {
			this.#forgetPeer(peer);
			peer.close(1012);
		}
		for (const customer of this.#everybody())
			this.#release(customer, 'shuttingDown');
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
		if (code !== 'rateLimited' && event)
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
			if (message.event === 'poll')
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
		peer.features = payload.features;
		const { id, token } = customer;
		peer.send({ event, payload: { customerId: id, token } });
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
			polls: [], token: `token-of-${peer.sessionId}-${id}` };
		session.customers.push(customer);
		this.journal.push([event, customerName]);
		return customer;
	}

	#open(id, old) {
		const session = { id, incarnation: (old?.incarnation ?? 0) + 1,
			revision: 0, isRunning: true,
			customers: old?.customers ?? [] };
		this.sessions.set(id, session);
		return session;
	}

	#arrive(peer, customer, isNew) {
		const wasAway = customer.state === 'away';
		customer.state = 'seated';
		if (isNew || wasAway)
			this.#publish(customer.session);
		if (peer.isHttp || !(isNew || wasAway))
			peer.send(this.#update(customer.session, peer));
	}

	#resume(peer, { payload }) {
		const customer = this.#proved(peer.sessionId, payload);
		if (peer.customer !== null && peer.customer !== customer)
			throw new Refusal('alreadyJoined');
		this.#bind(peer, customer);
		peer.features = payload.features;
		const { id, seqs } = customer;
		peer.send({ event: 'resumeSession', payload: { customerId: id,
			seq: Math.max(0, ...Object.values(seqs)) } });
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

	// With a feature on, the cursor has a third part.
	#update({ id, incarnation, revision, isLocked }, { features = [] }) {
		const isAsked = features.includes('lock');
		return copy({ event: 'multicartUpdate',
			payload: { multicartContent: this.multicart(id),
				...isAsked && isLocked && { isLocked } },
			cursor: `${incarnation}.${revision}${isAsked ? '.1' : ''}` });
	}

	#publish(session) {
		session.revision++;
		for (const customer of session.customers) {
			for (const peer of customer.peers)
				peer.send(this.#update(session, peer));
			for (const poll of customer.polls.splice(0)) {
				const update = this.#update(session, poll);
				poll({ status: 200, body: { messages: [update],
					cursor: update.cursor } });
			}
		}
	}

	#release(customer, code) {
		for (const poll of customer.polls.splice(0))
			poll(this.#refused(new Refusal(code), { event: 'poll' }));
	}

	#poll({ sessionId }, { payload }, bearer) {
		const customer = this.#proved(sessionId, payload, bearer);
		const update = this.#update(customer.session, payload);
		if (payload.cursor !== update.cursor)
			return { status: 200, body: { messages: [update],
				cursor: update.cursor } };
		return this.#hold(customer, payload);
	}

	#hold(customer, { wait = WAIT_S, cursor, features }) {
		const empty = { status: 200, body: { messages: [], cursor } };
		return new Promise((resolve) => {
			const answer = (with_) => {
				this.#clock.clearTimeout(timer);
				resolve(with_);
			};
			answer.features = features;
			const timer = this.#clock.setTimeout(() => {
				customer.polls.splice(customer.polls.indexOf(answer), 1);
				resolve(empty);
			}, Math.min(wait, WAIT_MAX_S) * 1000);
			customer.polls.push(answer);
			if (customer.polls.length > HELD_POLLS)
				customer.polls.shift()(empty);
		});
	}
}
