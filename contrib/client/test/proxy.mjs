// A small hostile proxy. It passes HTTP and WebSocket on to a port, as far as
// it pleases.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Transform } from 'node:stream';

const PASSED_ON = ['content-type', 'origin', 'access-control-request-method',
	'access-control-request-headers'];
const OTHERS = '{"event":"poll","payload":{}}';

export class Proxy {
	#target;
	#http;
	#tunnels = new Set();
	#hanging = [];
	// What becomes of handshakes: 'pass', 'drop' or 'hang'.
	upgrades = 'pass';
	isUp = true;
	// Called with each POST's message, and one that is a poll for other
	// requests; what it returns may say loseRequest, loseAnswer, repeat, an
	// answer that the daemon is not asked for, and a promise that is
	// awaited before (before) or after (after) the daemon acts.
	onPost = () => ({});
	// A WebSocket that says more bytes than that is cut.
	maxSaid = Infinity;
	// What is not the daemon's: path -> {headers, text}.
	files = {};
	posts = [];
	handshakes = 0;

	// target is asked for its port each time: it may be restarted.
	constructor(target) {
		this.#target = target;
	}

	get url() {
		return `http://127.0.0.1:${this.#http.address().port}`;
	}

	async start() {
		this.#http = http.createServer((request, response) =>
			this.#pass(request, response).catch(() =>
				response.destroy()));
		this.#http.on('upgrade', (request, socket, head) =>
			this.#tunnel(request, socket, head));
		this.#http.listen(0, '127.0.0.1');
		await once(this.#http, 'listening');
	}

	async stop() {
		this.cut();
		this.#http.closeAllConnections();
		this.#http.close();
		await once(this.#http, 'close');
	}

	// End all connections, as one that is tired of them.
	cut() {
		for (const socket of this.#tunnels)
			socket.destroy();
	}

	// Let them be, but pass nothing on.
	swallow() {
		for (const socket of this.#tunnels) {
			socket.unpipe();
			socket.resume();
		}
	}

	// Let handshakes go on that hang.
	release() {
		for (const handshake of this.#hanging.splice(0))
			this.#connect(...handshake);
	}

	async #pass(request, response) {
		const { method, url, headers } = request;
		const parts = [];
		for await (const part of request)
			parts.push(part);
		const body = Buffer.concat(parts);
		const message = JSON.parse(method === 'POST' ? body : OTHERS);
		if (method === 'POST')
			this.posts.push({ type: headers['content-type'], ...message });
		const fate = this.onPost(message) ?? {};
		await fate.before;
		if (fate.loseRequest || !this.isUp)
			throw new Error('lost');
		const ours = fate.answer ?? this.files[url];
		if (ours !== undefined) {
			response.writeHead(ours.status ?? 200, ours.headers);
			response.end(ours.text);
			return;
		}
		const aborted = new AbortController();
		response.on('close', () => aborted.abort());
		if (fate.repeat)
			await this.#forward(request, body, aborted.signal);
		const answer = await this.#forward(request, body, aborted.signal);
		await fate.after;
		if (fate.loseAnswer || !this.isUp)
			throw new Error('lost');
		response.writeHead(answer.status, answer.headers);
		response.end(answer.text);
	}

	async #forward({ url, method, headers }, body, signal) {
		const request = http.request({ host: '127.0.0.1',
			port: this.#target.port, path: url, method, signal });
		for (const name of PASSED_ON)
			if (headers[name] !== undefined)
				request.setHeader(name, headers[name]);
		if (method === 'POST')
			request.setHeader('content-length', body.length);
		request.end(body);
		const [response] = await once(request, 'response');
		const parts = [];
		for await (const part of response)
			parts.push(part);
		return { status: response.statusCode, headers: response.headers,
			text: Buffer.concat(parts) };
	}

	#tunnel(request, socket, head) {
		this.handshakes++;
		this.#tunnels.add(socket);
		socket.on('error', () => {});
		socket.on('close', () => this.#tunnels.delete(socket));
		if (!this.isUp || this.upgrades === 'drop')
			socket.destroy();
		else if (this.upgrades === 'hang')
			this.#hanging.push([request, socket, head]);
		else
			this.#connect(request, socket, head);
	}

	#connect({ url, rawHeaders }, socket, head) {
		const daemon = net.connect(this.#target.port, '127.0.0.1');
		this.#tunnels.add(daemon);
		let lines = `GET ${url} HTTP/1.1\r\n`;
		for (let i = 0; i < rawHeaders.length; i += 2)
			lines += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
		daemon.write(`${lines}\r\n`);
		daemon.write(head);
		let said = 0;
		const gate = new Transform({ transform: (chunk, _, pass) => {
			said += chunk.length;
			if (said > this.maxSaid)
				socket.destroy();
			else
				pass(null, chunk);
		} });
		socket.pipe(gate).pipe(daemon).pipe(socket);
		daemon.on('error', () => {});
		daemon.on('close', () => {
			this.#tunnels.delete(daemon);
			socket.destroy();
		});
		socket.on('close', () => daemon.destroy());
	}
}
