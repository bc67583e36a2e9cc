// The example where a server has rendered it before.
import { StrictMode } from 'react';
import { hydrateRoot } from 'react-dom/client';

import { Shop } from './shop.jsx';

hydrateRoot(document.getElementById('shop'), <StrictMode>
	<Shop url="/together/hydrated" />
</StrictMode>);
