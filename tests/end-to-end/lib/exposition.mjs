// Prometheus' text exposition format 0.0.4, read as strictly as it can be: what
// is only tolerated is refused.

import assert from 'node:assert/strict';
import http from 'node:http';

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\[\\\\"n])*)"';
const NUMBER = '[0-9]+(?:\\.[0-9]+)?|\\+Inf';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.+)\\})? (${NUMBER})$`);
const KINDS = ['counter', 'gauge', 'histogram'];

const parseLabels = (text) => {
	const labels = {};
	let rest = text ?? '';
	while (rest !== '') {
		const match = rest.match(new RegExp(`^${LABEL}(?:,(?=.)|$)`));
		assert(match !== null, `labels: ${text}`);
		assert(!(match[1] in labels), `label twice: ${text}`);
		labels[match[1]] = match[2].replace(/\\(.)/g,
			(escape, c) => c === 'n' ? '\n' : c);
		rest = rest.slice(match[0].length);
	}
	return labels;
};

const keyOf = (labels) => Object.entries(labels).sort()
	.map(([name, value]) => `${name}=${value}`).join(',');

// The series of a histogram: le ascends, counts do too, the last is all.
const checkHistogram = ({ name, samples }) => {
	const series = new Map();
	for (const { suffix, labels: { le, ...labels }, value } of samples) {
		const key = keyOf(labels);
		const one = series.get(key) ?? { buckets: [] };
		series.set(key, one);
		assert.equal(suffix === '_bucket', le !== undefined);
		if (suffix === '_bucket')
			one.buckets.push({ le: le === '+Inf' ? Infinity : Number(le),
				value });
		else
			one[suffix] = value;
	}
	for (const { buckets, _sum: sum, _count: count } of series.values()) {
		assert(sum !== undefined && count !== undefined, name);
		assert.equal(buckets.at(-1).le, Infinity, name);
		assert.equal(buckets.at(-1).value, count, name);
		for (let i = 1; i < buckets.length; i++) {
			assert(buckets[i].le > buckets[i - 1].le, name);
			assert(buckets[i].value >= buckets[i - 1].value, name);
		}
	}
};

const checkFamily = (family) => {
	const { name, kind, samples } = family;
	assert.equal(name.endsWith('_total'), kind === 'counter', name);
	const seen = new Set();
	for (const { suffix, labels, value } of samples) {
		const key = `${suffix} ${keyOf(labels)}`;
		assert(!seen.has(key), `twice: ${name} ${key}`);
		seen.add(key);
		assert(value >= 0, `${name} ${value}`);
		assert.equal(Object.keys(labels).filter((l) => l !== 'le').join(),
			Object.keys(samples[0].labels).filter((l) => l !== 'le').join());
	}
	if (kind === 'histogram')
		checkHistogram(family);
};

const begin = (lines, families) => {
	const [, name, help] = lines.shift().match(
		new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])+)$`));
	const [, typed, kind] = lines.shift().match(
		new RegExp(`^# TYPE (${NAME}) ([a-z]+)$`));
	assert.equal(typed, name);
	assert(KINDS.includes(kind), kind);
	assert(!families.has(name), `family twice: ${name}`);
	const family = { name, help, kind, samples: [] };
	families.set(name, family);
	return family;
};

// Families by name: {name, help, kind, samples: [{suffix, labels, value}]}.
export const parse = (text) => {
	assert(text.endsWith('\n'));
	const lines = text.slice(0, -1).split('\n');
	const families = new Map();
	while (lines.length > 0) {
		const family = begin(lines, families);
		while (lines.length > 0 && !lines[0].startsWith('#')) {
			const match = lines[0].match(SAMPLE);
			assert(match !== null, lines[0]);
			const suffix = match[1].slice(family.name.length);
			assert(match[1].startsWith(family.name) &&
				(family.kind === 'histogram' ?
					['_bucket', '_sum', '_count'] : [''])
					.includes(suffix), lines[0]);
			family.samples.push({ suffix, labels: parseLabels(match[2]),
				value: match[3] === '+Inf' ? Infinity :
					Number(match[3]) });
			lines.shift();
		}
		checkFamily(family);
	}
	return families;
};

// The names that a query can have.
export const names = (families) => [...families.values()].flatMap(
	({ name, kind }) => kind === 'histogram' ?
		[`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]);

// The value of the sample with these labels, of a name with its suffix.
export const valueOf = (families, name, labels = {}) => {
	for (const family of families.values())
		for (const sample of family.samples)
			if (family.name + sample.suffix === name &&
			    keyOf(sample.labels) === keyOf(labels))
				return sample.value;
	throw new Error(`no ${name} ${keyOf(labels)}`);
};

// GET a path of whoever listens on a UNIX-domain socket or a local port.
export const get = (listener, path, { method = 'GET', headers } = {}) =>
	new Promise((resolve, reject) => {
		const place = typeof listener === 'string' ?
			{ socketPath: listener } :
			{ host: '127.0.0.1', port: listener };
		http.request({ ...place, method, path, headers, agent: false },
			async (response) => resolve({ status: response.statusCode,
				fields: response.headers,
				text: (await response.toArray()).join('') }))
			.on('error', reject).end();
	});
