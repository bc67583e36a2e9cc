// What browsers have and node before version 20.10 has not, for the client.

import { webcrypto } from 'node:crypto';

import { WebSocket } from './client.mjs';

globalThis.WebSocket ??= WebSocket;
globalThis.crypto ??= webcrypto;
globalThis.CustomEvent ??= class extends Event {
	constructor(type, options) {
		super(type, options);
		this.detail = options?.detail ?? null;
	}
};
