import type { MaybeRefOrGetter, ShallowRef } from 'vue';

import type { BuddyShopping, Options } from './buddyshopping.js';
import type { Watched } from './store.js';

/**
 * What is watched of a client, as its properties are, each a ref. Without a
 * client, as on a server and until the component is mounted, `shop` is null, the
 * state is `idle` and nothing is known.
 */
export type Shopping<
	Cart extends object = Record<string, unknown>,
	What = unknown,
> = {
	readonly [Name in Watched]:
		Readonly<ShallowRef<BuddyShopping<Cart, What>[Name]>>;
} & {
	readonly shop: Readonly<ShallowRef<BuddyShopping<Cart, What> | null>>;
};

/**
 * What is known of a shared session. A client is the caller's to close. That of
 * a URL is opened when the first component with it is mounted, or at once outside
 * of components, and closed after the last scope has ended; the options are those
 * that any of them gives.
 */
export function useBuddyShopping<
	Cart extends object = Record<string, unknown>,
	What = unknown,
>(
	what: MaybeRefOrGetter<BuddyShopping<Cart, What> | string |
		{ readonly href: string } | null | undefined>,
	options?: Options,
): Shopping<Cart, What>;
