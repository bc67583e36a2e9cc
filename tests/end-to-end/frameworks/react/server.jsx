import { renderToString } from 'react-dom/server';

import { Shop } from './shop.jsx';

export const html = renderToString(<Shop url="/together/hydrated" />);
