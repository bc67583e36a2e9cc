// A tiny shop: its components name the session, and share its client.
import { useEffect, useState } from 'react';
import { useBuddyShopping } from 'buddyshopping/react';

import { Cart } from './cart.jsx';

const PRODUCTS = ['pears', 'tea', 'bread'];

function Enter({ url }) {
	const { shop } = useBuddyShopping(url);
	const [name, setName] = useState('');
	const enter = (event) => {
		event.preventDefault();
		shop.enter(name);
	};

	return <form onSubmit={enter}>
		<input id="name" placeholder="Your name" value={name}
			onChange={({ target }) => setName(target.value)} />
		<button disabled={!shop || !name}>Shop together</button>
	</form>;
}

function Friends({ url }) {
	const { customerId, multicart } = useBuddyShopping(url);
	const others = multicart?.filter(({ owner }) => owner.id !== customerId);

	return <ul id="friends">
		{others?.map(({ owner, content }) => <li key={owner.id}>
			{owner.name}: {Object.entries(content)
				.map(([what, count]) => `${count} ${what}`).join(', ')}
			{owner.isReadyToCheckout && ' (ready)'}
		</li>)}
	</ul>;
}

// What happened to this page's customer, until somebody enters again.
function useEnd(shop) {
	const [end, setEnd] = useState(null);

	useEffect(() => {
		const tell = ({ detail }) => setEnd(detail.code ?? 'You left.');
		shop?.addEventListener('left', tell);
		return () => shop?.removeEventListener('left', tell);
	}, [shop]);
	return end;
}

export function Shop({ url }) {
	const { shop, state } = useBuddyShopping(url);
	const end = useEnd(shop);

	if (state === 'idle')
		return <>{end && <p id="end">{end}</p>}<Enter url={url} /></>;
	return <>
		<p id="state">{state}</p>
		<Cart url={url} products={PRODUCTS} />
		<Friends url={url} />
		<button id="leave" onClick={() => shop.leave()}>Leave</button>
	</>;
}
