// A headless Chromium, by way of playwright-core.

import fs from 'node:fs';
import { createRequire } from 'node:module';

import { lacking, makeFolder } from './daemon.mjs';

// Where Debian has it, unless the variable says otherwise.
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic',
	'--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];

const findPlaywright = () => {
	try {
		return createRequire(import.meta.url)('playwright-core');
	} catch (error) {
		if (error.code !== 'MODULE_NOT_FOUND')
			throw error;
		return undefined;
	}
};

const playwright = findPlaywright();

// Why there is no browser here; undefined if there is one.
export const whyNoBrowser = () => {
	if (playwright === undefined)
		return lacking('all', 'npm\'s package playwright-core was not found');
	if (!fs.existsSync(CHROMIUM))
		return lacking('all', `there is no ${CHROMIUM}`);
	return undefined;
};

// With a home of its own, and more arguments if need be.
export const launchBrowser = (args = []) => {
	const home = makeFolder();
	return playwright.chromium.launch({
		executablePath: CHROMIUM,
		args: [...FLAGS, ...args],
		env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home,
			XDG_CACHE_HOME: home },
	});
};
