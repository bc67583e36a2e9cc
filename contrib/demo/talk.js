// What friends say to one another, beside their carts: { look: PRODUCT'S ID } or
// { chat: TEXT }. What arrives may be anything.

import { PRODUCTS } from './catalogue.js';

const CHAT_MAX = 200;

// One line of text, as somebody may have typed or forged it.
export const tidy = (text) => [...text.slice(0, 4 * CHAT_MAX)
	.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Zs}]+/gu, ' ').trim()]
	.slice(0, CHAT_MAX).join('');

// { product } or { text } of what was said; null if this page has no use for it.
export const readSaid = (what) => {
	const product = PRODUCTS.find(({ id }) => id === what?.look);
	if (product !== undefined)
		return { product };
	const text = typeof what?.chat === 'string' ? tidy(what.chat) : '';
	return text === '' ? null : { text };
};
