// The example where a server has rendered it before.
import { createSSRApp } from 'vue';

import { Shop } from './shop.js';

createSSRApp(Shop, { url: '/together/hydrated' }).mount('#shop');
