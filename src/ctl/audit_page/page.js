// The story of a session.  Each line of #rows is a row of the journal, as
// "audit show --json" prints it, and the last one says of what all this is.
// Whatever customers sent becomes text, by append(), and nothing else.
(() => {
	'use strict';

	// A number that a program would spell in another way.
	class Exact {
		constructor(text) {
			this.text = text;
		}
	}

	const parse = (line) => JSON.parse(line, (key, value, context) =>
		typeof value === 'number' && context?.source !== undefined &&
		context.source !== String(value) ? new Exact(context.source) :
			value);

	const isObject = (value) => typeof value === 'object' &&
		value !== null && !Array.isArray(value) && !(value instanceof Exact);

	const spell = (value) => {
		if (value instanceof Exact)
			return value.text;
		if (Array.isArray(value))
			return `[${value.map(spell).join(', ')}]`;
		if (!isObject(value))
			return JSON.stringify(value);
		const members = Object.entries(value).map(([key, member]) =>
			`${JSON.stringify(key)}: ${spell(member)}`);
		return `{${members.join(', ')}}`;
	};
	const say = (value) => typeof value === 'string' ? value : spell(value);

	// What is not seen, or turns what stands beside it, as its number.
	const visible = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu,
		(c) => `\\u{${c.codePointAt(0).toString(16)}}`);

	const element = (tag, name, ...children) => {
		const made = document.createElement(tag);
		made.className = name;
		made.append(...children.map((child) =>
			typeof child === 'string' ? visible(child) : child));
		return made;
	};

	// A name, which may be written from right to left.
	const called = (name) => element('bdi', '', name);
	const chip = (kind, ...children) =>
		element('span', `chip ${kind}`, ...children);

	const lines = document.getElementById('rows').textContent.trim()
		.split('\n').map(parse);
	const about = lines.pop();
	const rows = lines;

	// Carts, of which items that name a product are told as the tool does.

	const productOf = (item) => (isObject(item.product) ?
		item.product.id : undefined) ?? item.productId ?? item.id ?? item.sku;
	const areItems = (value) => Array.isArray(value) && value.every((item) =>
		isObject(item) && productOf(item) !== undefined);
	const choicesOf = ({ options, selectedOptions }) => {
		if (isObject(options))
			return Object.entries(options);
		return Array.isArray(selectedOptions) ? selectedOptions
			.filter(isObject).map(({ name, value }) => [name, value]) : [];
	};
	const tellPrice = (item) => {
		const price = item.price ??
			(isObject(item.product) ? item.product.price : undefined);
		return price === undefined ? '' : ` at ${say(price)}`;
	};
	const tellItem = (item) => {
		const name = (isObject(item.product) ? item.product.name :
			undefined) ?? item.name ?? productOf(item);
		const choices = choicesOf(item).map(([choice, value]) =>
			`${say(choice ?? null)}: ${say(value ?? null)}`);
		return [item.quantity === undefined ? '' : `${say(item.quantity)} x `,
			say(name), choices.length > 0 ? ` (${choices.join(', ')})` : '',
			tellPrice(item)].join('');
	};
	const tellCart = (cart) => {
		if (cart === undefined)
			return ['(not known)'];
		if (!isObject(cart))
			return [say(cart)];
		return Object.entries(cart).flatMap(([key, value]) =>
			key === 'items' && areItems(value) ? value.map(tellItem) :
				[`${key}: ${say(value)}`]);
	};

	// Who takes part, and with what, after a number of rows.

	const customerOf = (state, id) => {
		if (!state.customers.has(id))
			state.customers.set(id, { id, isReady: false, isAway: false });
		return state.customers.get(id);
	};
	const enter = (state, row) => {
		state.customers.delete(row.displaced);
		Object.assign(customerOf(state, row.customer), { name: row.name,
			isHost: row.event === 'start', cart: {} });
	};
	const deeds = {
		start: enter,
		join: enter,
		cart: (state, row) => {
			customerOf(state, row.customer).cart = row.cart;
		},
		ready: (state, row) => {
			customerOf(state, row.customer).isReady = row.ready;
		},
		leave: (state, row) => {
			state.customers.delete(row.customer);
		},
		expire: (state, row) => {
			customerOf(state, row.customer).isAway = true;
		},
		return: (state, row) => {
			customerOf(state, row.customer).isAway = false;
		},
		end: (state) => {
			state.customers.clear();
			state.isLocked = false;
			state.hasEnded = true;
		},
		lock: (state) => {
			state.isLocked = true;
		},
		unlock: (state) => {
			state.isLocked = false;
		},
	};
	const stateAfter = (count) => {
		let state = { customers: new Map() };
		for (const row of rows.slice(0, count)) {
			if (row.revision === 0)
				continue;
			if (row.incarnation !== state.incarnation)
				state = { incarnation: row.incarnation,
					customers: new Map() };
			deeds[row.event]?.(state, row);
		}
		return state;
	};

	// What stands in a lane.

	const changeChip = ({ change, item, path, before, after }) => {
		const values = [before, after].filter((value) => value !== undefined)
			.map(say).join(' \u2192 ');
		const sign = { added: '+ ', removed: '\u2212 ' }[change] ?? '';
		if (item === undefined)
			return chip(change, sign, path === '' ? values :
				`${path}: ${values}`);
		return chip(change, sign, path === '' ?
			item + tellPrice(after ?? before) :
			`${item}: ${path} ${values}`);
	};
	const cartChips = (row) => {
		if (row.erased)
			return ['(the cart was erased)'];
		const chips = (row.changes ?? []).map(changeChip);
		if (row.compared === false)
			return ['(the cart before is not known)'];
		if (row.left_out !== undefined)
			chips.push(`and ${row.left_out} more`);
		return chips.length > 0 ? chips : ['the same cart again'];
	};
	const calls = { endSession: 'ends the session',
		removeCustomer: 'removes this customer',
		lockSession: 'locks the session',
		unlockSession: 'unlocks the session' };
	const names = new Map();
	const nameOf = (id) => called(names.get(id) ?? id);
	const phrases = {
		start: (row) => (row.displaced ?? null) === null ?
			['\u2192 started the session'] :
			['\u2192 took the seat of the host ', nameOf(row.displaced)],
		join: () => ['\u2192 joined'],
		cart: cartChips,
		ready: (row) => [row.ready ?
			chip('ready', '\u2713 ready to check out') :
			chip('', 'not ready to check out')],
		leave: () => ['\u2190 left'],
		expire: () => ['\u2190 was absent for too long'],
		return: () => ['\u2192 is back'],
		end: () => ['the session ended'],
		lock: () => [chip('locked', 'the session was locked')],
		unlock: (row) => [chip('locked', row.timed_out ?
			'the session was unlocked: it was locked for too long' :
			'the session was unlocked')],
		refused: (row) => [chip('refused', `${row.message === '' ?
			'a message' : row.message} was refused: ${row.code}`),
		row.count > 1 ? ` the first of ${row.count}` : ''],
		erase: (row) => [row.customer === null ?
			'all that was personal in the session until here was erased' :
			'all that was personal until here was erased'],
		retain: (row) => ['names, addresses and carts from before ' +
			`${row.before} may be erased`],
		call: (row) => ['the shop\'s server ', called(row.name ?? ''),
			` ${calls[row.message] ?? ''}`],
	};
	const readiness = (row) => {
		if (row.all_ready === undefined)
			return [];
		return [' ', row.all_ready ? chip('ready', '\u2713 all are ready') :
			chip('', 'not all are ready any more')];
	};
	const cards = [];
	const card = (row) => {
		const made = element('li', 'event', element('div', 'when',
			`${row.revision === 0 ? '' : `${row.revision} \u00b7 `}` +
			`${row.time.slice(11, -1)}` +
			(row.transport === 'none' ? '' : ` \u00b7 ${row.transport}`) +
			(row.address === undefined ? '' : ` \u00b7 ${row.address}`)),
		...phrases[row.event]?.(row) ?? [row.event], ...readiness(row));
		made.dataset.position = String(cards.push(made));
		return made;
	};

	// An incarnation: a lane for each who came, and a line for each row.  Grids
	// of browsers end at 10000 lines, and long ones are slow.

	const GRID_ROWS = 500;

	const incarnations = () => {
		const found = [];
		for (const row of rows) {
			if (found.length === 0 || (row.revision !== 0 &&
				row.incarnation !== found.at(-1).number))
				found.push({ number: row.incarnation, rows: [] });
			found.at(-1).rows.push(row);
		}
		return found;
	};
	const gridOf = (some, ids) => {
		const list = element('ol', 'lanes');
		let line = 1, day = '';
		const place = (made, lane) => {
			made.style.gridRow = String(line++);
			if (lane === -1)
				made.classList.add('whole');
			else
				made.style.gridColumn = String(lane + 1);
			list.append(made);
		};
		list.style.gridTemplateColumns =
			`repeat(${Math.max(ids.length, 1)}, minmax(9rem, 1fr))`;
		ids.forEach((id, lane) => {
			line = 1;
			place(element('li', 'name', nameOf(id)), lane);
		});
		for (const row of some) {
			if (row.time.slice(0, 10) !== day) {
				day = row.time.slice(0, 10);
				place(element('li', 'day', day), -1);
			}
			place(card(row), ids.indexOf(row.customer));
		}
		return list;
	};
	const gridsOf = ({ rows: all }) => {
		const ids = [...new Set(all.map(({ customer }) => customer)
			.filter((id) => typeof id === 'string'))];
		const grids = [];
		for (let i = 0; i < all.length; i += GRID_ROWS)
			grids.push(gridOf(all.slice(i, i + GRID_ROWS), ids));
		return grids;
	};

	// Others are not shown the cart of who is away.
	const showCustomer = ({ id, name, isHost, isReady, isAway, cart }) => {
		const items = isAway ? [] :
			tellCart(cart).map((item) => element('li', '', item));
		return element('article', '', element('h3', '', called(name ?? id)),
			...isHost ? [chip('', 'host')] : [],
			...isReady ? [chip('ready', '\u2713 ready')] : [],
			...isAway ? [chip('removed', 'away')] : [],
			items.length > 0 ? element('ul', '', ...items) :
				isAway ? '' : 'nothing');
	};
	const slider = document.getElementById('position');
	let shown = 0;
	const show = () => {
		const count = Number(slider.value), row = rows[count - 1];
		const state = stateAfter(count);
		for (const made of cards.slice(Math.min(count, shown),
			Math.max(count, shown)))
			made.classList.toggle('later', count < shown);
		shown = count;
		document.getElementById('when').textContent = row === undefined ?
			'nothing' : `${count} of ${rows.length} rows` +
			(row.revision === 0 ? ' (a note)' :
				`, revision ${row.incarnation}.${row.revision}`) +
			`, ${row.time}`;
		document.getElementById('carts').replaceChildren(
			...state.isLocked ? [chip('locked', 'locked')] : [],
			...state.hasEnded ? ['The session has ended.'] : [],
			...[...state.customers.values()].map(showCustomer));
	};

	for (const { event, customer, name } of rows)
		if ((event === 'start' || event === 'join') && name !== undefined)
			names.set(customer, name);
	document.title = visible(about.session);
	document.getElementById('session').append(called(about.session));
	if (!about.complete)
		document.getElementById('session').after(element('p', 'fault',
			'Not all could be read: what comes behind this is missing.'));
	for (const incarnation of incarnations())
		document.getElementById('story').append(element('h2', '',
			`Incarnation ${incarnation.number}`), ...gridsOf(incarnation));
	document.getElementById('proof').append(
		element('p', '', `Made by buddyshoppingctl ${about.version} at ` +
			`${about.time}. All times are of UTC.`),
		element('p', '', ...about.head === null ?
			['Nothing is on record any more.'] :
			['All of this is covered by the hash of row ',
				element('code', '', about.head), ', which ',
				element('code', '', 'buddyshoppingctl audit verify --head ' +
					about.head), ' compares with the journal.']));
	document.getElementById('story').addEventListener('click', (event) => {
		const position = event.target.closest('.event')?.dataset.position;
		if (position !== undefined) {
			slider.value = position;
			show();
		}
	});
	slider.max = String(rows.length);
	slider.value = slider.max;
	slider.addEventListener('input', show);
	show();
})();
