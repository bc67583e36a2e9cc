// A page with a client in it, and the fake server and network around it.
import { BuddyShopping } from '../buddyshopping.js';
import { Clock, seeded } from './clock.mjs';
import { FakeBrowser } from './fake-browser.mjs';
import { FakeNetwork } from './fake-network.mjs';
import { FakeServer } from './fake-server.mjs';
import { FakeStorage } from './fake-storage.mjs';

export { FakeStorage };

export class World {
	clock = new Clock();
	server = new FakeServer(this.clock);
	network = new FakeNetwork(this.clock, this.server);
	session = 'https://shop.example/together/s1';

	constructor(seed = 1) {
		this.random = seeded(seed);
	}

	get journal() {
		return this.server.journal;
	}

	page(network = this.network) {
		return new Page(this, network);
	}

	// A page beside others of one browser, which has a network of its own.
	tab(browser, network = new FakeNetwork(this.clock, this.server)) {
		const page = new Page(this, network);
		page.enterBrowser(browser);
		return page;
	}

	browser() {
		return new FakeBrowser(this.clock);
	}

	// Another customer, with a network of its own that works.
	async friend(event, name) {
		const page = this.page(new FakeNetwork(this.clock, this.server));
		const shop = page.open();
		shop[event](name);
		await this.clock.advance(1000);
		return shop;
	}
}

class Page {
	#world;
	sessionStorage = new FakeStorage();
	localStorage = new FakeStorage();

	constructor(world, network) {
		this.#world = world;
		this.network = network;
		this.#load();
	}

	#load() {
		this.window = new EventTarget();
		this.document = new EventTarget();
		this.connection = new EventTarget();
		this.document.visibilityState = 'visible';
		this.events = [];
	}

	enterBrowser(browser) {
		this.localStorage = browser.storageOf(this);
		this.locks = browser.locks;
	}

	open(options = {}, url = this.#world.session) {
		this.shop = new BuddyShopping(url, this.optionsWith(options));
		for (const type of ['multicart', 'state', 'pending', 'presence',
			'say', 'missed', 'error', 'left'])
			this.shop.addEventListener(type,
				({ detail }) => this.events.push([type, detail]));
		return this.shop;
	}

	// What makes a client one of this page.
	optionsWith(options) {
		const { clock, random } = this.#world;
		return { ...options, platform: {
			...clock, ...this.network.platform, random,
			getRandomValues: (bytes) => bytes.forEach((_, i) => {
				bytes[i] = 256 * random();
			}),
			sessionStorage: this.sessionStorage,
			localStorage: this.localStorage, locks: this.locks,
			window: this.window, document: this.document,
			connection: this.connection,
			...options.platform,
		} };
	}

	// What a reload does: the old page's connections end with it.
	reload(options, url) {
		this.shop.close();
		this.#load();
		return this.open(options, url);
	}

	show(isShown) {
		this.document.visibilityState = isShown ? 'visible' : 'hidden';
		this.document.dispatchEvent(new Event('visibilitychange'));
	}

	told(type) {
		return this.events.filter(([name]) => name === type)
			.map(([, detail]) => detail);
	}
}

// What becomes of a promise: 'pending', 'resolved', or the error's code.
export function outcome(promise) {
	const seen = { is: 'pending' };
	promise.then((value) => {
		seen.is = 'resolved';
		seen.value = value;
	}, (error) => {
		seen.is = error.code ?? error.name;
	});
	return seen;
}

export function carts(shop) {
	return Object.fromEntries((shop.multicart ?? []).map(
		({ owner, content }) => [owner.name, content]));
}
