// The page as a picture of the shop's state. Whatever others wrote gets into
// it as text only.

import { PRODUCTS, countOf, entriesOf, money, totalOf } from './catalogue.js';
import { isOfThisMachine } from './line.js';
import { quote } from './news.js';
import { makeQr } from './qr.js';

const FEED_MAX = 30, ANNOUNCED_MAX = 5;
const OTHERS_MAX = 3;
const QR_MARGIN = 4;
const AVATAR_COLOURS = 6;

export const $ = (id) => document.getElementById(id);

export const cloneOf = (id) => $(id).content.firstElementChild.cloneNode(true);

// For those who hear the page: its only live region, which reads what is added.
// The oldest go without a word.
export const announce = (text) => {
	const line = document.createElement('p');
	line.textContent = text;
	$('announcer').append(line);
	while ($('announcer').children.length > ANNOUNCED_MAX)
		$('announcer').firstElementChild.remove();
};

// Give parent a child for each [key, value], made once and updated always, so
// that whoever is at one of them with the keyboard stays there.
export const arrange = (parent, entries, make, update) => {
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

// What an element says, nothing of it if that is empty; whether it is new.
export const say = (element, text) => {
	const isNew = element.textContent !== text;
	if (isNew)
		element.textContent = text;
	element.hidden = text === '';
	return isNew;
};

const items = (count) => `${count} ${count === 1 ? 'item' : 'items'}`;

const unitOf = ({ price, quantity }) => `${quantity} × ${money(price)}`;

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

// Whether a friend is there at the moment, as far as anybody knows.
const showPresence = (element, { id }, { me, present }) => {
	const isKnown = present !== null && id !== me?.id;
	const isHere = present?.has(id);
	element.dataset.present = isKnown ? isHere ? 'yes' : 'no' : '';
	const words = element.querySelector('.here');
	words.textContent = isKnown ? isHere ? 'here' : 'away' : '';
	words.classList.toggle('unseen', isHere ?? true);
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

const list = (words) => new Intl.ListFormat('en').format(words);

const makeProduct = (product, { change, lookAt }) => {
	const card = cloneOf('product-template');
	card.querySelector('h3').textContent = product.name;
	card.querySelector('.what').textContent = product.what;
	card.querySelector('.price').textContent = money(product.price);
	card.querySelector('.tile').style.setProperty('--tint', product.tint);
	draw(card.querySelector('.tile svg'), product.id);
	const add = card.querySelector('.add');
	add.setAttribute('aria-label', `Add ${product.name} to your cart`);
	onPress(add, () => change(product, 1));
	const look = card.querySelector('.look');
	look.setAttribute('aria-label',
		`Tell your friends to look at this: ${product.name}`);
	onPress(look, () => lookAt(product));
	return card;
};

// Who else has how many of a product; of a crowd only the first.
const showOthers = (list, product, friends) => {
	const owners = friends.filter(({ cart }) => cart.has(product.id));
	const rest = owners.length - OTHERS_MAX;
	const entries = owners.slice(0, OTHERS_MAX).map((friend) =>
		[friend.id, { friend, text: `${quote(friend.name)} has ` +
			friend.cart.get(product.id) }]);
	if (rest > 0)
		entries.push(['rest', { text: `and ${rest} more` }]);
	list.hidden = owners.length === 0;
	arrange(list, entries, () => cloneOf('other-template'),
		(other, { friend, text }) => {
			const avatar = other.querySelector('.avatar');
			avatar.hidden = friend === undefined;
			if (friend)
				showAvatar(avatar, friend);
			say(other.querySelector('.has'), text);
		});
};

const showProducts = ({ cart, friends, looks, isLocked }, acts) =>
	arrange($('products'), PRODUCTS.map((product) => [product.id, product]),
		(product) => makeProduct(product, acts),
		(card, product) => {
			const quantity = cart.get(product.id);
			say(card.querySelector('.count'),
				quantity ? `${quantity} in cart` : '');
			const names = friends.filter(({ id }) =>
				looks.get(id) === product.id).map(({ name }) => quote(name));
			say(card.querySelector('.looks'), names.length > 0 ?
				`${list(names.slice(0, OTHERS_MAX))}: look at this!` : '');
			showOthers(card.querySelector('.others'), product, friends);
			card.querySelector('.look').hidden = friends.length === 0;
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

const showMine = ({ cart, me, isLocked }, { change }) => {
	// Whoever takes out a line by the keyboard needs a place to be.
	const focused = document.activeElement?.closest('#lines > li');
	arrange($('lines'), entriesOf(cart).map(([product, quantity]) =>
		[product.id, { ...product, quantity }]),
	(product) => makeLine(product, change),
	(line, { price, quantity }) => {
		say(line.querySelector('.unit'), unitOf({ price, quantity }));
		say(line.querySelector('.price'), money(price * quantity));
		say(line.querySelector('.times'), `${quantity}`);
		for (const button of line.querySelectorAll('button'))
			setDisabled(button, isLocked);
	});
	if (focused && !focused.isConnected)
		$('mine-title').focus();
	$('empty').hidden = cart.size > 0;
	say($('count'), items(countOf(cart)));
	say($('total'), money(totalOf(cart)));
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
		say(pick.querySelector('.times'), `${quantity} ×`);
		say(pick.querySelector('.unit'), `at ${money(price)}`);
		say(pick.querySelector('.price'), money(price * quantity));
	});

const makeCart = () => {
	const card = cloneOf('cart-template');
	card.addEventListener('animationend', () =>
		card.classList.remove('changed'));
	return card;
};

const showCart = (card, friend, shop) => {
	const { name, cart } = friend;
	const text = JSON.stringify([...cart]);
	if ((card.dataset.cart ?? text) !== text)
		card.classList.add('changed');
	card.dataset.cart = text;
	showAvatar(card.querySelector('.avatar'), friend);
	showPresence(card, friend, shop);
	card.querySelector('bdi').textContent = name;
	showBadges(card.querySelector('.badges'), friend);
	showPicks(card.querySelector('.picks'), cart);
	card.querySelector('.empty').hidden = cart.size > 0;
	card.querySelector('.sum').hidden = cart.size === 0;
	say(card.querySelector('.items'), items(countOf(cart)));
	say(card.querySelector('.all'), money(totalOf(cart)));
};

const showFriends = (shop) => {
	const { cart, friends, members, stage } = shop;
	arrange($('carts'), friends.map((friend) => [friend.id, friend]),
		makeCart, (card, friend) => showCart(card, friend, shop));
	$('carts').hidden = friends.length === 0;
	$('friends').hidden = $('talk').hidden = $('dock-to-friends').hidden =
		stage !== 'joined';
	$('floor').dataset.stage = stage;
	$('floor').classList.toggle('alone', stage === 'joined' &&
		friends.length === 0);
	// Of one's own cart what is on show here, stored or not yet.
	const all = friends.reduce((sum, friend) => sum + totalOf(friend.cart),
		totalOf(cart));
	say($('together'), friends.length > 0 ? `All: ${money(all)}` : '');
	say($('dock-friends'), friends.length > 0 ? `${friends.length}` : '');
	say($('alone'), friends.length > 0 ? '' : members.length > 0 ?
		'Nobody else is here yet. Send your friends the invite link.' :
		'One moment…');
};

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
	invited: ['You are invited to a picnic.', 'Say who you are, and fill a ' +
		'cart beside those of your friends.', 'Join them'],
	left: ['Goodbye!', 'You have left the picnic, and your cart with you. ' +
		'It is still here, if you want to come back.', 'Come back'],
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

const showPeople = (shop) => {
	const { members, me } = shop;
	arrange($('people'), members.map((member) => [member.id, member]),
		() => cloneOf('person-template'), (person, member) => {
			showAvatar(person.querySelector('.avatar'), member);
			showPresence(person, member, shop);
			person.querySelector('bdi').textContent =
				member === me ? 'You' : member.name;
		});
};

// Open while somebody is alone, folded away as soon as a friend is there.
const showInvite = ({ friends, stage }) => {
	const isJoined = stage === 'joined';
	$('invite').hidden = !isJoined;
	const wanted = isJoined && friends.length === 0 ? 'open' : 'folded';
	if ($('invite').dataset.wanted === wanted)
		return;
	$('invite').dataset.wanted = wanted;
	$('invite').open = wanted === 'open';
};

const showHero = (shop) => {
	const { stage, me, host, isBusy, isAtCheckout } = shop;
	const isJoined = stage === 'joined';
	const [headline, subline, label] = isJoined ? joinedHeadline(shop) :
		HEADLINES[stage];
	say($('headline'), headline);
	say($('subline'), subline);
	if (say($('problem'), shop.problem) && shop.problem !== '')
		announce(shop.problem);
	$('enter').hidden = isJoined;
	$('anew').hidden = stage !== 'left' || isBusy;
	$('scene').toggleAttribute('hidden', isJoined);
	say($('enter-button'), isBusy ? 'One moment…' : label ?? '');
	setDisabled($('enter-button'), isBusy);
	$('party').hidden = !isJoined;
	// At a checkout nobody can come back.
	$('take-over').hidden = !me || host !== undefined || isBusy ||
		isAtCheckout;
	showInvite(shop);
	showPeople(shop);
};

const CONNECTION = {
	idle: 'Not connected yet',
	connecting: 'Connecting…',
	reconnecting: 'Reconnecting…',
	online: 'Live',
};

const TRANSPORTS = { websocket: 'WebSocket', polling: 'Long-polling' };

const unsentText = (count) =>
	`${count} ${count === 1 ? 'change' : 'changes'} not sent yet`;

// How many are not sent is told by the eye alone, that they are not and that
// they are once each.
const showUnsent = ({ unsent }) => {
	const wasSent = $('unsent').hidden;
	say($('unsent'), unsent > 0 ? unsentText(unsent) : '');
	if (wasSent && unsent > 0)
		announce('Your changes are not sent yet');
	else if (!wasSent && unsent === 0)
		announce('All your changes are sent');
};

const showConnection = ({ connection, transport }) => {
	const text = CONNECTION[connection];
	const wasIdle = $('connection').dataset.state === 'idle';
	$('connection').dataset.state = connection;
	if (say($('connection-state'), text) && !wasIdle)
		announce(`Connection: ${text}`);
	say($('connection-transport'), TRANSPORTS[transport] ?? '');
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
	// What is outside of it is not heard meanwhile.
	if (dialog.open)
		$('done-title').focus();
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
			sum.textContent = `${items(countOf(cart))} · ` +
				money(totalOf(cart));
		});
	$('done-total').textContent = money(members.reduce((sum, { cart }) =>
		sum + totalOf(cart), 0));
};

// Show all of it. Of acts, change(product, by) is called for every + and -, and
// lookAt(product) for who wants friends to look at one.
export const show = (shop, acts) => {
	showConnection(shop);
	showUnsent(shop);
	showHero(shop);
	showProducts(shop, acts);
	showMine(shop, acts);
	showFriends(shop);
	showReady(shop);
	showDone(shop);
};

const pathOf = (rows) => rows.flatMap((row, y) =>
	row.map((isDark, x) => isDark ? `M${x} ${y}h1v1h-1z` : '')).join('');

// No phone gets to a page of this machine.
export const showLink = (link) => {
	$('link').value = $('friend').href = link;
	const isLocal = isOfThisMachine(location.hostname);
	$('local-hint').hidden = !isLocal;
	const rows = isLocal ? null : makeQr(link);
	$('qr').toggleAttribute('hidden', rows === null);
	$('show-qr').hidden = rows === null;
	if (rows === null)
		return;
	const size = rows.length + 2 * QR_MARGIN;
	$('qr').setAttribute('viewBox',
		`${-QR_MARGIN} ${-QR_MARGIN} ${size} ${size}`);
	$('qr').querySelector('path').setAttribute('d', pathOf(rows));
};

export const clearFeed = () => $('feed').replaceChildren();

export const clockOf = (date) => date.toLocaleTimeString('en',
	{ hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

// Add news, the newest first, which are { text } or also { name } of who said
// that.
export const tell = (news) => {
	const time = clockOf(new Date()).slice(0, 5);
	for (const { name, text } of news) {
		const line = document.createElement('li');
		const clock = document.createElement('time');
		const words = document.createElement('bdi');
		clock.textContent = time;
		words.textContent = name ? `${name}: ${text}` : text;
		line.classList.toggle('said', name !== undefined);
		line.append(clock, words);
		$('feed').prepend(line);
		announce(words.textContent);
		toast(words.textContent);
	}
	while ($('feed').children.length > FEED_MAX)
		$('feed').lastElementChild.remove();
};

// For those who see the page where the news are out of sight.
const toast = (text) => {
	const element = $('toast');
	element.classList.remove('on');
	void element.offsetWidth;	// starts the animation afresh
	element.textContent = text;
	element.classList.add('on');
};
