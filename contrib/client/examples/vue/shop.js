// A tiny shop: its components name the session, and share its client.
import { ref, watch } from 'vue';
import { useBuddyShopping } from 'buddyshopping/vue';

import { Cart } from './cart.js';

const PRODUCTS = ['pears', 'tea', 'bread'];

const Enter = {
	props: ['url'],
	setup(props) {
		const { shop } = useBuddyShopping(() => props.url);
		return { shop, name: ref('') };
	},
	template: `<form @submit.prevent="shop.enter(name)">
		<input id="name" placeholder="Your name" v-model="name">
		<button :disabled="!shop || !name">Shop together</button>
	</form>`,
};

const Friends = {
	props: ['url'],
	setup(props) {
		const { customerId, multicart } = useBuddyShopping(() => props.url);
		const textOf = (content) => Object.entries(content)
			.map(([what, count]) => `${count} ${what}`).join(', ');
		return { customerId, multicart, textOf };
	},
	template: `<ul id="friends">
		<template v-for="{ owner, content } in multicart" :key="owner.id">
			<li v-if="owner.id !== customerId">
				{{ owner.name }}: {{ textOf(content) }}
				{{ owner.isReadyToCheckout ? '(ready)' : '' }}
			</li>
		</template>
	</ul>`,
};

// What happened to this page's customer, until somebody enters again.
function useEnd(shop) {
	const end = ref(null);
	const tell = ({ detail }) => {
		end.value = detail.code ?? 'You left.';
	};

	watch(shop, (now, before) => {
		before?.removeEventListener('left', tell);
		now?.addEventListener('left', tell);
	});
	return end;
}

export const Shop = {
	props: ['url'],
	components: { Cart, Enter, Friends },
	setup(props) {
		const { shop, state } = useBuddyShopping(() => props.url);
		return { shop, state, end: useEnd(shop), PRODUCTS };
	},
	template: `<template v-if="state === 'idle'">
		<p v-if="end" id="end">{{ end }}</p>
		<Enter :url="url" />
	</template>
	<template v-else>
		<p id="state">{{ state }}</p>
		<Cart :url="url" :products="PRODUCTS" />
		<Friends :url="url" />
		<button id="leave" @click="shop.leave()">Leave</button>
	</template>`,
};
