// A client as Vue sees it.
import {
	getCurrentInstance, shallowRef, toValue, watch, watchPostEffect,
} from 'vue';

import { meant, NOBODY, Store } from './store.js';

/**
 * What is known of a shared session, a ref for each property: of that of a URL,
 * whose client all share, with the options that any of them gives; of a client
 * that was made elsewhere, which stays open; or of nobody (null). It may be a
 * ref or a getter. It ends with the scope, and in a component it begins when
 * that is mounted, so that this shows first what the server did.
 */
export function useBuddyShopping(what, options) {
	const names = Object.keys(NOBODY);
	const refs = Object.fromEntries(names.map((name) =>
		[name, shallowRef(NOBODY[name])]));
	const isMounted = shallowRef(!getCurrentInstance());

	if (!isMounted.value)
		// In a hook it may be too late for onMounted().
		watchPostEffect(() => {
			isMounted.value = true;
		});
	watch([() => meant(toValue(what)), isMounted],
		([whom, isOn], _, onCleanup) => {
			const store = new Store(whom);
			const show = () => names.forEach((name) => {
				refs[name].value = store.read()[name];
			});
			// Of all components, before the first of them subscribes.
			store.configure(options);
			if (isOn) {
				onCleanup(store.subscribe(show));
				show();
			}
		}, { immediate: true, flush: 'sync' });
	return refs;
}
