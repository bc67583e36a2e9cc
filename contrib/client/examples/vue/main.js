import { createApp } from 'vue';

import { Shop } from './shop.js';

// Who knows the session can join: it is random, and in the link for friends.
const session = location.hash.slice(1) || crypto.randomUUID();

history.replaceState(null, '', `#${session}`);
createApp(Shop, { url: `/together/${session}` }).mount('#shop');
