// Tickets as a shop's server makes them, with node's own cryptography, and the
// files of their keys.

import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const encode = (value) => Buffer.from(JSON.stringify(value))
	.toString('base64url');

const signers = {
	HS256: (key, text) => crypto.createHmac('sha256', key).update(text)
		.digest(),
	ES256: (key, text) => crypto.sign('sha256', text,
		{ key, dsaEncoding: 'ieee-p1363' }),
	EdDSA: (key, text) => crypto.sign(null, text, key),
};

const makers = {
	HS256: () => {
		const secret = crypto.randomBytes(32).toString('hex');
		return { key: secret, suffix: 'hs256', text: `${secret}\n` };
	},
	ES256: () => makePair('ec', { namedCurve: 'P-256' }),
	EdDSA: () => makePair('ed25519', {}),
};

const makePair = (type, options) => {
	const { privateKey, publicKey } = crypto.generateKeyPairSync(type,
		options);
	return { key: privateKey, suffix: 'pem',
		text: publicKey.export({ type: 'spki', format: 'pem' }) };
};

export const ALGORITHMS = Object.keys(makers);

export const now = () => Math.floor(Date.now() / 1000);

// A key of a shop, whose other half the daemon finds in a file.
export class TicketKey {
	constructor(alg, kid, folder) {
		const { key, suffix, text } = makers[alg]();
		this.alg = alg;
		this.kid = kid;
		this.key = key;
		this.file = path.join(folder, `${kid}.${suffix}`);
		fs.writeFileSync(this.file, text, { mode: 0o600 });
	}

	// A ticket for an hour, unless the claims say something else.
	sign(claims = {}, header = {}) {
		const text = `${encode({ alg: this.alg, kid: this.kid, ...header })}` +
			`.${encode({ exp: now() + 3600, ...claims })}`;
		const signature = signers[this.alg](this.key, Buffer.from(text));
		return `${text}.${signature.toString('base64url')}`;
	}
}
