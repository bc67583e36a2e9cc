// What the shop sells, and carts: maps from a product's id to a quantity.

// Prices in cents.
export const PRODUCTS = [
	{ id: 'basket', name: 'Wicker basket', what: 'Room for four',
		price: 5900, tint: '#f0d9b5' },
	{ id: 'loaf', name: 'Sourdough loaf', what: 'Baked this morning',
		price: 650, tint: '#f6dcc0' },
	{ id: 'cheese', name: 'Alpine cheese', what: 'Aged nine months',
		price: 890, tint: '#fbe7ae' },
	{ id: 'berries', name: 'Strawberries', what: 'A punnet of 500 g',
		price: 480, tint: '#f9cfd0' },
	{ id: 'lemonade', name: 'Lemonade', what: 'Cloudy, 0.75 l',
		price: 320, tint: '#d9ecc9' },
	{ id: 'olives', name: 'Green olives', what: 'With red pepper',
		price: 540, tint: '#dfe6bd' },
	{ id: 'mug', name: 'Enamel mug', what: 'For coffee outdoors',
		price: 1200, tint: '#cfe0ef' },
	{ id: 'blanket', name: 'Picnic blanket', what: 'Wool, 150 × 200 cm',
		price: 4900, tint: '#f4cfc4' },
	{ id: 'lantern', name: 'Camp lantern', what: 'For when it gets late',
		price: 3400, tint: '#d5d8e8' },
];

export const QUANTITY_MAX = 99;

const isQuantity = (value) =>
	Number.isInteger(value) && value > 0 && value <= QUANTITY_MAX;

// The cart in cartContent, which may be anybody's: what this shop does not
// sell is left out.
export const readCart = (content) => {
	const items = Array.isArray(content?.items) ? content.items : [];
	const quantities = new Map(items.map((item) =>
		[item?.id, item?.quantity]));
	return new Map(PRODUCTS.map(({ id }) => [id, quantities.get(id)])
		.filter(([, quantity]) => isQuantity(quantity)));
};

export const writeCart = (cart) => ({
	items: [...cart].map(([id, quantity]) => ({ id, quantity })),
});

// [product, quantity] of everything in a cart, in the order of the shop.
export const entriesOf = (cart) => PRODUCTS
	.filter(({ id }) => cart.has(id))
	.map((product) => [product, cart.get(product.id)]);

export const totalOf = (cart) => entriesOf(cart)
	.reduce((sum, [{ price }, quantity]) => sum + price * quantity, 0);

export const countOf = (cart) =>
	[...cart.values()].reduce((sum, quantity) => sum + quantity, 0);

const euros = new Intl.NumberFormat('en', { style: 'currency',
	currency: 'EUR' });

export const money = (cents) => euros.format(cents / 100);
