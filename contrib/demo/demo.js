// A shop with shared carts. The page's own URL is the daemon's base path; the
// session's id is in the fragment, which browsers keep to themselves.

import { BuddyShopping } from '../client/buddyshopping.js';
import { QUANTITY_MAX, readCart, writeCart } from './catalogue.js';
import { makeLine } from './line.js';
import { newsOf, quote } from './news.js';
import { listenToScenes, noteMessage, showWaiting } from './scenes.js';
import { readSaid, tidy } from './talk.js';
import { $, announce, clearFeed, onPress, show, showLink, tell }
	from './view.js';

const SESSION_BYTES = 12, SECRET_BYTES = 24;
// How long an answer may take before it is said that there is none.
const PATIENCE_MS = 1000;
// For how long a friend's "look at this" is on the tile.
const LOOK_MS = 15000;

const OVER = 'Nobody is at this picnic any more. Start one of your own.';
const PROBLEMS = {
	sessionNotFound: OVER,
	leftSession: OVER,
	unknownCustomer: OVER,
	sessionFull: 'This picnic is full. Ask the host, or try again later.',
	originNotAllowed: 'This site may not use the daemon: see its setting ' +
		'allowed-origins.',
};

const line = makeLine();

const shop = {
	stage: 'solo',		// outside; 'invited' to a session; 'joined'; 'left'
	session: null,
	client: null,
	cart: new Map(),
	members: [],
	looks: new Map(),	// from who said so to the product's id
	problem: '',
	isBusy: false,		// entering
	wasOnline: false,
	isAtCheckout: false,	// the shop's server has locked the session
	proof: null,		// the host's { secret, hash }
	isProving: false,
	isLeaving: false,
	order: null,		// the members when the checkout was over
};

const readMember = ({ owner, content }) => ({
	id: String(owner.id),
	name: String(owner.name),
	isHost: owner.isHost === true,
	isReady: owner.isReadyToCheckout === true,
	cart: readCart(content),
});

// The state with what follows from it.
const look = () => {
	const { members, client, isAtCheckout } = shop;
	const isJoined = shop.stage === 'joined';
	const me = members.find(({ id }) => id === client?.customerId);
	const host = members.find(({ isHost }) => isHost);
	const waitingFor = members.filter(({ isHost, isReady }) =>
		!isHost && !isReady);
	const isDone = host !== undefined && host.isReady &&
		waitingFor.length === 0;
	return { ...shop, me, host, waitingFor, isDone,
		friends: members.filter((member) => member !== me),
		payLink: isDone && me?.isHost ? payLink() : null,
		isLocked: isDone || isAtCheckout ||
			(isJoined && !me && client.cart === null),
		present: client?.present ? new Set(client.present) : null,
		unsent: isJoined && isUnsent(client) ? client.pending.count : 0,
		isReady: client?.isReady ?? false };
};

// Whether a change is not stored, and that takes longer than usual. Who set the
// clock back meanwhile need not wait.
const isUnsent = ({ pending }) => pending !== null &&
	(pending.what.includes('cart') || pending.what.includes('isReady')) &&
	(pending.reason !== 'waiting' ||
	Math.abs(Date.now() - pending.since) >= PATIENCE_MS);

const connectionOf = () => {
	const state = shop.client?.state ?? 'idle';
	return state === 'connecting' && shop.wasOnline ? 'reconnecting' : state;
};

const render = () => {
	show({ ...look(), connection: connectionOf(),
		transport: shop.client?.transport ?? null }, { change, lookAt });
	showWaiting(shop.client?.pending ?? null);
};

// Whatever is refused, an event tells why.
const setReady = (isReady) => {
	shop.client.setReady(isReady).catch(() => {});
	render();
};

// Resolves to whether it is stored; if not, the next cart is a new chance.
const sendCart = () => shop.client.updateCart({ ...writeCart(shop.cart),
	checkout: shop.proof?.hash }).then(() => true, () => false);

// Where the shop's server is, if quickstart's address says so.
const checkoutPort = () => {
	const port = new URLSearchParams(location.search).get('checkout') ?? '';
	// Browsers hash for pages of this machine and by https.
	return /^[1-9]\d{0,4}$/.test(port) && crypto.subtle ? port : null;
};

const payLink = () => {
	if (shop.proof === null || shop.isProving)
		return null;
	const url = new URL('/', location.href);
	url.protocol = 'http:';
	url.port = checkoutPort();
	url.hash = new URLSearchParams({ session: shop.session,
		secret: shop.proof.secret });
	return url.href;
};

// Nobody else can write into the host's cart: who knows the secret of a hash
// there is the host, for the shop's server.
const proveHost = async () => {
	const secret = makeName(SECRET_BYTES);
	shop.isProving = true;
	const digest = await crypto.subtle.digest('SHA-256',
		new TextEncoder().encode(secret));
	const hash = [...new Uint8Array(digest)].map((byte) =>
		byte.toString(16).padStart(2, '0')).join('');
	const proof = { secret, hash };
	shop.proof = proof;
	const isStored = await sendCart();
	shop.isProving = false;
	if (!isStored && shop.proof === proof)
		shop.proof = null;
	// For when this page is reloaded.
	history.replaceState({ proof: shop.proof }, '');
	render();
};

const change = (product, by) => {
	const { isReady } = look();
	const quantity = (shop.cart.get(product.id) ?? 0) + by;
	if (quantity > QUANTITY_MAX)
		return;
	announce(`${product.name}: ${quantity} in your cart`);
	if (isReady)
		setReady(false);
	if (quantity > 0)
		shop.cart.set(product.id, quantity);
	else
		shop.cart.delete(product.id);
	if (shop.stage === 'joined')
		sendCart();
	render();
};

const fail = (error) => {
	shop.problem = PROBLEMS[error.code] ?? error.message;
	render();
};

// Resolves to whether the daemon took it.
const sayAloud = (what) => shop.client.say(what).then(() => true, (error) => {
	fail(error);
	return false;
});

const lookAt = async (product) => {
	if (await sayAloud({ look: product.id }))
		tell([{ text: `You showed your friends: ${product.name}` }]);
};

const chat = async () => {
	const text = tidy($('words').value);
	$('words').value = '';
	if (text === '')
		return;
	if (await sayAloud({ chat: text }))
		tell([{ name: 'You', text }]);
	else if ($('words').value === '')
		$('words').value = text;
};

const timers = new Map();

const showLook = (friend, product) => {
	// It is not news while it is on the tile.
	if (shop.looks.get(friend.id) !== product.id)
		tell([{ text: `${quote(friend.name)} is looking at: ${product.name}` }]);
	shop.looks.set(friend.id, product.id);
	clearTimeout(timers.get(friend.id));
	timers.set(friend.id, setTimeout(() => {
		shop.looks.delete(friend.id);
		render();
	}, LOOK_MS));
	render();
};

const onSay = ({ detail: { from, what } }) => {
	const friend = look().friends.find(({ id }) => id === from);
	const said = readSaid(what);
	if (friend === undefined || said === null)
		return;
	if (said.product)
		showLook(friend, said.product);
	else
		tell([{ name: quote(friend.name), text: said.text }]);
};

// The cart is what the client knows to be wished: by this page, by another tab,
// or before it was reloaded. What is put into it outside comes with who enters.
const adoptMine = () => {
	const { cart } = shop.client;
	if (cart !== null && shop.stage === 'joined' && !shop.isBusy)
		shop.cart = readCart(cart);
};

const onMulticart = ({ detail }) => {
	const known = shop.members;
	shop.members = detail.map(readMember);
	shop.isAtCheckout = shop.client.isLocked;
	const { me, waitingFor, isDone, isReady } = look();
	if (known.length > 0)
		tell(newsOf(known, shop.members, me?.id)
			.map((text) => ({ text })));
	adoptMine();
	// Somebody came back from the checkout, so the host does, too.
	if (me?.isHost && isReady && me.isReady && waitingFor.length > 0)
		setReady(false);
	if (me?.isHost && isDone && checkoutPort() && !shop.proof &&
	    !shop.isAtCheckout)
		proveHost();
	render();
};

const onState = ({ detail: { state } }) => {
	shop.wasOnline ||= state === 'online';
	render();
};

const onPending = () => {
	adoptMine();
	render();
	setTimeout(render, PATIENCE_MS);
};

// What is tried again by itself is no problem.
const onError = ({ detail: error }) => {
	if (error.retryAfter === undefined || error.code === 'sessionFull')
		fail(error);
};

const goTo = (stage) => {
	shop.stage = stage;
	shop.members = (shop.client?.multicart ?? []).map(readMember);
	shop.wasOnline = shop.client?.state === 'online';
	shop.isAtCheckout = shop.client?.isLocked ?? false;
	shop.looks.clear();
	clearFeed();
	render();
};

// There is no such session: whoever goes on begins another one.
const giveUp = () => {
	shop.client?.close();
	shop.client = null;
	shop.session = null;
	shop.proof = null;
	history.replaceState(null, '', pageUrl());
	goTo('solo');
};

const onLeft = ({ detail: { code } }) => {
	if (shop.isBusy)
		return;
	// The shop ends what it has locked when it has made an order of it, but who
	// was removed, or left in another tab, is told the same.
	if (shop.isAtCheckout && !shop.isLeaving) {
		shop.order = shop.members;
		shop.cart = new Map();
		giveUp();
	} else if (code === null) {
		goTo('left');
	} else {
		shop.problem = PROBLEMS[code] ?? OVER;
		giveUp();
	}
	$('headline').focus();
};

// This page without its fragment; of the query only what the daemon asks for.
// The daemon reads escapes as slashes, too, and resolves dots behind them: only
// a slash of our own is sure to end what the path ends in.
const pageUrl = () => {
	const url = new URL(location.href);
	url.pathname = url.pathname.replace(/\/?$/, '/');
	url.hash = '';
	url.search = '';
	const said = new URLSearchParams(location.search);
	for (const name of ['protocol', 'checkout'])
		if (said.has(name))
			url.searchParams.set(name, said.get(name));
	return url;
};

const linkTo = (session) => {
	const url = pageUrl();
	url.hash = `session=${session}`;
	return url.href;
};

const sessionOf = ({ hash, search }) => {
	const id = new URLSearchParams(hash.slice(1)).get('session') ??
		new URLSearchParams(search).get('session') ?? '';
	const isValid = /^[A-Za-z0-9._~-]{1,128}$/.test(id) &&
		id !== '.' && id !== '..';
	return isValid ? id : null;
};

// Of so many random bytes, a multiple of three.
const makeName = (size) => {
	const bytes = crypto.getRandomValues(new Uint8Array(size));
	return btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-').replaceAll('/', '_');
};

const connect = (session) => {
	const url = pageUrl();
	url.pathname += session;
	url.searchParams.delete('checkout');
	const client = new BuddyShopping(url,
		{ forcePolling: $('polling').checked, debug: noteMessage,
			features: ['lock', 'presence', 'say'],
			platform: line.platform });
	for (const [type, act] of [['multicart', onMulticart],
		['state', onState], ['pending', onPending], ['error', onError],
		['left', onLeft], ['presence', render], ['say', onSay]])
		client.addEventListener(type, (event) => {
			if (client === shop.client)
				act(event);
		});
	shop.session = session;
	shop.client = client;
	showLink(linkTo(session));
};

const enter = async (name) => {
	const isHost = shop.session === null;
	if (isHost)
		connect(makeName(SESSION_BYTES));
	shop.isBusy = true;
	shop.isLeaving = false;
	shop.order = null;
	shop.problem = '';
	render();
	try {
		await (isHost ? shop.client.startSession(name) :
			shop.client.enter(name));
	} catch (error) {
		shop.isBusy = false;
		if (isHost || PROBLEMS[error.code] === OVER)
			giveUp();
		else
			render();
		return;
	}
	shop.isBusy = false;
	history.replaceState(null, '', linkTo(shop.session));
	goTo('joined');
	if (shop.cart.size > 0)
		sendCart();
	$('headline').focus();
};

// Begin again as the host, or as a guest if there is one, with the cart.
const takeOver = async () => {
	const { client } = shop;
	const { name } = look().me;
	shop.isBusy = true;
	render();
	shop.proof = null;
	client.leave();
	await client.startSession(name).catch(() => client.joinSession(name))
		.catch(giveUp);
	shop.isBusy = false;
	shop.problem = '';
	if (shop.client !== null)
		sendCart();
	render();
};

const copyLink = async () => {
	const button = $('copy');
	try {
		await navigator.clipboard.writeText($('link').value);
	} catch {
		// Outside https there is the old way only.
		$('link').select();
		document.execCommand('copy');
		button.focus();
	}
	button.textContent = 'Copied';
	announce('The invite link is copied');
	setTimeout(() => {
		button.textContent = 'Copy';
	}, 2000);
};

// Who thinks better of it, or may not, has the link still.
const shareLink = () => navigator.share({ title: document.title,
	text: 'Fill a picnic basket with me', url: $('link').value })
	.catch(() => {});

const pressReady = () => {
	const { isReady } = look();
	setReady(!isReady);
};

const listen = () => {
	$('enter').addEventListener('submit', (event) => {
		event.preventDefault();
		const name = $('name').value.replace(/\p{Cc}/gu, '').trim();
		if (name !== '' && !shop.isBusy)
			enter(name);
	});
	$('polling').addEventListener('change', ({ target }) => {
		if (shop.client)
			shop.client.forcePolling = target.checked;
	});
	$('link').addEventListener('focus', () => $('link').select());
	$('cut').addEventListener('change', ({ target }) => {
		line.cut(target.checked);
		if (!target.checked)
			shop.client?.reconnect();
	});
	$('show-qr').addEventListener('click', () => {
		const isOpen = $('invite').classList.toggle('shown');
		$('show-qr').setAttribute('aria-expanded', String(isOpen));
	});
	$('done-close').addEventListener('click', () => $('done').close());
	$('leave').addEventListener('click', () => {
		shop.isLeaving = true;
		shop.client.leave();
	});
	$('chat').addEventListener('submit', (event) => {
		event.preventDefault();
		chat();
	});
	$('anew').addEventListener('click', () => {
		giveUp();
		$('headline').focus();
	});
	$('share').hidden = !navigator.share;
	onPress($('share'), shareLink);
	onPress($('copy'), copyLink);
	onPress($('ready'), pressReady);
	onPress($('reopen'), () => setReady(false));
	onPress($('take-over'), takeOver);
	addEventListener('hashchange', () => {
		if (sessionOf(location) !== shop.session)
			location.reload();
	});
};

const begin = () => {
	const session = sessionOf(location);
	if (session === null) {
		render();
		return;
	}
	connect(session);
	const isResumed = shop.client.state !== 'idle';
	if (isResumed)
		shop.proof = history.state?.proof ?? null;
	goTo(isResumed ? 'joined' : 'invited');
	adoptMine();
	render();
};

listen();
listenToScenes();
begin();
