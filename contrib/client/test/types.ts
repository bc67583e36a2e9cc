// What compiles and what does not: types.test.mjs lets TypeScript read it, with
// and without a browser's types.
import {
	BuddyShopping, BuddyShoppingError, type CallOptions, type Code,
	type Member, type Pending, type Said,
} from '../buddyshopping.js';
import { useBuddyShopping } from '../react.js';

interface Cart {
	pears: number;
	tea?: number;
}

const shop = new BuddyShopping<Cart>('/together/s1', {
	features: ['lock'],
	ticket: async () => 'a ticket',
	debug: (direction, transport, { event }) => {
		const told: ['in' | 'out', 'websocket' | 'polling', string] =
			[direction, transport, event];
		return told;
	},
});
new BuddyShopping({ href: 'https://shop.example/together/s1' });
new BuddyShopping('/s1', { storage: 'localStorage' });
new BuddyShopping('/s1', { storage: 'sessionStorage' });
// @ts-expect-error There is no such storage.
new BuddyShopping('/s1', { storage: 'indexedDB' });
// @ts-expect-error Nobody knows where that is.
new BuddyShopping();
// @ts-expect-error
new BuddyShopping(7);
// @ts-expect-error There is no such feature.
new BuddyShopping('/s1', { features: ['locks'] });
// @ts-expect-error A ticket is a string.
new BuddyShopping('/s1', { ticket: 7 });
// @ts-expect-error There is no such option.
new BuddyShopping('/s1', { forcePoling: true });
// @ts-expect-error A cart is an object.
new BuddyShopping<string>('/s1');

// A cart

shop.updateCart({ pears: 2 });
// @ts-expect-error
shop.updateCart({ pears: '2' });
// @ts-expect-error
shop.updateCart({ tea: 1 });
// @ts-expect-error
shop.updateCart({ ...shop.cart });
shop.updateCart({ ...shop.cart, pears: 2 });
shop.updateCart({ pears: 0, ...shop.cart, tea: 1 });
// @ts-expect-error It may not be there.
shop.cart.pears;
// @ts-expect-error It is not to be changed.
if (shop.cart) shop.cart.pears = 2;

const count = ({ content }: Member<Cart>): number => content.pears ?? 0;
shop.multicart?.map(count);
// @ts-expect-error It may be empty.
const pears: number | undefined = shop.multicart?.[0]?.content.pears.valueOf();
new BuddyShopping('/s1').updateCart({ whatever: ['there', 'is'] });

// Calls

const id: Promise<string> = shop.enter('Ada');
// @ts-expect-error
shop.enter();
// @ts-expect-error
shop.setReady('yes');
// @ts-expect-error
const stored: Promise<string> = shop.setReady(true);
const limits: CallOptions = { timeout: 5000 };
shop.startSession('Ada', limits);
shop.joinSession('Ada', limits);
shop.updateCart({ pears: 1 }, limits);
shop.setReady(true, limits);
shop.leave(limits);
shop.leave({ timeout: undefined, signal: undefined });
// @ts-expect-error
shop.leave({ timeout: '5 s' });
// @ts-expect-error
shop.leave({ signal: true });
shop.reconnect();

// Events

shop.addEventListener('multicart', ({ type, detail }) => {
	const name: string = type;
	return [name, detail.map(count)];
});
shop.addEventListener('pending', ({ detail }) => {
	const told: Pending | null = detail;
	// @ts-expect-error Nothing may be pending.
	detail.count;
	return told;
}, { once: true });
shop.addEventListener('error', { handleEvent({ detail }) {
	const { retryAfter }: { readonly retryAfter?: number } = detail;
	return retryAfter;
} });
const onLeft = ({ detail }: { detail: { code: Code | null } }) => detail.code;
shop.addEventListener('left', onLeft);
shop.removeEventListener('left', onLeft);
// @ts-expect-error There is no such event.
shop.addEventListener('cart', () => {});
// @ts-expect-error
shop.removeEventListener('cart', () => {});
// @ts-expect-error
shop.addEventListener('state', ({ detail }) => detail.code);
// @ts-expect-error
shop.addEventListener('state', (event: string) => event);

// What is said

interface Line {
	line: string;
}

const chat = new BuddyShopping<Cart, Line>('/s1', {
	features: ['presence', 'say'],
});
chat.say({ line: 'hello' });
chat.say({ line: 'psst' }, { to: 'an id', timeout: 1000 });
chat.say({ line: 'psst' }, { to: undefined });
// @ts-expect-error
chat.say('hello');
// @ts-expect-error
chat.say({ line: 'hello' }, { for: 'an id' });
shop.say(['whatever', { there: 'is' }]);
chat.addEventListener('say', ({ detail }) => {
	const { from, what, to }: Said<Line> = detail;
	const told: [string, string, string | undefined] = [from, what.line, to];
	return told;
});
shop.addEventListener('say', ({ detail: { what } }) => {
	// @ts-expect-error Anything may be said.
	return what.line;
});
const watched = useBuddyShopping(chat).shop;
watched?.say({ line: 'hello' });
// @ts-expect-error
watched?.say('hello');
useBuddyShopping<Cart, Line>('/s1').shop?.say({ line: 'hello' });
chat.addEventListener('missed', ({ detail: { count } }) => count + 1);
chat.addEventListener('presence', ({ detail }) => detail.includes('an id'));
// @ts-expect-error It is not known before it is told.
shop.present.length;
// @ts-expect-error It is not to be changed.
shop.present?.push('an id');

// Properties

const retryAt: number | null | undefined = shop.pending?.retryAt;
shop.forcePolling = true;
// @ts-expect-error
shop.state = 'online';
// @ts-expect-error
shop.cart = { pears: 1 };
const reason = shop.pending?.reason;
switch (reason) {
case 'waiting': case 'offline': case 'refused': case 'locked': case undefined:
	break;
default: {
	const never: never = reason;
	throw new Error(never);
}
}

// Errors

const error = new BuddyShoppingError({ code: 'sessionFull', retryAfter: 2 });
const asError: Error = error;
const name: 'BuddyShoppingError' = error.name;
// @ts-expect-error
new BuddyShoppingError('sessionFull');
// @ts-expect-error
new BuddyShoppingError({ message: 'There is no code.' });

export { asError, id, name, pears, retryAt, stored };
