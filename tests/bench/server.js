// How compare and stranger start a server, and where.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const SERVER_CORE = '0';
const LOAD_CORE = '1';
const MEMORY_FILESYSTEMS = [0x01021994, 0x858458f6]; // tmpfs, ramfs: statfs(2)

// The database belongs on a disk: on tmpfs there is nothing durable to measure.
const makeFolder = () => {
  const folder = fs.mkdtempSync(path.join(process.cwd(), 'bench-'));
  if (MEMORY_FILESYSTEMS.includes(fs.statfsSync(folder).type)) {
    fs.rmdirSync(folder);
    throw new Error('the current directory is in memory; use one on a disk');
  }
  return folder;
};

// Start a command, on the servers' core unless isPinned is false, with env
// besides its environment.  Resolves to what recognize() makes of its output as
// soon as that is something, and more: the child, `exited`, which resolves when
// it has, and said(), the end of its output.
const startServer = (command, recognize, { env: more, isPinned = true } = {}) =>
  new Promise((resolve, reject) => {
    const { PROTOCOL, NOTIFY_SOCKET, ...env } = process.env;
    const pin = isPinned ? ['taskset', '-c', SERVER_CORE] : [];
    const [program, ...words] = [...pin, ...command].map(String);
    const child = spawn(program, words,
      { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = new Promise((done) =>
      child.once('exit', (status, signal) => done(signal ?? status)));
    let said = '';
    const listen = (data) => {
      said = (said + data).slice(-10000);
      const server = recognize(said, child);
      if (server !== null)
        resolve({ child, exited, said: () => said, ...server });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', reject);
    exited.then(() => reject(new Error(`${command[0]} ended:\n${said}`)));
  });

// Recognizes the line of the daemon and of the peers.
const recognizePort = (said, child) => {
  const line = said.match(/^.*listening on.*:(\d+).*$/m);
  return line && { port: line[1], pid: child.pid };
};

module.exports = { LOAD_CORE, makeFolder, startServer, recognizePort };
