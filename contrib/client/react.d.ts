import type { BuddyShopping, Options } from './buddyshopping.js';
import type { Watched } from './store.js';

/**
 * What is watched of a client, as its properties are; the same object until one
 * of them changes. Without a client, as on a server and while a page hydrates,
 * `shop` is null, the state is `idle` and nothing is known.
 */
export type Shopping<
	Cart extends object = Record<string, unknown>,
	What = unknown,
> =
	Readonly<Pick<BuddyShopping<Cart, What>, Watched>> &
	{ readonly shop: BuddyShopping<Cart, What> | null };

/**
 * What is known of a shared session, rendered again when it changes. A client
 * is the caller's to close. That of a URL is opened when the first component
 * with it is mounted, and closed after the last; the options are those that any
 * of them gives, `ticket` and `debug` those of the newest render.
 */
export function useBuddyShopping<
	Cart extends object = Record<string, unknown>,
	What = unknown,
>(
	what: BuddyShopping<Cart, What> | string | { readonly href: string } | null |
		undefined,
	options?: Options,
): Shopping<Cart, What>;
