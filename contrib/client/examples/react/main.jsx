import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Shop } from './shop.jsx';

// Who knows the session can join: it is random, and in the link for friends.
const session = location.hash.slice(1) || crypto.randomUUID();

history.replaceState(null, '', `#${session}`);
createRoot(document.getElementById('shop')).render(<StrictMode>
	<Shop url={`/together/${session}`} />
</StrictMode>);
