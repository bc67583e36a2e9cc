// How compare starts the daemon and those that it is compared with.
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const { recognizePort, startServer } = require('./server.js');

const NCHAN_MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules',
  '/usr/local/nginx/modules', '/usr/local/lib/nginx/modules']
  .map((folder) => path.join(folder, 'ngx_nchan_module.so'));
const NGINX_PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin:` +
  '/usr/local/nginx/sbin';

// The daemon without the limits that would be measured instead.
const SETTINGS = ['message-rate=0', 'new-session-rate=0',
  'session-write-rate=0', 'session-write-day=0', 'session-output-rate=0',
  'max-connections=20000', 'max-customers=500', 'max-held-polls=0',
  'head-timeout=60', 'join-timeout=0'];

const findNchan = (given) => {
  const found = (given === undefined ? NCHAN_MODULES : [given])
    .find((file) => fs.existsSync(file));
  const env = { ...process.env, PATH: NGINX_PATH };
  if (found === undefined || spawnSync('nginx', ['-v'], { env }).error)
    throw new Error('nginx with nchan is not installed, which long-polling ' +
      'is compared with\n(Debian: apt-get install nginx-light ' +
      'libnginx-mod-nchan; elsewhere: --nchan PATH of\n' +
      'ngx_nchan_module.so).  --only ws leaves that out.');
  return path.resolve(found);
};

const findPort = () => new Promise((resolve, reject) => {
  const server = net.createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// nginx cannot choose a port itself.  Its worker is what is measured.
const startNchan = async (options, folder) => {
  const port = await findPort();
  fs.copyFileSync(path.join(__dirname, 'nchan.conf'),
    path.join(folder, 'nchan.conf'));
  fs.writeFileSync(path.join(folder, 'listen.conf'),
    `listen 127.0.0.1:${port};\n`);
  fs.chmodSync(folder, 0o755);
  return startServer(['nginx', '-p', `${folder}/`, '-c', 'nchan.conf',
    '-e', 'stderr', '-g', `load_module ${options.nchan};`], (said) => {
    const line = said.match(/start worker process (\d+)\n/);
    return line && { port, pid: line[1] };
  }, { env: { PATH: NGINX_PATH } });
};

const startDaemon = (daemon, folder, how) => startServer([daemon,
  '-d', path.join(folder, 'bench.db'),
  ...SETTINGS.flatMap((setting) => ['-o', setting]), '0'], recognizePort, how);

// Each starts a server in a folder of its own.
const START = {
  daemon: (options, folder) => startDaemon(options.daemon, folder),
  before: (options, folder) => startDaemon(options.before, folder),
  unpinned: (options, folder) =>
    startDaemon(options.daemon, folder, { isPinned: false }),
  'peer-ws': (options) => startServer([process.execPath, options.peer, '0'],
    recognizePort),
  'peer-epoll': (options) => startServer([options.epoll, '0'], recognizePort),
  uws: (options) => startServer([options.uws, '0'], recognizePort),
  'uws-once': (options) => startServer([options.uws, '--once-a-turn', '0'],
    recognizePort),
  nchan: startNchan,
};

// Which of them there are, of those a scenario wants.
const chooseServers = (options, wanted) => wanted.flatMap((name) =>
  name === 'daemon' && options.before !== undefined ? [name, 'before'] :
    name.startsWith('uws') && options.uws === undefined ? [] : [name]);

module.exports = { START, chooseServers, findNchan };
