// A Storage.
export class FakeStorage {
	#items = new Map();

	getItem(key) {
		return this.#items.get(key) ?? null;
	}

	setItem(key, value) {
		this.#items.set(key, value);
	}

	removeItem(key) {
		this.#items.delete(key);
	}

	each(act) {
		for (const [key, text] of [...this.#items])
			act(key, text);
	}

	get text() {
		return JSON.stringify([...this.#items]);
	}

	copy() {
		const storage = new FakeStorage();
		for (const [key, value] of this.#items)
			storage.setItem(key, value);
		return storage;
	}
}
