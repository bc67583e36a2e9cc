// What happened between two multicarts, in words.

import { PRODUCTS } from './catalogue.js';

const NAME_MAX = 30;

// A name as part of a sentence: it does not fill the line, and its letters do
// not turn the direction of what follows.
export const quote = (name) => {
	const letters = [...name];
	const text = letters.length <= NAME_MAX ? name :
		`${letters.slice(0, NAME_MAX - 1).join('')}…`;
	return `\u2068${text}\u2069`;
};

const cartNews = (name, before, now) => PRODUCTS.flatMap((product) => {
	const change = (now.get(product.id) ?? 0) - (before.get(product.id) ?? 0);
	if (change === 0)
		return [];
	const verb = change > 0 ? 'added' : 'took out';
	const times = Math.abs(change) > 1 ? `${Math.abs(change)} × ` : '';
	return [`${name} ${verb} ${times}${product.name}`];
});

const memberNews = (before, now) => {
	const name = quote(now.name);
	if (before === undefined)
		return [`${name} joined`];
	const news = cartNews(name, before.cart, now.cart);
	if (now.isReady !== before.isReady)
		news.push(now.isReady ? `${name} is ready` :
			`${name} is not ready any more`);
	return news;
};

// Sentences about everybody but the customer of ownId.
export const newsOf = (before, now, ownId) => {
	const find = (members, id) => members.find((one) => one.id === id);
	const gone = before.filter(({ id }) => !find(now, id));
	return [...gone.map(({ id, name }) => [id, `${quote(name)} left`]),
		...now.flatMap((member) =>
			memberNews(find(before, member.id), member)
				.map((text) => [member.id, text]))]
		.filter(([id]) => id !== ownId)
		.map(([, text]) => text);
};
