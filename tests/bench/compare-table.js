// What compare makes of its results: medians, verdicts, and tables.
'use strict';

const { TITLES, rowsOf } = require('./compare-scenarios.js');

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] :
    (sorted[middle - 1] + sorted[middle]) / 2;
};

const valuesOf = (results, field) => results.map((result) =>
  field.split('.').reduce((value, key) => value?.[key], result) ?? NaN);

const format = (value) => Number.isNaN(value) ? '-' :
  Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3);

// How the daemon's value stands to a limit; `missed` is undefined where that
// could not be measured.
const judge = (limit, medians) => {
  const [sign, value] = 'atLeast' in limit ? ['>=', limit.atLeast] :
    'atMost' in limit ? ['<=', limit.atMost] : ['<', limit.below];
  const ours = limit.of === undefined ? medians.daemon :
    medians.daemon / medians[limit.of];
  const isReached = { '>=': ours >= value, '<=': ours <= value,
    '<': ours < value }[sign];
  return { sign, value, of: limit.of, ours,
    missed: Number.isNaN(ours) ? undefined : !isReached };
};

const sayVerdict = ({ sign, value, of, ours, missed }, titles = {}) => {
  const times = of === undefined ? '' :
    ` x ${titles[of] ?? of} (${format(ours)})`;
  return `${sign} ${value}${times} ` +
    (missed === undefined ? 'not measured' : missed ? 'MISSED' : 'reached');
};

const hasMissed = ({ verdicts }) => verdicts.some(({ missed }) => missed);

// A row worked out: the median of each server, and the verdicts.
const workOut = ([what, field, ...limits], results) => {
  const medians = Object.fromEntries(Object.entries(results)
    .map(([name, runs]) => [name, median(valuesOf(runs, field))]));
  return { what, medians, runs: valuesOf(results.daemon, field),
    verdicts: limits.filter(({ of }) => of === undefined || of in results)
      .map((limit) => judge(limit, medians)) };
};

const isVerified = (results) =>
  Object.values(results).flat().every(({ verified }) => verified);

const printLine = (first, cells, last) => console.log([first.padEnd(19),
  ...cells.map((cell) => cell.padStart(10)), ...last].join('  ').trimEnd());

// Prints a scenario's table; whether everything in it is as it must be.
const report = (scenario, results) => {
  const verified = isVerified(results);
  console.log(`\n${scenario.title}${verified ? '' : ': NOT VERIFIED'}`);
  printLine('', Object.keys(results), ['(daemon, each run)']);
  const rows = rowsOf(scenario).map((row) => workOut(row, results));
  for (const { what, medians, runs, verdicts } of rows)
    printLine(what, Object.values(medians).map(format),
      [`(${runs.map(format).join(' ')})`,
        verdicts.map((verdict) => sayVerdict(verdict)).join('; ')]);
  return verified && !rows.some(hasMissed);
};

// A table in Markdown, a line at a time.

const grouped = (value) => format(value)
  .replace(/^\d{5,}$/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ' '));

const printCells = (cells) => console.log(`| ${cells.join(' | ')} |`);

const printHead = (columns) => {
  printCells(['', ...columns.map((name) => TITLES[name]), 'has to be']);
  printCells(['---', ...columns.map(() => '---:'), '---']);
};

// Prints one row; whether nothing in it was missed.
const printRow = (columns, row) => {
  printCells([row.what, ...columns.map((name) =>
    name in row.medians ? grouped(row.medians[name]) : ''),
  row.verdicts.map((verdict) => sayVerdict(verdict, TITLES)).join('; ')]);
  return !hasMissed(row);
};

// Prints a scenario's rows; whether everything in them is as it must be.
const printScenario = (columns, scenario, results) => {
  const verified = isVerified(results);
  const reached = scenario.rows.map((row) => printRow(columns, workOut(
    [`${scenario.short}: ${row[0]}${verified ? '' : ', NOT VERIFIED'}`,
      ...row.slice(1)], results)));
  return verified && reached.every(Boolean);
};

module.exports = { judge, median, printHead, printRow, printScenario, report };
