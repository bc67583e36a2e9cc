// The drawer that shows how it works: the messages as they pass, and what waits.

import { $, arrange, clockOf, cloneOf, say } from './view.js';

const MESSAGES_MAX = 40, TEXT_MAX = 400;
const WAYS = { out: '↑', in: '↓' };
const NAMES = { enter: 'entering', cart: 'the cart', isReady: 'readiness',
	leave: 'leaving' };
const REASONS = { waiting: 'the answer is on its way',
	offline: 'there is no connection', refused: 'it was refused this time',
	locked: 'the shop makes an order' };

let count = 0;
const messages = [];

const isOpen = () => !$('scenes').hidden;

const makeMessage = ({ direction, transport, event, text, size, time }) => {
	const line = cloneOf('message-template');
	for (const [kind, words] of [['time', time], ['.way', WAYS[direction]],
		['.event', event], ['.chip', `${transport} · ${size}`],
		['code', text]])
		line.querySelector(kind).textContent = words;
	return line;
};

const showMessages = () => {
	if (isOpen())
		arrange($('wire'), messages.map((message) => [message.key, message]),
			makeMessage, () => {});
};

// As BuddyShopping's option debug: of all that passes the newest are kept, and
// of a long one its beginning.
export const noteMessage = (direction, transport, { event, payload }) => {
	const whole = JSON.stringify(payload);
	messages.unshift({ key: `${count++}`, direction, transport, event,
		size: `${new TextEncoder().encode(whole).length} B`,
		text: whole.length > TEXT_MAX ? `${whole.slice(0, TEXT_MAX)}…` : whole,
		time: clockOf(new Date()) });
	messages.length = Math.min(messages.length, MESSAGES_MAX);
	showMessages();
};

const waitingText = ({ what, count: calls, since, reason, retryAt }) => {
	const next = reason !== 'waiting' && retryAt !== null ?
		`, the next try is at ${clockOf(new Date(retryAt))}` : '';
	return `Not stored yet: ${what.map((one) => NAMES[one]).join(', ')} ` +
		`(${calls} since ${clockOf(new Date(since))}): ` +
		`${REASONS[reason]}${next}.`;
};

// What waits for the daemon, which is the client's property.
export const showWaiting = (pending) => say($('waiting'), pending === null ?
	'All that you did is stored.' : waitingText(pending));

const open = (isWanted) => {
	$('scenes').hidden = !isWanted;
	document.body.classList.toggle('behind', isWanted);
	$('show-scenes').setAttribute('aria-expanded', String(isWanted));
	showMessages();
	$(isWanted ? 'scenes-title' : 'show-scenes').focus();
};

export const listenToScenes = () => {
	$('show-scenes').addEventListener('click', () => open(!isOpen()));
	$('hide-scenes').addEventListener('click', () => open(false));
	$('scenes').addEventListener('keydown', ({ key }) => {
		if (key === 'Escape')
			open(false);
	});
};
