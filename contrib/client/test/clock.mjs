// Time that passes when a test says so, and a clock on the wall that is set.
export class Clock {
	#now = 1_700_000_000_000;
	#offset = 0;
	#timers = new Map();
	#ids = 0;

	now = () => this.#now + this.#offset;

	uptime = () => this.#now;

	set(ms) {
		this.#offset += ms;
	}

	// As in browsers: what is longer than they can count is over at once.
	setTimeout = (ring, ms = 0) => {
		const at = this.#now + (ms < 2 ** 31 ? ms : 0);
		this.#timers.set(++this.#ids, { at, ring });
		return this.#ids;
	};

	clearTimeout = (id) => {
		this.#timers.delete(id);
	};

	// Let everything happen that needs no time: promises that are settled.
	settle() {
		return new Promise(setImmediate);
	}

	async advance(ms) {
		const end = this.#now + ms;
		await this.settle();
		for (;;) {
			const next = this.#next(end);
			if (next === undefined)
				break;
			const [id, { at, ring }] = next;
			this.#timers.delete(id);
			this.#now = Math.max(this.#now, at);
			ring();
			await this.settle();
		}
		this.#now = end;
	}

	#next(end) {
		let first;
		for (const timer of this.#timers)
			if (timer[1].at <= end &&
			    (first === undefined || timer[1].at < first[1].at))
				first = timer;
		return first;
	}
}

// Numbers that are the same in every run (mulberry32).
export function seeded(seed) {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let x = Math.imul(state ^ (state >>> 15), state | 1);
		x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
		return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
	};
}
