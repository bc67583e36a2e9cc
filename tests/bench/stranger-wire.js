// WebSocket and HTTP by hand, for stranger's attackers and its probe: client
// libraries are too polite to leave out a half of a message, or to read
// nothing.
'use strict';

const net = require('node:net');

const HOST = '127.0.0.1';
const READ_BYTES = 262144;
const PARSE_BYTES = 65536; // longer messages are only counted
const HEAD_END = Buffer.from('\r\n\r\n');

const TEXT = 1, CLOSE = 8, PING = 9, PONG = 10;
const FIN = 0x80, COMPRESSED = 0x40;

// Where the daemon is, and from where we say to come.
let port, address;
const aim = (thePort, theAddress) => {
  port = thePort;
  address = theAddress;
};

// Bytes of all connections; those of the closed ones are added up.
const open = new Set();
let sent = 0, received = 0;

const sentOn = (socket) => (socket.bytesWritten ?? 0) - socket.writableLength;

const bytes = () => {
  let all = sent;
  for (const socket of open)
    all += sentOn(socket);
  return { sent: all, received };
};

const forget = (socket) => {
  if (open.delete(socket))
    sent += sentOn(socket);
};

const SHARED = Buffer.allocUnsafe(READ_BYTES);

// A connection that calls onData(bytes) with what it reads, in memory that is
// used again, and onEnd() once when it is over.  onData returns false to stop
// reading until resume().
const connect = (onData, onEnd, buffer = SHARED) => {
  const callback = (n) => {
    received += n;
    return onData(buffer.subarray(0, n));
  };
  const socket = net.connect({ port, host: HOST, noDelay: true,
    onread: { buffer, callback } });
  open.add(socket);
  socket.on('error', () => {});
  socket.once('end', () => socket.destroy());
  socket.once('close', () => {
    forget(socket);
    onEnd();
  });
  return socket;
};

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A frame masked with zeros, which leaves the payload as it is.
const frame = (payload, opcode = TEXT, flags = FIN, len = payload.length) => {
  const size = len < 126 ? 2 : len < 65536 ? 4 : 10;
  const head = Buffer.alloc(size + 4);
  head[0] = flags | opcode;
  head[1] = 0x80 | (size === 2 ? len : size === 4 ? 126 : 127);
  if (size === 4)
    head.writeUInt16BE(len, 2);
  if (size === 10)
    head.writeBigUInt64BE(BigInt(len), 2);
  return Buffer.concat([head, Buffer.from(payload)]);
};

const messageOf = (event, payload) => JSON.stringify({ event, payload });

const handshake = (session, extensions = '') =>
  `GET /${session} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\n` +
  `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: c3RyYW5nZXIgc3RyYW5nZQ==\r\n` +
  `X-Forwarded-For: ${address}\r\n${extensions}\r\n`;

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n';

// Cuts messages and control frames out of what the daemon sends; those of up to
// PARSE_BYTES go to onMessage(opcode, payload), of others and of compressed
// ones null.
class FrameReader {
  #head = Buffer.alloc(0);
  #left = 0; // of the frame's payload
  #isLast = false; // of its message
  #message; // that is being fragmented
  #into; // the message or control frame whose payload comes

  constructor(onMessage) {
    this.onMessage = onMessage;
  }

  feed(data) {
    while (data.length > 0)
      data = this.#left > 0 ? this.#feedPayload(data) : this.#feedHead(data);
  }

  #feedHead(data) {
    const missing = this.#headBytes() - this.#head.length;
    this.#head = Buffer.concat([this.#head, data.subarray(0, missing)]);
    if (this.#head.length === this.#headBytes())
      this.#begin();
    return data.subarray(missing);
  }

  #headBytes() {
    const code = this.#head.length < 2 ? 0 : this.#head[1] & 0x7f;
    return code === 127 ? 10 : code === 126 ? 4 : 2;
  }

  #begin() {
    const head = this.#head;
    const opcode = head[0] & 0x0f;
    this.#head = Buffer.alloc(0);
    this.#isLast = (head[0] & FIN) !== 0;
    this.#left = head.length === 2 ? head[1] & 0x7f :
      head.length === 4 ? head.readUInt16BE(2) :
        Number(head.readBigUInt64BE(2));
    if (opcode !== 0)
      this.#into = { opcode, size: 0, parts: [],
        isKept: (head[0] & COMPRESSED) === 0 };
    if (opcode === 0)
      this.#into = this.#message;
    else if (opcode < CLOSE)
      this.#message = this.#into;
    this.#keep(this.#into, this.#left);
    if (this.#left === 0)
      this.#finish();
  }

  #keep(into, more) {
    into.size += more;
    if (into.size <= PARSE_BYTES)
      return;
    into.isKept = false;
    into.parts = [];
  }

  #feedPayload(data) {
    const n = Math.min(this.#left, data.length);
    if (this.#into.isKept)
      this.#into.parts.push(Buffer.from(data.subarray(0, n)));
    this.#left -= n;
    if (this.#left === 0)
      this.#finish();
    return data.subarray(n);
  }

  #finish() {
    const { opcode, isKept, parts } = this.#into;
    if (this.#isLast)
      this.onMessage(opcode, isKept ? Buffer.concat(parts) : null);
  }
}

// A WebSocket.  `opened` resolves to the head of the daemon's answer.
class Peer {
  isOver = false;
  messages = 0;
  errors = 0;
  onMessage = () => {};
  #head = Buffer.alloc(0);
  #isOpen = false;
  #answer; // of ask()
  #end;
  #resolve;
  #frames = new FrameReader((opcode, payload) => this.#take(opcode, payload));

  // `pace` is { bytes, ms } for one who reads so slowly.
  constructor(session, { extensions, pace } = {}) {
    this.session = session;
    this.ended = new Promise((resolve) => { this.#end = resolve; });
    this.opened = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.ended.then(() => reject(new Error('a WebSocket was closed')));
    });
    this.opened.catch(() => {});
    this.socket = connect((data) => this.#read(data, pace), () => {
      this.isOver = true;
      this.#answer?.(undefined);
      this.#end();
    }, pace && Buffer.alloc(pace.bytes));
    this.socket.write(handshake(session, extensions));
  }

  static async open(session, options) {
    const peer = new Peer(session, options);
    await peer.opened;
    return peer;
  }

  #read(data, pace) {
    if (this.#isOpen)
      this.#frames.feed(data);
    else
      this.#readHead(data);
    if (pace === undefined)
      return true;
    setTimeout(() => this.socket.resume(), pace.ms);
    return false;
  }

  #readHead(data) {
    this.#head = Buffer.concat([this.#head, data]);
    const end = this.#head.indexOf(HEAD_END);
    if (end === -1)
      return;
    const head = this.#head.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101 ')) {
      this.socket.destroy();
      return;
    }
    this.#isOpen = true;
    this.#resolve(head);
    this.#frames.feed(this.#head.subarray(end + HEAD_END.length));
  }

  #take(opcode, payload) {
    if (opcode === PING)
      this.socket.write(frame(payload, PONG));
    else if (opcode === CLOSE)
      this.socket.destroy();
    else if (opcode !== PONG)
      this.#takeMessage(payload);
  }

  #takeMessage(payload) {
    this.messages++;
    if (payload === null)
      return;
    const message = JSON.parse(payload);
    if (message.event === 'error')
      this.errors++;
    if (message.event !== 'multicartUpdate')
      this.#answer?.(message);
    this.onMessage(message);
  }

  send(event, payload) {
    this.socket.write(frame(messageOf(event, payload)));
  }

  // Resolves to the reply or the error; undefined if the connection ends.
  async askOnce(event, payload) {
    if (this.isOver)
      return undefined;
    const answer = new Promise((resolve) => { this.#answer = resolve; });
    this.send(event, payload);
    return answer;
  }

  // Resolves to the payload of the reply, however long limits make it wait.
  ask(event, payload) {
    return insist(event, () => this.askOnce(event, payload));
  }

  close() {
    this.socket.destroy();
  }
}

// Asks again what is refused because of a rate.
const insist = async (event, ask) => {
  for (;;) {
    const answer = await ask();
    if (answer === undefined)
      throw new Error(`${event}: the connection was closed`);
    if (answer.event !== 'error')
      return answer.payload;
    if (answer.payload.code !== 'rateLimited')
      throw new Error(`${event}: ${answer.payload.code}`);
    await wait((answer.payload.retryAfter ?? 1) * 1000);
  }
};

const pollRequest = ({ session, customerId, token }) =>
  `GET /${session}?customerId=${customerId} HTTP/1.1\r\nHost: shop\r\n` +
  `X-Forwarded-For: ${address}\r\nAuthorization: Bearer ${token}\r\n\r\n`;

const postRequest = (session, event, payload) => {
  const body = messageOf(event, payload);
  return `POST /${session} HTTP/1.1\r\nHost: shop\r\n` +
    `X-Forwarded-For: ${address}\r\nContent-Length: ${body.length}\r\n\r\n` +
    body;
};

// A connection on which requests are made one after the other.
class Http {
  isOver = false;
  #data = Buffer.alloc(0);
  #left = -1; // of the body; -1 in the head
  #status;
  #done;

  constructor() {
    this.socket = connect((data) => this.#read(data), () => {
      this.isOver = true;
      this.#done?.({ status: 0 });
    });
  }

  // Resolves to { status, text }, status 0 if the connection ended; of a body
  // of more than PARSE_BYTES there is no text.
  request(text) {
    if (this.isOver)
      return Promise.resolve({ status: 0 });
    const done = new Promise((resolve) => { this.#done = resolve; });
    this.socket.write(text);
    return done;
  }

  #read(data) {
    if (this.#left === -1)
      data = this.#readHead(data);
    if (this.#left === -1)
      return;
    this.#left -= data.length;
    if (this.#data !== null && data.length > 0)
      this.#data = Buffer.concat([this.#data, data]);
    if (this.#left === 0)
      this.#finish();
  }

  // Returns what is behind the head, once that is complete.
  #readHead(data) {
    this.#data = Buffer.concat([this.#data, data]);
    const end = this.#data.indexOf(HEAD_END);
    if (end === -1)
      return data;
    const head = this.#data.toString('latin1', 0, end);
    const rest = this.#data.subarray(end + HEAD_END.length);
    this.#status = Number(head.slice(9, 12));
    this.#left = Number(head.match(/\ncontent-length: (\d+)/i)?.[1] ?? 0);
    this.#data = this.#left <= PARSE_BYTES ? Buffer.alloc(0) : null;
    return rest;
  }

  #finish() {
    const answer = { status: this.#status, text: this.#data?.toString() };
    this.#data = Buffer.alloc(0);
    this.#left = -1;
    this.#done(answer);
  }

  // As those of Peer, but only what is short can be read.
  async askOnce(session, event, payload) {
    const { status, text } =
      await this.request(postRequest(session, event, payload));
    return status === 0 ? undefined :
      JSON.parse(text).messages[0] ?? { event, payload: {} };
  }

  ask(session, event, payload) {
    return insist(event, () => this.askOnce(session, event, payload));
  }
}

// Call step(i) `rate` times a second, late ones at once, for so many seconds.
const every = async (rate, seconds, step) => {
  const start = performance.now();
  for (let i = 0; i < rate * seconds; i++) {
    const early = start + i * 1000 / rate - performance.now();
    if (early > 0)
      await wait(early);
    await step(i);
  }
};

// Answer the calls of the process that started this one, which ends with it.
const serve = (methods) => {
  process.on('message', async ({ method, args }) => {
    try {
      process.send({ result: await methods[method](...args) });
    } catch (error) {
      process.send({ error: error.stack });
    }
  });
  process.on('disconnect', () => process.exit());
};

module.exports = { CLOSE, COMPRESSED, DEFLATE, FIN, Http, PING, Peer, TEXT,
  aim, bytes, connect, every, frame, handshake, messageOf, pollRequest,
  postRequest, serve, wait };
