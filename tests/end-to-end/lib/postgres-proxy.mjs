// What stands between the daemon and a PostgreSQL server, and lets a test have
// the connections fail: at once, or around a COMMIT.

import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';

import { makeFolder } from './daemon.mjs';

const SOCKET = '.s.PGSQL.5432';
// As libpq sends it in a pipeline, between the ends of texts; no text of a
// customer's has a byte 0.
const COMMIT = Buffer.from('\0COMMIT\0');
const DONE = Buffer.from('COMMIT\0');
// Of the message that tells a client the process that serves it.
const KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12]);

const settled = (socket) => socket.destroyed || socket.writableEnded;

// A client's connection, and ours to the server.
class Pair {
	#proxy;
	#sent = Buffer.alloc(0);	// the end of what the client sent
	#isAwaited = false;		// the answer to the COMMIT that was sent

	constructor(proxy, client, place) {
		this.#proxy = proxy;
		this.client = client;
		this.server = net.connect(place);
		client.on('data', (data) => this.#send(data));
		this.server.on('data', (data) => this.#receive(data));
		for (const [one, other] of [[client, this.server],
			[this.server, client]]) {
			one.on('error', () => {});
			one.on('close', () => {
				proxy.pairs.delete(this);
				other.destroy();
			});
		}
	}

	#send(data) {
		const text = Buffer.concat([this.#sent, data]);
		const isCommit = text.includes(COMMIT);
		this.#sent = isCommit ? Buffer.alloc(0) :
			text.subarray(1 - COMMIT.length);
		const fault = isCommit ? this.#proxy.takeFault() : undefined;
		if (fault?.before?.(this) === false)
			return;
		if (!settled(this.server))
			this.server.write(data);
		fault?.after?.(this);
		this.#isAwaited = fault?.answered && (() => fault.answered(this));
	}

	#receive(data) {
		const at = this.pid === undefined ? data.indexOf(KEY_DATA) : -1;
		if (at !== -1)
			this.pid = data.readInt32BE(at + KEY_DATA.length);
		if (this.#isAwaited && data.includes(DONE)) {
			this.#isAwaited();
			this.#isAwaited = undefined;
		}
		this.#proxy.countAnswer(this, data.length);
		if (!settled(this.client) && !this.isSilent)
			this.client.write(data);
	}

	// Nothing is answered any more.
	beSilent() {
		this.isSilent = true;
	}

	cut() {
		this.client.destroy();
		this.server.destroy();
	}
}

export class PostgresProxy {
	pairs = new Set();
	// Whether new connections are refused.
	isShut = false;
	// And how many of them if it is not.
	refuses = 0;
	#left = Infinity;
	#atBytes;
	#fault;
	#taken;

	// Resolves to one in front of a server (lib/postgres.mjs).
	static async start(server) {
		const proxy = new PostgresProxy();
		proxy.folder = makeFolder();
		proxy.listener = net.createServer((client) => {
			if (proxy.isShut || proxy.refuses-- > 0)
				client.destroy();
			else
				proxy.pairs.add(new Pair(proxy, client,
					path.join(server.folder, SOCKET)));
		});
		proxy.listener.listen(path.join(proxy.folder, SOCKET));
		await once(proxy.listener, 'listening');
		proxy.listener.unref();
		return proxy;
	}

	// A database's URL as it is for whoever comes through here.
	through(url) {
		return url.replace(/host=[^&]*/, `host=${this.folder}`);
	}

	// Lose all connections that there are.
	cut() {
		for (const pair of this.pairs)
			pair.cut();
	}

	// Call fault(connection) once so many bytes more were answered; resolves
	// then.
	atBytes(count, fault) {
		this.#left = count;
		return new Promise((resolve) => {
			this.#atBytes = (pair) => {
				fault(pair);
				resolve();
			};
		});
	}

	countAnswer(pair, bytes) {
		this.#left -= bytes;
		if (this.#left > 0)
			return;
		this.#left = Infinity;
		this.#atBytes(pair);
	}

	// Have the next COMMIT meet a fault, {before, after, answered}: called with
	// its connection before it is passed on, unless that returns false; then;
	// and before its answer is.  Resolves once it has come.
	atCommit(fault) {
		this.#fault = fault;
		return new Promise((resolve) => {
			this.#taken = resolve;
		});
	}

	takeFault() {
		const fault = this.#fault;
		this.#fault = undefined;
		if (fault !== undefined)
			this.#taken();
		return fault;
	}

	close() {
		this.cut();
		this.listener.close();
	}
}
