// A headless Chromium, by way of playwright-core.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

// Where Debian has it, unless the variable says otherwise.
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic',
	'--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];

const findPlaywright = () => {
	const places = [import.meta.url, path.resolve('package.json')];
	const modules = process.env.BUDDYSHOPPING_NODE_MODULES;
	if (modules !== undefined)
		places.push(path.resolve(modules, '..', 'package.json'));
	for (const place of places) {
		try {
			return createRequire(place)('playwright-core');
		} catch (error) {
			if (error.code !== 'MODULE_NOT_FOUND')
				throw error;
		}
	}
	return undefined;
};

const playwright = findPlaywright();

// Why there is no browser here; undefined if there is one.
export const whyNoBrowser = () => {
	if (playwright === undefined)
		return 'npm\'s package playwright-core was not found';
	return fs.existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}`;
};

export const launchBrowser = () => playwright.chromium.launch(
	{ executablePath: CHROMIUM, args: FLAGS });
