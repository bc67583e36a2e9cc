// A FastCGI connection as a web server has it: several requests at a time, the
// connection kept, a request given up with ABORT_REQUEST.

import net from 'node:net';

const [BEGIN, ABORT, END, PARAMS, STDIN, STDOUT] = [1, 2, 3, 4, 5, 6];
const RESPONDER = 1;
const KEEP_CONN = 1;
const HEADER_BYTES = 8;
const CONTENT_MAX = 65535;

const record = (type, id, content) => {
	const header = Buffer.from([1, type, id >> 8, id & 255,
		content.length >> 8, content.length & 255, 0, 0]);
	return Buffer.concat([header, content]);
};

// A stream of a type: its content in records, and the empty one that ends it.
const stream = (type, id, content) => {
	const records = [];
	for (let at = 0; at < content.length; at += CONTENT_MAX)
		records.push(record(type, id,
			content.subarray(at, at + CONTENT_MAX)));
	return Buffer.concat([...records, record(type, id, Buffer.alloc(0))]);
};

const length = (n) => {
	if (n < 128)
		return Buffer.from([n]);
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(n + 0x80000000);
	return bytes;
};

const pair = ([name, value]) => Buffer.concat([
	length(Buffer.byteLength(name)), length(Buffer.byteLength(value)),
	Buffer.from(name), Buffer.from(value)]);

// The answer to a request, as far as fetch() would say it.
const parse = (bytes) => {
	const end = bytes.indexOf('\r\n\r\n');
	const [status, ...fields] = bytes.toString('utf8', 0, end).split('\r\n');
	const content = bytes.subarray(end + 4);
	const body = content.toString();
	return {
		status: Number(status.match(/^Status: (\d{3}) /)[1]),
		headers: new Headers(fields.map((field) => field.split(': '))),
		arrayBuffer: async () => content,
		text: async () => body,
		json: async () => JSON.parse(body),
	};
};

export class Fastcgi {
	#socket;
	#requests = new Map();	// by id
	#unread = Buffer.alloc(0);

	// A connection to a UNIX-domain socket.
	constructor(path) {
		this.#socket = net.connect(path);
		this.#socket.on('data', (data) => this.#read(data));
		this.#socket.on('error', (error) => this.#fail(error));
		this.#socket.on('close', () => this.#fail(new Error('closed')));
	}

	#fail(error) {
		for (const { reject } of this.#requests.values())
			reject(error);
		this.#requests.clear();
	}

	#read(data) {
		this.#unread = Buffer.concat([this.#unread, data]);
		for (;;) {
			if (this.#unread.length < HEADER_BYTES)
				return;
			const end = HEADER_BYTES + this.#unread.readUInt16BE(4);
			const next = end + this.#unread[6];
			if (this.#unread.length < next)
				return;
			this.#take(this.#unread[1], this.#unread.readUInt16BE(2),
				this.#unread.subarray(HEADER_BYTES, end));
			this.#unread = this.#unread.subarray(next);
		}
	}

	#take(type, id, content) {
		const request = this.#requests.get(id);
		if (type === STDOUT)
			request.output.push(Buffer.from(content));
		if (type !== END)
			return;
		this.#requests.delete(id);
		request.signal?.removeEventListener('abort', request.abort);
		// After an abort there may be no answer, and nobody wants it.
		if (!request.isAborted)
			request.resolve(parse(Buffer.concat(request.output)));
	}

	#abort(id) {
		const request = this.#requests.get(id);
		request.isAborted = true;
		this.#socket.write(record(ABORT, id, Buffer.alloc(0)));
		request.reject(new DOMException('aborted', 'AbortError'));
	}

	// Like fetch(), with the target of a URL and the same options.
	fetch(target, { method = 'GET', headers = {}, body = '', signal } = {}) {
		let id = 1;
		while (this.#requests.has(id))
			id++;
		const params = { REQUEST_METHOD: method, REQUEST_URI: target,
			REMOTE_ADDR: '127.0.0.1', SCRIPT_NAME: '/' };
		for (const [name, value] of Object.entries(headers))
			params[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = value;
		this.#socket.write(Buffer.concat([
			record(BEGIN, id, Buffer.from([0, RESPONDER, KEEP_CONN,
				0, 0, 0, 0, 0])),
			stream(PARAMS, id,
				Buffer.concat(Object.entries(params).map(pair))),
			stream(STDIN, id, Buffer.from(body))]));
		return new Promise((resolve, reject) => {
			const abort = () => this.#abort(id);
			this.#requests.set(id,
				{ resolve, reject, signal, abort, output: [] });
			signal?.addEventListener('abort', abort, { once: true });
		});
	}

	close() {
		this.#socket.end();
	}
}
