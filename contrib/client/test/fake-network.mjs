// A hostile network without sockets: gives a client its fetch() and WebSocket
// and carries what they say to a FakeServer, on a Clock.

const LATENCY_MS = 10;
const GET = '{"event":"poll","payload":{}}';

export class FakeNetwork {
	#clock;
	#server;
	#sockets = new Set();
	#requests = new Set();
	isUp = true;
	// What becomes of handshakes: 'pass', 'drop' or 'hang', or 'forbid' and
	// 'throw', as browsers do by policy; and how long a handshake takes.
	upgrades = 'pass';
	upgradeMs = LATENCY_MS;
	// Called with each POST's message, and a GET's, which is a poll; what it
	// returns may say loseRequest, loseAnswer, repeat, delay, answerDelay,
	// answer, and isBrittle: lost if the daemon ends meanwhile.
	onPost = () => ({});
	// The same for what a WebSocket client sends and gets: lose, repeat, and
	// a code to cut the connection with.
	onSend = () => ({});
	onDeliver = () => ({});
	latency = () => LATENCY_MS;
	// What was asked for.
	handshakes = [];
	posts = [];
	beacons = [];
	takesBeacons = true;
	gets = 0;
	pending = { poll: 0, other: 0 };
	most = { poll: 0, other: 0 };

	constructor(clock, server) {
		this.#clock = clock;
		this.#server = server;
	}

	get platform() {
		return { fetch: this.fetch, WebSocket: this.#webSocket(),
			sendBeacon: this.sendBeacon };
	}

	// Nobody hears what becomes of it, nor does it end with the page.
	sendBeacon = (url, body) => {
		const message = JSON.parse(body);
		if (this.takesBeacons)
			this.beacons.push({ url, message });
		if (this.takesBeacons)
			this.#carry(url, body, message).catch(() => {});
		return this.takesBeacons;
	};

	get openSockets() {
		return this.#sockets.size;
	}

	// Every WebSocket ends, as if a proxy were tired of it.
	cut(code = 1006) {
		for (const socket of [...this.#sockets])
			socket.lost(code);
	}

	// The daemon ends without a word, and so does all that was under way, but
	// not what is said about it. Requests may end later than WebSockets, or,
	// if lateMs is negative, earlier.
	crash(lateMs = 0) {
		const requests = [...this.#requests];
		this.#after(-lateMs, () => this.cut());
		this.#after(lateMs, () => requests.forEach((fail) =>
			fail(new TypeError('the connection was reset'))));
	}

	#after(ms, act) {
		if (ms > 0)
			this.#clock.setTimeout(act, ms);
		else
			act();
	}

	// WebSockets stay open, but nothing passes any more.
	swallow() {
		for (const socket of this.#sockets)
			socket.isDeaf = true;
	}

	#pause(ms) {
		return new Promise((resolve) =>
			this.#clock.setTimeout(resolve, ms));
	}

	fetch = (url, { body = GET, signal, ...rest }) => {
		const message = JSON.parse(body);
		const kind = message.event === 'poll' ? 'poll' : 'other';
		if (rest.method === 'GET')
			this.gets++;
		else
			this.posts.push({ url, message, at: this.#clock.now(),
				...rest });
		this.pending[kind]++;
		this.most[kind] = Math.max(this.most[kind], this.pending[kind]);
		return new Promise((resolve, reject) => {
			let isOver = false;
			const end = (settle) => (value) => {
				if (isOver)
					return;
				isOver = true;
				this.pending[kind]--;
				this.#requests.delete(fail);
				settle(value);
			};
			const fail = end(reject);
			this.#requests.add(fail);
			signal.addEventListener('abort', () =>
				fail(new Error('aborted')));
			this.#carry(url, body, message).then(end(resolve), fail);
		});
	};

	async #carry(url, body, message) {
		const fate = this.onPost(message) ?? {};
		const sessionId = new URL(url).pathname.split('/').pop();
		const { starts } = this.#server;
		await this.#pause(fate.delay ?? this.latency());
		const isLost = () =>
			fate.isBrittle && starts !== this.#server.starts;
		if (!this.isUp || fate.loseRequest || isLost())
			throw new TypeError('the request was lost');
		if (fate.answer)
			return response(fate.answer);
		if (fate.repeat)
			this.#server.post(sessionId, body);
		const answer = await this.#server.post(sessionId, body);
		await this.#pause(fate.answerDelay ?? this.latency());
		if (!this.isUp || fate.loseAnswer || isLost())
			throw new TypeError('the answer was lost');
		return response(answer);
	}

	#webSocket() {
		const network = this;
		return class {
			#end;
			isDeaf = false;
			#isOver = false;
			#chain = Promise.resolve();

			constructor(url, protocols) {
				if (network.upgrades === 'throw')
					throw new Error('SecurityError');
				network.handshakes.push({ url, protocols,
					at: network.#clock.now() });
				network.#sockets.add(this);
				if (network.upgrades === 'drop' || !network.isUp)
					this.#later(() => this.lost(1006));
				else if (network.upgrades === 'forbid')
					this.#later(() => this.onerror({}));
				else if (network.upgrades === 'pass')
					network.#clock.setTimeout(() => this.#open(url),
						network.upgradeMs);
			}

			#later(act) {
				network.#clock.setTimeout(act, network.latency());
			}

			#open(url) {
				if (this.#isOver)
					return;
				this.#end = network.#server.connect(
					new URL(url).pathname.split('/').pop(), {
						send: (message) => this.#deliver(message),
						close: (code) => this.lost(code),
					});
				this.onopen?.({});
			}

			send(text) {
				const fate = network.onSend(JSON.parse(text)) ?? {};
				if (fate.cut)
					this.#later(() => this.lost(fate.cut));
				const times = fate.lose || fate.cut ? 0 :
					fate.repeat ? 2 : 1;
				for (let i = 0; i < times; i++)
					this.#inOrder(() => this.#end.receive(text));
			}

			#deliver(message) {
				const fate = network.onDeliver(message) ?? {};
				const times = fate.lose ? 0 : fate.repeat ? 2 : 1;
				const data = JSON.stringify(message);
				for (let i = 0; i < times; i++)
					this.#inOrder(() => this.onmessage?.({ data }));
			}

			#inOrder(act) {
				const pause = network.#pause(network.latency());
				this.#chain = this.#chain.then(() => pause).then(() => {
					if (!this.#isOver && !this.isDeaf)
						act();
				});
			}

			close() {
				this.lost(1000);
			}

			lost(code) {
				if (this.#isOver)
					return;
				this.#isOver = true;
				network.#sockets.delete(this);
				this.#end?.closed();
				this.onerror?.({});
				this.onclose?.({ code });
			}
		};
	}
}

function response({ status, body, headers = {} }) {
	const text = typeof body === 'string' ? body : JSON.stringify(body);
	// Not node's, which may need what an old browser has not got.
	return { status, ok: status >= 200 && status < 300,
		headers: new Headers(headers),
		text: async () => text,
		json: async () => JSON.parse(text) };
}
