// The rows of the table of the night about what runs beside the daemon.
'use strict';

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const { judge } = require('./compare-table.js');

const RECORDS = 200000;
const SECONDS = 10;
const COMMANDS = ['backup', 'audit verify', 'retention'];
const LIMIT = { atMost: 2, of: 'alone' };

// Runs `beside` in the build folder that the daemon is in, on a database made
// in folder; rows as those of a scenario are.
const measureBeside = ({ daemon }, folder) => {
  const cwd = path.dirname(path.dirname(daemon));
  const database = path.join(folder, 'beside.db');
  execFileSync('tests/bench/fill', [database, RECORDS], { cwd });
  const lines = execFileSync(path.join(__dirname, 'beside'),
    ['-s', SECONDS, database, ...COMMANDS],
    { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const p99Of = Object.fromEntries(lines.split('\n').flatMap((line) => {
    const found = line.match(/^(\w.*?) +([\d.]+) +([\d.]+) +[\d.]+ +[\d.]+/);
    return found === null ? [] : [[found[1], Number(found[3])]];
  }));
  return ['nothing', ...COMMANDS].map((name) => {
    const medians = { daemon: p99Of[name], alone: p99Of.nothing };
    return { what: `${RECORDS} records, 1000 updates/s, beside ${name}: ` +
      'p99 in ms', medians,
    verdicts: name === 'nothing' ? [] : [judge(LIMIT, medians)] };
  });
};

module.exports = { measureBeside };
