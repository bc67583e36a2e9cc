// The client's tests once more, in a browser of 2020.
import './old-browser.mjs';

import './client.test.mjs';
import './firewall.test.mjs';
import './hostile.test.mjs';
