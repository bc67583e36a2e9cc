// What compare measures: the scenarios, and what has to be reached in each.
'use strict';

const WS = ['daemon', 'peer-ws', 'uws', 'uws-once', 'peer-epoll'];
const WS_UNPINNED = ['daemon', 'unpinned', ...WS.slice(1)];
const WS_HELD = ['daemon', 'peer-ws', 'uws', 'peer-epoll'];
const POLL = ['daemon', 'nchan'];

// The columns of the table that is written every night.
const TITLES = {
  daemon: 'buddyshopping',
  before: 'before',
  unpinned: 'not pinned',
  'peer-ws': 'npm ws',
  uws: 'uWebSockets',
  'uws-once': 'uWebSockets once a turn',
  'peer-epoll': 'bare epoll',
  nchan: 'nginx nchan',
};

// A row: [what, field of fanout's line, limits for the daemon...].  A limit is
// {atLeast: value}, {atMost: value} or {below: value}; with {of: server}, the
// value is that many times the server's.
const NETWORK_ROW = ['net CPU us/delivery',
  'server_network_cpu_us_per_delivery', { atMost: 1, of: 'nchan' }];
const MEMORY_ROW = ['bytes each', 'rss_per_receiver_bytes',
  { atMost: 1, of: 'nchan' }];
const HOLD_ROWS = [
  ['message bytes', 'message_bytes'],
  ['answer all ms p50', 'answer_all_ms.p50'],
  ['answer all ms max', 'answer_all_ms.max'],
  ['first to last p50', 'answer_spread_ms.p50'],
  ['round trip ms p50', 'trip_ms.p50'],
  ['round trip ms p99', 'trip_ms.p99'],
  ['in a change, max', 'trip_in_round_ms.max'],
];
// Of all scenarios that are not held.
const LOAD_ROWS = [
  ['p50 in ms', 'latency_ms.p50'],
  ['p99 in ms', 'latency_ms.p99'],
  ['deliveries/s', 'deliveries_per_s'],
  ['messages/s', 'messages_per_s'],
  ['CPU us/update', 'server_cpu_us_per_update'],
  ['CPU us/delivery', 'server_cpu_us_per_delivery'],
  ['switches/update', 'server_switches_per_update'],
  ['CPU in %', 'cpu_percent'],
  ['load: CPU in %', 'client_cpu_percent'],
];

const load = (sessions, participants, bytes, ...more) => ['--sessions',
  sessions, '--participants', participants, '--cart-bytes', bytes, ...more];

// title and short name it in compare's own table and in that of the night,
// which has what has a short one.  isHeld: no updates are counted.  counts: one
// more run counts system calls.  beside: what another load holds meanwhile.
const SCENARIOS = {
  small: {
    title: '100 sessions of 3, carts of 1500 bytes, closed loop',
    short: '100 x 3',
    servers: WS_UNPINNED,
    load: load(100, 3, 1500),
    rows: [['updates/s', 'updates_per_s', { atLeast: 2, of: 'peer-ws' },
      { atLeast: 0.65, of: 'uws' }],
    ['CPU us/update', 'server_cpu_us_per_update', { atMost: 22 }],
    ['p99 in ms', 'latency_ms.p99']],
  },
  large: {
    title: '10 sessions of 50, carts of 300 bytes, closed loop',
    short: '10 x 50',
    servers: WS_UNPINNED,
    load: load(10, 50, 300),
    rows: [['updates/s', 'updates_per_s', { atLeast: 5, of: 'peer-ws' },
      { atLeast: 0.75, of: 'uws-once' }],
    ['p99 in ms', 'latency_ms.p99']],
  },
  rate: {
    title: '1000 sessions of 3, carts of 1500 bytes, 1 update/s in each',
    short: '1000 x 3, 1 update/s in each',
    servers: WS_UNPINNED,
    load: load(1000, 3, 1500, '--rate', 1),
    counts: true,
    rows: [['p50 in ms', 'latency_ms.p50', { atMost: 2, of: 'peer-epoll' }],
      ['p99 in ms', 'latency_ms.p99', { below: 10 },
        { atMost: 1.5, of: 'peer-epoll' }],
      ['CPU us/delivery', 'server_cpu_us_per_delivery'],
      ['syscalls/update', 'server_syscalls_per_update', { atMost: 10 }],
      ['switches/update', 'server_switches_per_update'],
      ['CPU in %', 'cpu_percent', { below: 20 }]],
  },
  wide: {
    title: '1 session of 500, carts of 300 bytes, closed loop',
    short: '1 x 500',
    servers: ['daemon', 'uws-once'],
    load: load(1, 500, 300),
    rows: [['updates/s', 'updates_per_s'], ['p99 in ms', 'latency_ms.p99']],
  },
  heavy: {
    title: '1 session of 3, carts of 200 000 bytes, closed loop',
    short: '1 x 3, carts of 200 000 bytes',
    servers: WS,
    load: load(1, 3, 200000),
    rows: [['updates/s', 'updates_per_s'], ['p99 in ms', 'latency_ms.p99']],
  },
  idle: {
    title: '10000 idle connections',
    short: '10 000 idle connections',
    servers: WS_HELD,
    load: ['--sessions', 10000, '--participants', 1, '--idle'],
    rows: [['bytes each', 'rss_per_connection_bytes', { atMost: 1024 }]],
    isHeld: true,
  },
  joined: {
    title: '10002 joined in sessions of 3, carts of 1500 bytes',
    servers: WS_HELD,
    load: load(3334, 3, 1500, '--join-only'),
    rows: [['bytes each', 'rss_per_connection_bytes', { atMost: 4096 }]],
    isHeld: true,
  },
  'poll-small': {
    title: 'polling: 100 sessions of 3, carts of 1500 bytes, closed loop',
    short: 'polling, 100 x 3',
    servers: POLL,
    load: load(100, 3, 1500),
    rows: [['updates/s', 'updates_per_s'],
      ['CPU us/delivery', 'server_cpu_us_per_delivery'], NETWORK_ROW],
  },
  'poll-large': {
    title: 'polling: 10 sessions of 50, carts of 300 bytes, closed loop',
    servers: POLL,
    load: load(10, 50, 300),
    rows: [NETWORK_ROW],
  },
  'poll-rate': {
    title: 'polling: 300 sessions of 3, carts of 1500 bytes, ' +
      '1 update/s in each',
    servers: POLL,
    load: load(300, 3, 1500, '--rate', 1),
    rows: [NETWORK_ROW],
  },
  'poll-wide': {
    title: 'polling: 10 sessions of 3 and 97 watchers, carts of 1500 bytes, ' +
      '5 updates/s in each',
    servers: POLL,
    load: load(10, 3, 1500, '--watchers', 97, '--rate', 5),
    rows: [NETWORK_ROW],
  },
  'poll-few': {
    title: 'polling: 10 sessions of 3, carts of 1500 bytes, ' +
      '10 updates/s in each, beside 300 held polls',
    short: 'polling, 10 x 3, 10 updates/s in each, 300 other polls held',
    servers: POLL,
    load: load(10, 3, 1500, '--rate', 10),
    beside: load(100, 3, 1500, '--join-only'),
    rows: [['CPU us/update', 'server_cpu_us_per_update']],
  },
  'poll-many': {
    title: 'polling: the same beside 6000 held polls',
    short: 'the same, 6000 other polls held',
    servers: POLL,
    load: load(10, 3, 1500, '--rate', 10),
    beside: load(2000, 3, 1500, '--join-only'),
    rows: [['CPU us/update', 'server_cpu_us_per_update']],
  },
  'poll-trip': {
    title: 'polling: polls that are answered at once',
    short: 'polling, a poll that is answered at once',
    servers: POLL,
    load: load(1, 1, 1500, '--hold', '--rounds', 1),
    counts: true,
    rows: [['system calls', 'server_syscalls_per_trip', { atMost: 3 }],
      ['round trip ms p50', 'trip_ms.p50']],
    isHeld: true,
  },
  'poll-held': {
    title: '10000 held polls: 100 sessions of 3 and 97 watchers, ' +
      'carts of 1500 bytes',
    short: '10 000 held polls',
    servers: POLL,
    load: load(100, 3, 1500, '--watchers', 97, '--hold'),
    rows: [[...MEMORY_ROW, { atMost: 2048 }]],
    more: HOLD_ROWS,
    isHeld: true,
  },
  'poll-joined': {
    title: '10002 held polls: 3334 sessions of 3, carts of 1500 bytes',
    servers: POLL,
    load: load(3334, 3, 1500, '--hold'),
    rows: [MEMORY_ROW],
    more: HOLD_ROWS,
    isHeld: true,
  },
  'poll-wake': {
    title: '1000 polls of one session: 20 and 980 watchers, ' +
      'carts of 300 bytes',
    servers: POLL,
    load: load(1, 20, 300, '--watchers', 980, '--hold'),
    rows: [MEMORY_ROW],
    more: HOLD_ROWS,
    isHeld: true,
  },
  'poll-wake-all': {
    title: '10000 polls of one session: 20 and 9980 watchers, ' +
      'carts of 300 bytes',
    servers: POLL,
    load: load(1, 20, 300, '--watchers', 9980, '--hold'),
    rows: [MEMORY_ROW],
    more: HOLD_ROWS,
    isHeld: true,
  },
};

const kindOf = (scenario) => scenario.servers === POLL ? 'poll' : 'ws';

// The names of those of that name or kind, or of the night; or all.
const chooseScenarios = ({ only, nightly }) =>
  Object.keys(SCENARIOS).filter((name) => only === undefined ?
    !nightly || SCENARIOS[name].short !== undefined :
    only === name || only === kindOf(SCENARIOS[name]));

// Every row that compare's own table has.
const rowsOf = ({ rows, more = [], isHeld }) => {
  const own = rows.map(([, field]) => field);
  return [...rows, ...isHeld ? more :
    LOAD_ROWS.filter(([, field]) => !own.includes(field))];
};

module.exports = { SCENARIOS, TITLES, chooseScenarios, kindOf, rowsOf };
