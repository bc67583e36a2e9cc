import { useBuddyShopping } from 'buddyshopping/react';

export function Cart({ url, products }) {
	const { shop, cart, isReady, pending } = useBuddyShopping(url);
	const add = (product) => shop.updateCart({ ...cart,
		[product]: (cart?.[product] ?? 0) + 1 });

	return <section id="mine">
		{products.map((product) =>
			<button key={product} onClick={() => add(product)}>
				{product}: {cart?.[product] ?? 0}
			</button>)}
		<label>
			<input type="checkbox" checked={isReady ?? false}
				onChange={() => shop.setReady(!isReady)} />
			ready
		</label>
		{pending && <p role="status">
			changes not sent yet: {pending.count}</p>}
	</section>;
}
