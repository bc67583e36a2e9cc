// The others, while stranger attacks: an honest session of three, and somebody
// new who wants to come in.  A process of its own.
'use strict';

const crypto = require('node:crypto');
const { Peer, aim, serve, wait } = require('./stranger-wire.js');

const ADDRESS = '198.51.100.7';
const MEMBERS = 3;
const CART_BYTES = 1500;
const RATE = 20; // updates a second
const PATIENCE_MS = 10000; // for what is under way at the end of a phase
const TRY_MS = 20000; // until somebody new tries again

const PAD = 'x'.repeat(CART_BYTES);

const members = [];
const newSession = () => crypto.randomBytes(12).toString('hex');

// What was sent in a phase counts there, whenever it arrives.
const newPhase = () =>
  ({ latencies: [], late: [], pending: 0, lost: 0, errors: 0 });
let phase = newPhase();

const record = (sender, receiver, seq) => {
  const now = performance.now();
  const last = receiver.shown.get(sender.customerId) ?? 0;
  for (let k = last + 1; k <= seq; k++) {
    const update = sender.updates[k];
    update.phase.latencies.push(now - update.time);
    update.phase.pending--;
  }
  receiver.shown.set(sender.customerId, Math.max(seq, last));
};

const show = (receiver, { multicartContent }) => {
  for (const { owner, content } of multicartContent) {
    const sender = members.find((one) => one.customerId === owner.id);
    if (sender !== undefined && sender !== receiver)
      record(sender, receiver, content.seq ?? 0);
  }
};

const enter = async (session) => {
  const peer = await Peer.open(session);
  const event = members.length === 0 ? 'startSession' : 'joinSession';
  const { customerId } = await peer.ask(event, { customerName: 'Ada',
    resumable: true });
  const member = { peer, customerId, updates: [null], shown: new Map() };
  peer.onMessage = ({ event, payload }) => {
    if (event === 'multicartUpdate')
      show(member, payload);
    if (event === 'error')
      phase.errors++;
  };
  peer.ended.then(() => phase.lost++);
  members.push(member);
};

const update = (member) => {
  const seq = member.updates.length;
  member.updates.push({ time: performance.now(), phase });
  phase.pending += MEMBERS - 1;
  member.peer.send('updateCart', { customerId: member.customerId,
    cartContent: { seq, pad: PAD } });
};

const updateForEver = async () => {
  const start = performance.now();
  for (let i = 0; ; i++) {
    const due = start + i * 1000 / RATE;
    await wait(Math.max(due - performance.now(), 0));
    phase.late.push(performance.now() - due);
    update(members[i % MEMBERS]);
  }
};

const quantile = (sorted, q) =>
  sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)] ?? NaN;

const summarize = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1) };
};

// What has not arrived yet took at least until now.
const waiting = (the) => {
  const now = performance.now();
  return members.flatMap((sender) => members
    .filter((receiver) => receiver !== sender)
    .flatMap((receiver) => sender.updates
      .slice((receiver.shown.get(sender.customerId) ?? 0) + 1)
      .filter((update) => update.phase === the)
      .map(({ time }) => now - time)));
};

const tryToComeIn = async () => {
  const peer = new Peer(newSession());
  try {
    return await Promise.race([wait(TRY_MS).then(() => false), (async () => {
      await peer.opened;
      const { customerId } = await peer.ask('startSession',
        { customerName: 'Eve', resumable: true });
      await peer.ask('updateCart', { customerId, seq: 1, cartContent: {} });
      return true;
    })()]);
  } catch {
    return false;
  } finally {
    peer.close();
  }
};

serve({
  async start(port) {
    aim(port, ADDRESS);
    const session = newSession();
    while (members.length < MEMBERS)
      await enter(session);
    updateForEver();
  },

  begin() {
    phase = newPhase();
  },

  // Resolves to the figures of what was sent since begin().
  async end() {
    const ended = phase;
    phase = newPhase();
    const until = performance.now() + PATIENCE_MS;
    while (ended.pending > 0 && performance.now() < until)
      await wait(10);
    return { ...summarize([...ended.latencies, ...waiting(ended)]),
      late: summarize(ended.late).p99, count: ended.latencies.length,
      undelivered: ended.pending, lost: ended.lost, errors: ended.errors };
  },

  // Resolves to the seconds until somebody new has changed a cart, null if
  // that was not to be had in so many.
  async comeIn(seconds) {
    const start = performance.now();
    const since = () => (performance.now() - start) / 1000;
    while (since() < seconds) {
      const left = wait((seconds - since()) * 1000).then(() => false);
      if (await Promise.race([tryToComeIn(), left]))
        return since();
      await wait(1000);
    }
    return null;
  },
});
