// What a browser has is taken: types.test.mjs lets TypeScript read it, with a
// browser's types.
import { BuddyShopping, type Member } from '../buddyshopping.js';

const { signal } = new AbortController();
const shop = new BuddyShopping(new URL('/s1', location.href), { platform: {
	WebSocket, fetch, sessionStorage, localStorage, window, document,
	connection: new EventTarget(), locks: navigator.locks,
	getRandomValues: (bytes) => crypto.getRandomValues(bytes),
} });
new BuddyShopping(location);
// @ts-expect-error It is given by its name, as it may be forbidden.
new BuddyShopping(location, { storage: localStorage });
shop.enter('Ada', { signal });
shop.addEventListener('multicart',
	(event: CustomEvent<Member[]>) => event.detail, { signal });
shop.dispatchEvent(new Event('own'));
const target: EventTarget = shop;
// @ts-expect-error
shop.addEventListener('multicart', (event: MouseEvent) => event.clientX);

export { target };
