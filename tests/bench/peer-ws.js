#!/usr/bin/env node
// The seed protocol on npm's ws, in memory and without durability: what the
// daemon is compared with.  usage: peer-ws.js [PORT]
'use strict';

const crypto = require('node:crypto');
const http = require('node:http');
const { WebSocketServer } = require('ws');

// By session id: customers by id, each {owner, content, socket}.
const sessions = new Map();

const reply = (socket, event, payload) =>
  socket.send(JSON.stringify({ event, payload }));

// The text is made once, and encoded once, for all members.
const broadcast = (session) => {
  const multicartContent = [];
  for (const { owner, content } of session.values())
    multicartContent.push({ owner, content });
  const payload = { multicartContent };
  const message = Buffer.from(
    JSON.stringify({ event: 'multicartUpdate', payload }));
  for (const { socket } of session.values())
    socket.send(message, { binary: false });
};

const enter = (socket, session, event, name, isHost) => {
  const id = crypto.randomBytes(12).toString('hex');
  const owner = { id, name, isHost, isReadyToCheckout: false };
  session.set(id, { owner, content: {}, socket });
  socket.customerId = id;
  reply(socket, event, { customerId: id });
  broadcast(session);
};

const handlers = {
  startSession(socket, { customerName }) {
    const session = new Map();
    sessions.set(socket.sessionId, session);
    enter(socket, session, 'startSession', customerName, true);
  },
  joinSession(socket, { customerName }) {
    const session = sessions.get(socket.sessionId);
    if (session === undefined)
      reply(socket, 'error', { code: 'sessionNotFound' });
    else
      enter(socket, session, 'joinSession', customerName, false);
  },
  updateCart(socket, { customerId, cartContent }) {
    const session = sessions.get(socket.sessionId);
    const customer = session?.get(customerId);
    if (customer === undefined)
      return reply(socket, 'error', { code: 'unknownCustomer' });
    customer.content = cartContent;
    broadcast(session);
  },
  customerReadyToCheckout(socket, { customerId, customerReadyToCheckout }) {
    const session = sessions.get(socket.sessionId);
    const customer = session?.get(customerId);
    if (customer === undefined)
      return reply(socket, 'error', { code: 'unknownCustomer' });
    customer.owner.isReadyToCheckout = customerReadyToCheckout;
    broadcast(session);
  },
};

const receive = (socket, data) => {
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return reply(socket, 'error', { code: 'invalidJson' });
  }
  const handler = handlers[message.event];
  if (handler === undefined)
    reply(socket, 'error', { code: 'unknownEvent' });
  else
    handler(socket, message.payload);
};

const leave = (socket) => {
  const session = sessions.get(socket.sessionId);
  if (session === undefined || !session.delete(socket.customerId))
    return;
  if (session.size === 0)
    sessions.delete(socket.sessionId);
  else
    broadcast(session);
};

const server = http.createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket, request) => {
  socket.sessionId = request.url;
  socket.on('message', (data) => receive(socket, data));
  socket.on('close', () => leave(socket));
  socket.on('error', () => socket.terminate());
});
server.listen({ port: Number(process.argv[2] ?? 0), backlog: 1024 }, () =>
  console.log(`listening on [::]:${server.address().port}`));
