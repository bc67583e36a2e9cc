// What stranger does to a daemon, each by one client, and what that may cost;
// the process that does it, too.  See README.md in this folder.
'use strict';

const crypto = require('node:crypto');
const os = require('node:os');
const zlib = require('node:zlib');

const { COMPRESSED, DEFLATE, FIN, Http, PING, Peer, TEXT, aim, bytes, connect,
  every, frame, handshake, messageOf, pollRequest, postRequest, serve, wait } =
  require('./stranger-wire.js');

const NICENESS = 5; // of the attacker, beside the probe on its core
const COMPRESSION = ['websocket-compression=yes'];

// The largest that the defaults allow.
const MESSAGE_BYTES = 262144;
const LARGE_MEMBERS = 9;
const LARGE_CART_BYTES = 231000; // 9 of them are just below 2 MiB
const NAME = { customerName: 'Mallory', resumable: true };

const newSession = () => crypto.randomBytes(12).toString('hex');

// Text that is as hard to compress as it may be.
const noise = (length) =>
  crypto.randomBytes(length).toString('base64').slice(0, length);

const cartOf = (length) => ({ pad: noise(length) });

// A new session and its members: { session, customerId, token, peer }.
const enterAll = async (count) => {
  const session = newSession();
  const members = [];
  while (members.length < count) {
    const peer = await Peer.open(session);
    const event = members.length === 0 ? 'startSession' : 'joinSession';
    members.push({ session, peer, ...await peer.ask(event, NAME) });
  }
  return members;
};

const fill = (members) => Promise.all(members.map(({ peer, customerId }) =>
  peer.ask('updateCart', { customerId, seq: 1,
    cartContent: cartOf(LARGE_CART_BYTES) })));

// Wait until nothing has come for a while.
const settle = async () => {
  let before;
  do {
    before = bytes().received;
    await wait(500);
  } while (bytes().received !== before);
};

// The members of a session of 2 MiB, who have gone.
const leaveLarge = async () => {
  const members = await enterAll(LARGE_MEMBERS);
  await fill(members);
  await settle();
  for (const { peer } of members)
    peer.close();
  return members;
};

const readyOf = ({ customerId, token }, i) =>
  ({ customerId, token, customerReadyToCheckout: i % 2 === 0 });

// Changes the session by one short request.
const change = (http, member, i) => http.askOnce(member.session,
  'customerReadyToCheckout', readyOf(member, i));

// Connections that say something and read nothing, ever.
const sayUnread = (text) => {
  const socket = connect(() => true, () => {});
  socket.pause();
  socket.write(text);
};

const resumeFrame = ({ customerId, token }) =>
  frame(messageOf('resumeSession', { customerId, token }));

const resumeUnread = (member) => sayUnread(Buffer.concat([
  Buffer.from(handshake(member.session)), resumeFrame(member)]));

// Several WebSockets for each member; those that the daemon does not want or
// closes are left out.
const openReaders = async (members, each, extensions) => {
  const readers = [];
  for (let i = 0; i < members.length * each; i++) {
    const member = members[i % members.length];
    const peer = new Peer(member.session, { extensions });
    peer.opened.then(() => peer.socket.write(resumeFrame(member)), () => {});
    readers.push(peer);
    await wait(5);
  }
  await settle();
  return readers.filter((peer) => peer.messages > 0 && !peer.isOver);
};

// Change a session that others read, and wait until they have.
const changeForReaders = async ([member], readers, times) => {
  const http = new Http();
  await every(2, times / 2, (i) => change(http, member, i));
  await settle();
  return { readers: readers.length };
};

// Write the same again and again, as fast as it is taken, until the time is
// over; a new connection takes the place of one that was closed.  The counts
// are of frames or requests of `unit` bytes.
const flood = async (seconds, unit, openSocket) => {
  const batch = Buffer.concat(Array.from(
    { length: Math.max(Math.floor(65536 / unit.length), 1) }, () => unit));
  let isOver = false, closed = -1, socket;
  const pump = () => {
    while (!isOver && !socket.destroyed && socket.write(batch));
  };
  const begin = () => {
    if (isOver)
      return;
    closed++;
    socket = openSocket();
    socket.on('drain', pump);
    socket.once('close', () => setTimeout(begin, 100));
    pump();
  };
  begin();
  await wait(seconds * 1000);
  isOver = true;
  return { unitBytes: unit.length, closed };
};

// Without a look at what comes: the attacker is to be faster than the daemon.
const floodSession = (session, first, seconds, unit, extensions) =>
  flood(seconds, unit, () => {
    const socket = connect(() => true, () => {});
    socket.write(handshake(session, extensions));
    socket.write(first);
    return socket;
  });

// A flood on a WebSocket that speaks for a member.
const floodAsMember = ([member], seconds, unit, extensions) => {
  member.peer.close();
  return floodSession(member.session, resumeFrame(member), seconds, unit,
    extensions);
};

const smallUpdate = ({ customerId }) => frame(messageOf('updateCart',
  { customerId, cartContent: { pad: 'x' } }));

// A finished or unfinished message of almost as much as may be, in some hundred
// bytes.
const bombOf = (flags) => {
  const deflated = zlib.deflateRawSync(Buffer.alloc(MESSAGE_BYTES - 100, ' '),
    { level: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return frame(deflated.subarray(0, -4), TEXT, COMPRESSED | flags);
};

const invalidFrame = () => frame('{"event":"updateCart","payload":' +
  `{"customerId":"0","cartContent":{"pad":[${'1,'.repeat(125000)}]}}}`);

// Many say little, each well below its rate.
const saySmall = async (members, seconds) => {
  const frames = members.map(smallUpdate);
  await every(50 * members.length, seconds, (i) => {
    const n = i % members.length;
    members[n].peer.socket.write(frames[n]);
  });
  return { messages: 50 * members.length * seconds -
    members.reduce((sum, { peer }) => sum + peer.errors, 0) };
};

const sayLarge = async (members, times) => {
  const cartContent = cartOf(MESSAGE_BYTES - 1000);
  await Promise.all(members.map(async ({ peer, customerId }) => {
    for (let seq = 1; seq <= times; seq++)
      await peer.ask('updateCart', { customerId, seq, cartContent });
  }));
  return { messages: members.length * times };
};

// A session for each.
const enterApart = async (count) => {
  const members = [];
  while (members.length < count)
    members.push(...await enterAll(1));
  return members;
};

const joinAndLeave = async (http, session, count) => {
  const joined = await http.askOnce(session, 'joinSession', NAME);
  if (joined === undefined)
    return false;
  if (joined.event === 'error') {
    count.refused++;
    return true;
  }
  const { customerId, token } = joined.payload;
  const left = await http.askOnce(session, 'leaveSession',
    { customerId, token });
  count[left?.event === 'error' ? 'refused' : 'joined']++;
  return left !== undefined;
};

const pollAll = async (members, seconds) => {
  const requests = members.map(pollRequest);
  const idle = [];
  const counts = { answered: 0, refused: 0, closed: 0, unsent: 0 };
  let open = 0;
  await every(100 * members.length, seconds, (i) => {
    const http = idle.pop() ?? (open < 200 ? new Http() : undefined);
    if (http === undefined) {
      counts.unsent++;
      return;
    }
    open++;
    http.request(requests[i % requests.length]).then(({ status }) => {
      open--;
      counts[status === 200 ? 'answered' : status === 0 ? 'closed' :
        'refused']++;
      if (!http.isOver)
        idle.push(http);
    });
  });
  return counts;
};

// A message whose bytes come one by one, and one without end or contents.
const trickle = async (members, seconds) => {
  members.forEach(({ peer }, i) => peer.socket.write(i % 2 === 0 ?
    frame('', TEXT, FIN, 1000) : frame('', TEXT, 0)));
  await every(0.5, seconds, () => members.forEach(({ peer }, i) => {
    if (!peer.isOver)
      peer.socket.write(i % 2 === 0 ? 'x' : frame('', 0, 0));
  }));
  return { open: members.filter(({ peer }) => !peer.isOver).length };
};

// Somebody with a slow link who is the host of a session that becomes large.
const enterSlowHost = async () => {
  const session = newSession();
  const host = await Peer.open(session, { pace: { bytes: 10000, ms: 100 } });
  await host.ask('startSession', { customerName: 'Ada' });
  const members = [];
  while (members.length < LARGE_MEMBERS) {
    const peer = await Peer.open(session);
    members.push({ session, peer, ...await peer.ask('joinSession', NAME) });
  }
  await fill(members);
  for (const { peer } of members.slice(1))
    peer.close();
  return { session, host, members };
};

const takeSeat = async ({ session, host, members: [member] }, seconds) => {
  const http = new Http();
  let i = 0, tries = 0, seatsLost = 0;
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until && seatsLost === 0) {
    await change(http, member, i++);
    const peer = await Peer.open(session);
    const answer = await peer.askOnce('startSession', NAME);
    tries++;
    if (answer?.event === 'startSession' || host.isOver)
      seatsLost++;
    peer.close();
    await wait(500);
  }
  return { tries, seatsLost };
};

const floodLimits = (reference) => ({ cpuOfGood: { reference, atMost: 1 } });

// settings: of the daemon, besides the defaults
// setup: makes what run() is given, before anything is measured
// run: the attack; resolves to figures of its own.  One with unitBytes says of
// how many bytes each message is, one with messages how many there were
// seconds: how long it takes, where that is not what --seconds says
// comesIn: for how many seconds somebody new tries to come in then
// limits: see LIMITS in stranger, which hold for all that do not say otherwise
const ATTACKS = {
  polls: {
    title: '100 polls/s without a cursor, by one customer, 2 MiB each',
    setup: leaveLarge,
    run: ([member], seconds) => pollAll([member], seconds),
    limits: { cpuPercent: 60 },
  },
  'polls-each': {
    title: 'the same, by each of nine customers',
    setup: leaveLarge,
    run: pollAll,
    limits: { cpuPercent: 60 },
  },
  unread: {
    title: '400 WebSockets of one customer that read nothing, 2 MiB each',
    setup: leaveLarge,
    async run([member], seconds) {
      await every(400 / seconds, seconds, () => resumeUnread(member));
      return {};
    },
    limits: {},
  },
  versions: {
    title: 'the same, and the session changes between any two',
    setup: leaveLarge,
    async run([member, other], seconds) {
      const http = new Http();
      await every(400 / seconds, seconds, async (i) => {
        await change(http, other, i);
        resumeUnread(member);
      });
      return {};
    },
    // As for unread-polls below.
    limits: { cpuPercent: 60, memoryMiB: 160 },
  },
  'unread-polls': {
    title: '400 polls of one customer whose answers are not read, 2 MiB each',
    setup: leaveLarge,
    async run([member, other], seconds) {
      const http = new Http();
      await every(400 / seconds, seconds, async (i) => {
        await change(http, other, i);
        sayUnread(pollRequest(member));
      });
      return {};
    },
    // max-unsent, and what the others have.
    limits: { cpuPercent: 60, memoryMiB: 160 },
  },
  fanout: {
    title: 'two changes a second, 2 MiB to each of 180 who read',
    async setup() {
      const members = await leaveLarge();
      return { members, readers: await openReaders(members, 20) };
    },
    run: ({ members, readers }, seconds) =>
      changeForReaders(members, readers, seconds),
    limits: { cpuPercent: 60 },
  },
  disk: {
    title: 'one customer sends carts of 256 KiB, 100/s',
    setup: () => enterAll(1),
    seconds: 10,
    async run([{ peer, customerId }], seconds) {
      const update = frame(messageOf('updateCart', { customerId,
        cartContent: cartOf(MESSAGE_BYTES - 1000) }));
      const until = performance.now() + seconds * 1000;
      await Promise.race([wait(seconds * 1000),
        every(100, seconds, () => performance.now() > until ? undefined :
          new Promise((resolve) => peer.socket.write(update, resolve)))]);
      return { refused: peer.errors };
    },
    limits: { writtenMBps: 4, cpuPercent: 60 },
  },
  joins: {
    title: 'joining and leaving over HTTP, again and again',
    setup: () => enterAll(1),
    async run([{ session }], seconds) {
      const count = { joined: 0, refused: 0 };
      const until = performance.now() + seconds * 1000;
      await Promise.all(Array.from({ length: 4 }, async () => {
        const http = new Http();
        while (performance.now() < until &&
            await joinAndLeave(http, session, count));
      }));
      return count;
    },
    // A minute's joins may come at once.
    limits: { writtenMBps: 6 },
  },
  deflate: {
    title: 'one change, 2 MiB compressed for each of 49',
    settings: COMPRESSION,
    async setup() {
      const members = await leaveLarge();
      return { members,
        readers: (await openReaders(members, 6, DEFLATE)).slice(0, 49) };
    },
    run: ({ members, readers }) => changeForReaders(members, readers, 1),
    limits: { cpuSeconds: 1.5 },
  },
  bomb: {
    title: 'half messages of 300 bytes that inflate to 256 KiB, on 400 sockets',
    settings: COMPRESSION,
    setup: () => bombOf(0),
    async run(bomb, seconds) {
      const session = newSession();
      await every(400 / seconds * 2, seconds / 2, () => {
        const peer = new Peer(session, { extensions: DEFLATE });
        peer.opened.then(() => peer.socket.write(bomb), () => {});
      });
      await wait(seconds * 500);
      return {};
    },
    limits: {},
  },
  strangers: {
    title: 'max-connections=200, and 205 WebSockets that never join',
    settings: ['max-connections=200'],
    seconds: 1,
    comesIn: 45,
    async run(nothing, seconds) {
      const session = newSession();
      await every(205 / seconds, seconds, () => new Peer(session));
      return {};
    },
    limits: { inAfterSeconds: 40 },
  },
  trickle: {
    title: 'a byte or an empty fragment every 2 s, on 40 sockets',
    setup: () => enterAll(40),
    seconds: 40,
    run: trickle,
    limits: { open: 0 },
  },
  host: {
    title: 'a host who reads 100 kB/s of 2 MiB, and another wants its seat',
    setup: enterSlowHost,
    seconds: 12,
    run: takeSeat,
    limits: { seatsLost: 0 },
  },
  good: {
    title: '20 customers, 50 small messages/s each, none of them refused',
    setup: () => enterApart(20),
    seconds: 5,
    run: saySmall,
    limits: {},
  },
  'good-large': {
    title: '24 carts of 256 KiB, none of them refused',
    setup: () => enterApart(8),
    run: (members) => sayLarge(members, 3),
    limits: {},
  },
  flood: {
    title: 'small messages as fast as they are taken, on one socket',
    setup: () => enterAll(1),
    seconds: 5,
    run: (members, seconds) =>
      floodAsMember(members, seconds, smallUpdate(members[0])),
    limits: floodLimits('good'),
  },
  tiny: {
    title: 'the same, messages of one byte',
    setup: () => enterAll(1),
    seconds: 5,
    run: (members, seconds) => floodAsMember(members, seconds, frame('1')),
    limits: floodLimits('good'),
  },
  refused: {
    title: 'updates as fast as they are taken, for a customer who is not there',
    setup: () => enterAll(1),
    seconds: 5,
    run: (members, seconds) => floodAsMember(members, seconds,
      smallUpdate({ customerId: '0'.repeat(24) })),
    limits: floodLimits('good'),
  },
  pings: {
    title: 'pings as fast as they are taken',
    setup: () => enterAll(1),
    seconds: 5,
    run: (members, seconds) =>
      floodAsMember(members, seconds, frame('ping', PING)),
    limits: floodLimits('good'),
  },
  fragments: {
    title: 'empty fragments of one message, as fast as they are taken',
    seconds: 5,
    run: (nothing, seconds) => floodSession(newSession(), frame('', TEXT, 0),
      seconds, frame('', 0, 0)),
    limits: floodLimits('good'),
  },
  tokens: {
    title: 'wrong tokens over one kept HTTP connection',
    seconds: 5,
    run(nothing, seconds) {
      const request = postRequest(newSession(), 'customerReadyToCheckout',
        readyOf({ customerId: '0'.repeat(24), token: 'x'.repeat(43) }, 0));
      return flood(seconds, Buffer.from(request), () =>
        connect(() => true, () => {}));
    },
    limits: floodLimits('good'),
  },
  invalid: {
    title: 'messages of 250 kB that are no JSON at their end',
    setup: () => enterAll(1),
    seconds: 5,
    run: (members, seconds) =>
      floodAsMember(members, seconds, invalidFrame()),
    limits: floodLimits('good-large'),
  },
  bombs: {
    title: 'messages of 300 bytes that inflate to 256 KiB, and are no JSON',
    settings: COMPRESSION,
    setup: () => enterAll(1),
    seconds: 5,
    run: (members, seconds) =>
      floodAsMember(members, seconds, bombOf(FIN), DEFLATE),
    limits: floodLimits('good-large'),
  },
};

module.exports = { ATTACKS };

if (require.main === module) {
  let attack, state;
  os.setPriority(NICENESS);
  serve({
    async setup(name, port, address) {
      aim(port, address);
      attack = ATTACKS[name];
      state = await attack.setup?.();
    },

    // Resolves to what was sent and received, and what the attack says.
    async run(seconds) {
      const before = bytes();
      const figures = await attack.run(state, seconds);
      const after = bytes();
      return { sentBytes: after.sent - before.sent,
        receivedBytes: after.received - before.received, figures };
    },
  });
}
