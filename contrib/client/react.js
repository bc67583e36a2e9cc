// A client as React sees it.
import { useInsertionEffect, useMemo, useSyncExternalStore } from 'react';

import { meant, NOBODY, Store } from './store.js';

const nobody = () => NOBODY;

/**
 * What is known of a shared session, rendered again when it changes: of that of
 * a URL, whose client all share, with the options that any of them gives; of a
 * client that was made elsewhere, which stays open; or of nobody (null).
 */
export function useBuddyShopping(what, options) {
	const whom = meant(what);
	const store = useMemo(() => new Store(whom), [whom]);

	// Of all components, before the first of them subscribes.
	useInsertionEffect(() => store.configure(options));
	return useSyncExternalStore(store.subscribe, store.read, nobody);
}
