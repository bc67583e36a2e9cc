// The daemon behind lighttpd, as contrib/ has it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';

import { testFront } from './lib/front-tests.mjs';

// A frame with a short text, masked with zeros.
const frameOf = (text) =>
	Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]);

// RFC 8441, which browsers speak if the server does.
const openByHttp2 = async ({ host, port, base }) => {
	const session = http2.connect(`http://${host}:${port}`);
	const [settings] = await once(session, 'remoteSettings');
	assert(settings.enableConnectProtocol);
	const stream = session.request({ ':method': 'CONNECT',
		':protocol': 'websocket', ':scheme': 'http',
		':authority': `${host}:${port}`, ':path': `${base}/http2`,
		'sec-websocket-version': 13 });
	const response = once(stream, 'response');
	stream.write(frameOf(
		'{"event":"startSession","payload":{"customerName":"Ada"}}'));
	assert.equal((await response)[0][':status'], 200);
	const [frame] = await once(stream, 'data');
	assert.match(frame.toString('latin1'), /"event":"startSession"/);
	session.destroy();
};

await testFront('lighttpd',
	{ more: { 'a WebSocket may come by HTTP/2': openByHttp2 } });
