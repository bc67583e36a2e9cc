import { useBuddyShopping } from 'buddyshopping/vue';

export const Cart = {
	props: ['url', 'products'],
	setup(props) {
		const { shop, cart, isReady, pending } =
			useBuddyShopping(() => props.url);
		const add = (product) => shop.value.updateCart({ ...cart.value,
			[product]: (cart.value?.[product] ?? 0) + 1 });

		return { shop, cart, isReady, pending, add };
	},
	template: `<section id="mine">
		<button v-for="product in products" @click="add(product)">
			{{ product }}: {{ cart?.[product] ?? 0 }}
		</button>
		<label>
			<input type="checkbox" :checked="isReady"
				@change="shop.setReady(!isReady)">
			ready
		</label>
		<p v-if="pending" role="status">
			changes not sent yet: {{ pending.count }}</p>
	</section>`,
};
