// The page as a picture of the shop's state. Whatever others wrote gets into
// it as text only.

import { PRODUCTS, countOf, entriesOf, money, totalOf } from './catalogue.js';
import { quote } from './news.js';
import { makeQr } from './qr.js';

const FEED_MAX = 6;
const QR_MARGIN = 4;
const AVATAR_COLOURS = 6;

export const $ = (id) => document.getElementById(id);

const cloneOf = (id) => $(id).content.firstElementChild.cloneNode(true);

// Give parent a child for each [key, value], made once and updated always, so
// that whoever is at one of them with the keyboard stays there.
const arrange = (parent, entries, make, update) => {
	const old = new Map([...parent.children].map((child) =>
		[child.dataset.key, child]));
	entries.forEach(([key, value], i) => {
		const child = old.get(key) ?? make(value);
		child.dataset.key = key;
		old.delete(key);
		update(child, value);
		if (parent.children[i] !== child)
			parent.insertBefore(child, parent.children[i] ?? null);
	});
	for (const child of old.values())
		child.remove();
};

// What an element says, left alone if it says so already: an unchanged live
// region must keep quiet.
const say = (element, text) => {
	if (element.textContent !== text)
		element.textContent = text;
	element.hidden = text === '';
};

const draw = (element, id) =>
	element.querySelector('use').setAttribute('href', `#art-${id}`);

const setDisabled = (button, isDisabled) =>
	button.setAttribute('aria-disabled', String(isDisabled));

const isDisabled = (button) =>
	button.getAttribute('aria-disabled') === 'true';

// Disabled buttons stay where the keyboard finds them, and do nothing.
export const onPress = (button, act) =>
	button.addEventListener('click', () => {
		if (!isDisabled(button))
			act();
	});

const showAvatar = (element, { id, name }) => {
	element.textContent = [...name.trim()][0]?.toUpperCase() ?? '?';
	element.dataset.colour = parseInt(id.slice(0, 6), 16) % AVATAR_COLOURS;
};

const showBadges = (element, member) => {
	const badges = [];
	if (member?.isHost)
		badges.push(['host', 'Host']);
	if (member?.isReady)
		badges.push(['ready', 'Ready']);
	arrange(element, badges, () => cloneOf('badge-template'),
		(badge, text) => {
			badge.querySelector('span').textContent = text;
		});
};

const makeProduct = (product, change) => {
	const card = cloneOf('product-template');
	card.querySelector('h3').textContent = product.name;
	card.querySelector('.what').textContent = product.what;
	card.querySelector('.price').textContent = money(product.price);
	card.querySelector('.tile').style.setProperty('--tint', product.tint);
	draw(card.querySelector('.tile svg'), product.id);
	const add = card.querySelector('.add');
	add.setAttribute('aria-label', `Add ${product.name} to your cart`);
	onPress(add, () => change(product, 1));
	return card;
};

const showProducts = ({ cart, isLocked }, change) =>
	arrange($('products'), PRODUCTS.map((product) => [product.id, product]),
		(product) => makeProduct(product, change),
		(card, { id }) => {
			const quantity = cart.get(id);
			say(card.querySelector('.count'),
				quantity ? `${quantity} in cart` : '');
			setDisabled(card.querySelector('.add'), isLocked);
		});

const makeLine = (product, change) => {
	const line = cloneOf('line-template');
	const { name } = product;
	line.querySelector('h3').textContent = name;
	draw(line, product.id);
	line.querySelector('.stepper').setAttribute('aria-label',
		`How many: ${name}`);
	for (const [kind, by, label] of [['.less', -1, 'One less: '],
		['.more', 1, 'One more: ']]) {
		const button = line.querySelector(kind);
		button.setAttribute('aria-label', label + name);
		onPress(button, () => change(product, by));
	}
	return line;
};

const showMine = ({ cart, me, isLocked }, change) => {
	// Whoever takes out a line by the keyboard needs a place to be.
	const focused = document.activeElement?.closest('#lines > li');
	arrange($('lines'), entriesOf(cart).map(([product, quantity]) =>
		[product.id, { ...product, quantity }]),
	(product) => makeLine(product, change),
	(line, { price, quantity }) => {
		line.querySelector('.price').textContent = money(price * quantity);
		line.querySelector('output').textContent = quantity;
		for (const button of line.querySelectorAll('button'))
			setDisabled(button, isLocked);
	});
	if (focused && !focused.isConnected)
		$('mine-title').focus();
	$('empty').hidden = cart.size > 0;
	$('total').textContent = money(totalOf(cart));
	say($('dock-total'), cart.size > 0 ? money(totalOf(cart)) : '');
	showBadges($('my-badges'), me);
};

const showPicks = (list, cart) =>
	arrange(list, entriesOf(cart).map(([product, quantity]) =>
		[product.id, { ...product, quantity }]),
	({ id, name }) => {
		const pick = cloneOf('pick-template');
		pick.querySelector('.pick').textContent = name;
		draw(pick, id);
		return pick;
	}, (pick, { price, quantity }) => {
		pick.querySelector('.times').textContent = `${quantity} ×`;
		pick.querySelector('.price').textContent = money(price * quantity);
	});

const makeCart = () => {
	const card = cloneOf('cart-template');
	card.addEventListener('animationend', () =>
		card.classList.remove('changed'));
	return card;
};

const showCart = (card, friend) => {
	const { name, cart } = friend;
	const text = JSON.stringify([...cart]);
	if ((card.dataset.cart ?? text) !== text)
		card.classList.add('changed');
	card.dataset.cart = text;
	showAvatar(card.querySelector('.avatar'), friend);
	card.querySelector('bdi').textContent = name;
	showBadges(card.querySelector('.badges'), friend);
	showPicks(card.querySelector('.picks'), cart);
	card.querySelector('.empty').hidden = cart.size > 0;
	card.querySelector('.sum').hidden = cart.size === 0;
	card.querySelector('output').textContent = money(totalOf(cart));
};

const LONELY = {
	solo: 'Start a picnic above, and your friends’ carts appear here.',
	invited: 'Join above to see what your friends have picked.',
	joined: 'Nobody else is here yet. Send your friends the invite link.',
	entering: 'One moment…',
};

const showFriends = ({ friends, members, stage }) => {
	arrange($('carts'), friends.map((friend) => [friend.id, friend]),
		makeCart, showCart);
	const all = members.reduce((sum, { cart }) => sum + totalOf(cart), 0);
	say($('together'), friends.length > 0 ? `All: ${money(all)}` : '');
	say($('dock-friends'), friends.length > 0 ? `${friends.length}` : '');
	const key = stage === 'joined' && members.length === 0 ? 'entering' :
		stage;
	say($('alone'), friends.length > 0 ? '' : LONELY[key]);
};

const list = (words) => new Intl.ListFormat('en').format(words);

const readyTexts = ({ me, host, friends, isDone, isReady, waitingFor,
	isAtCheckout, payLink }) => {
	if (isAtCheckout)
		return ['Checkout in progress', 'No cart can be changed until the ' +
			'order is placed or given up.'];
	if (me?.isHost && isDone)
		return ['Reopen the carts', payLink ? 'Everyone waits for you.' :
			'All carts went to the checkout.'];
	if (isDone)
		return ['Checked out', `${quote(host.name)} can reopen the carts.`];
	if (me?.isHost && waitingFor.length > 0)
		return ['Check out together', 'The host goes last. Waiting for ' +
			`${list(waitingFor.map(({ name }) => quote(name)))}.`];
	if (me?.isHost)
		return ['Check out together', friends.length > 0 ?
			'Everyone else is ready.' : 'Better with friends, but ' +
			'you can go ahead.'];
	if (isReady)
		return ['I need more time', 'You are ready. Changing your cart ' +
			'takes that back.'];
	return ['I am ready', 'When all are ready, the host checks out.'];
};

const showReady = (shop) => {
	const [label, hint] = readyTexts(shop);
	const { me, stage, isDone, isReady, isAtCheckout, waitingFor } = shop;
	$('checkout').hidden = stage !== 'joined' || !me;
	say($('ready'), label);
	say($('ready-hint'), hint);
	$('ready').classList.toggle('calm', isReady || isDone);
	setDisabled($('ready'), isAtCheckout || (me?.isHost ?
		!isReady && waitingFor.length > 0 : isDone));
};

const HEADLINES = {
	solo: ['Fill one picnic basket, together.', 'Everyone keeps a cart of ' +
		'their own, and sees live what the others pick.', 'Start a picnic'],
	invited: ['You are invited to a picnic.', 'Your friends are filling ' +
		'their carts already. Say who you are, and fill yours.', 'Join them'],
};

const joinedHeadline = ({ members, host }) => {
	if (members.length === 0)
		return ['Your picnic', 'Fetching the carts…'];
	const who = host ? '' : ' The host has left: somebody else can be it.';
	if (members.length === 1)
		return ['Your picnic is open.',
			`Send the link to your friends, and shop along.${who}`];
	return [`${members.length} friends, one picnic.`,
		`What you pick, everyone sees at once.${who}`];
};

const showHero = (shop) => {
	const { stage, members, me, host, isBusy, isAtCheckout } = shop;
	const isJoined = stage === 'joined';
	const [headline, subline, label] = isJoined ? joinedHeadline(shop) :
		HEADLINES[stage];
	say($('headline'), headline);
	say($('subline'), subline);
	say($('problem'), shop.problem);
	$('enter').hidden = isJoined;
	$('scene').toggleAttribute('hidden', isJoined);
	say($('enter-button'), isBusy ? 'One moment…' : label ?? '');
	setDisabled($('enter-button'), isBusy);
	$('party').hidden = $('invite').hidden = !isJoined;
	// At a checkout nobody can come back.
	$('take-over').hidden = !me || host !== undefined || isBusy ||
		isAtCheckout;
	arrange($('people'), members.map((member) => [member.id, member]),
		() => cloneOf('person-template'), (person, member) => {
			showAvatar(person.querySelector('.avatar'), member);
			person.querySelector('bdi').textContent =
				member === me ? 'You' : member.name;
		});
};

const CONNECTION = {
	idle: 'Not connected yet',
	connecting: 'Connecting…',
	reconnecting: 'Reconnecting…',
	online: 'Live',
};

const TRANSPORTS = { websocket: 'WebSocket', polling: 'Long-polling' };

const showConnection = ({ connection, transport, isUnsent }) => {
	$('connection').dataset.state = connection;
	say($('connection-state'), CONNECTION[connection]);
	say($('connection-transport'), TRANSPORTS[transport] ?? '');
	say($('unsent'), isUnsent ? 'Your changes are not sent yet' : '');
};

const DONE = {
	ready: ['Everyone is ready!', 'All carts went to the checkout together.'],
	payable: ['Everyone is ready!', 'Pay for all carts together.'],
	locked: ['Checkout in progress', 'No cart can be changed now.'],
	over: ['The checkout is over', 'The shop tells the host what was ordered.'],
};

const doneOf = ({ order, isAtCheckout, isDone, payLink }) => {
	if (order !== null)
		return 'over';
	if (isAtCheckout)
		return 'locked';
	return isDone ? payLink ? 'payable' : 'ready' : '';
};

// Each time that there is another thing to say, it opens.
const openDone = (done) => {
	const dialog = $('done');
	if (dialog.dataset.seen === done)
		return;
	dialog.dataset.seen = done;
	if (done === '') {
		dialog.close();
		return;
	}
	const [title, text] = DONE[done];
	say($('done-title'), title);
	say($('done-text'), text);
	if (dialog.open)
		announce(title);
	else
		dialog.showModal();
};

const showDone = (shop) => {
	const { me, isAtCheckout, payLink } = shop;
	const members = shop.order ?? shop.members;
	openDone(doneOf(shop));
	for (const id of ['pay', 'done-pay']) {
		$(id).hidden = payLink === null;
		$(id).href = payLink ?? '#';
	}
	$('done-close').classList.toggle('calm', payLink !== null);
	$('reopen').hidden = !me?.isHost || isAtCheckout;
	arrange($('bill'), members.map((member) => [member.id, member]),
		() => {
			const row = document.createElement('div');
			row.append(document.createElement('dt'),
				document.createElement('dd'));
			return row;
		}, (row, { name, cart }) => {
			const [term, sum] = row.children;
			term.textContent = name;
			const count = countOf(cart);
			sum.textContent = `${count} ${count === 1 ? 'item' : 'items'} · ` +
				money(totalOf(cart));
		});
	$('done-total').textContent = money(members.reduce((sum, { cart }) =>
		sum + totalOf(cart), 0));
};

// Show all of it; change(product, by) is called for every + and -.
export const show = (shop, change) => {
	showConnection(shop);
	showHero(shop);
	showProducts(shop, change);
	showMine(shop, change);
	showFriends(shop);
	showReady(shop);
	showDone(shop);
};

const pathOf = (rows) => rows.flatMap((row, y) =>
	row.map((isDark, x) => isDark ? `M${x} ${y}h1v1h-1z` : '')).join('');

export const showLink = (link) => {
	$('link').value = $('friend').href = link;
	$('local-hint').hidden =
		!/^(localhost|127\..*|\[::1\])$/.test(location.hostname);
	const rows = makeQr(link);
	$('qr').toggleAttribute('hidden', rows === null);
	if (rows === null)
		return;
	const size = rows.length + 2 * QR_MARGIN;
	$('qr').setAttribute('viewBox',
		`${-QR_MARGIN} ${-QR_MARGIN} ${size} ${size}`);
	$('qr').querySelector('path').setAttribute('d', pathOf(rows));
};

export const clearFeed = () => {
	$('feed').replaceChildren();
	$('news').hidden = true;
};

// Add news, the newest first.
export const tell = (texts) => {
	const time = new Date().toLocaleTimeString('en',
		{ hour: '2-digit', minute: '2-digit', hour12: false });
	for (const text of texts) {
		const line = document.createElement('li');
		const clock = document.createElement('time');
		const words = document.createElement('bdi');
		clock.textContent = time;
		words.textContent = text;
		line.append(clock, words);
		$('feed').prepend(line);
	}
	while ($('feed').children.length > FEED_MAX)
		$('feed').lastElementChild.remove();
	$('news').hidden = $('feed').children.length === 0;
	if (texts.length > 0)
		toast(texts.at(-1));
};

// For those who see the page where the news are out of sight.
const toast = (text) => {
	const element = $('toast');
	element.classList.remove('on');
	void element.offsetWidth;	// starts the animation afresh
	element.textContent = text;
	element.classList.add('on');
};

// For those who hear the page.
export const announce = (text) => {
	$('announcer').textContent = text;
};
