import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';

import { Shop } from './shop.js';

export const html = await renderToString(createSSRApp(Shop,
	{ url: '/together/hydrated' }));
