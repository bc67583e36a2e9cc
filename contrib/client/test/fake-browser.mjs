// What the tabs of one browser share: a localStorage, as each of them sees it, and
// locks.
import { FakeStorage } from './fake-storage.mjs';

// What a tab writes it sees at once, and others only when it has gone round,
// which is when they are told. Of what is written at the same time the last wins,
// for all.
class TabStorage extends FakeStorage {
	#browser;
	pending = 0;

	constructor(browser, page) {
		super();
		this.#browser = browser;
		this.page = page;
	}

	setItem(key, text) {
		if (this.getItem(key) === text)
			return;
		if (text.length > this.#browser.limit)
			throw new Error('QuotaExceededError');
		super.setItem(key, text);
		this.#browser.spread(this, key, text);
	}

	removeItem(key) {
		if (this.getItem(key) === null)
			return;
		super.removeItem(key);
		this.#browser.spread(this, key, null);
	}

	hear(key, text) {
		if (text === null)
			super.removeItem(key);
		else
			super.setItem(key, text);
	}
}

export class FakeBrowser {
	#clock;
	#kept = new FakeStorage();
	#tabs = [];
	// How long what is written is on its way; 0: it is seen everywhere at once,
	// if not heard of.
	latency = 0;
	// Who hears of it.
	isTold = () => true;
	limit = Infinity;
	locks = undefined;
	writes = 0;

	constructor(clock) {
		this.#clock = clock;
	}

	get text() {
		return this.#kept.text;
	}

	storageOf(page) {
		const tab = new TabStorage(this, page);
		this.#kept.each((key, text) => tab.hear(key, text));
		this.#tabs.push(tab);
		return tab;
	}

	spread(from, key, text) {
		this.writes++;
		from.pending++;
		const arrive = () => {
			from.pending--;
			if (text === null)
				this.#kept.removeItem(key);
			else
				this.#kept.setItem(key, text);
			for (const tab of this.#tabs)
				if (tab !== from)
					this.#show(tab, key, text);
		};
		if (this.latency === 0)
			arrive();
		else
			this.#clock.setTimeout(arrive, this.latency);
	}

	#show(tab, key, text) {
		if (tab.pending === 0)
			tab.hear(key, text);
		this.#clock.setTimeout(() => {
			if (this.isTold(tab.page))
				tab.page.window.dispatchEvent(new Event('storage'));
		}, 0);
	}

	// The user has the site's data deleted.
	clear() {
		for (const tab of this.#tabs)
			this.#kept.each((key) => tab.hear(key, null));
		this.#kept.each((key) => this.#kept.removeItem(key));
	}
}

// Of navigator.locks what takes one whole, in the order of who asks.
export class FakeLocks {
	#held = new Map();

	async request(name, act) {
		const before = this.#held.get(name);
		const mine = (async () => {
			await before;
			return act();
		})();
		this.#held.set(name, mine.catch(() => {}));
		return mine;
	}
}
