// The scenarios with the fake daemon.
import { FakeDaemon } from './fake-daemon.mjs';
import { scenarios } from './scenarios.mjs';

scenarios(new FakeDaemon(), ['websocket', 'polling']);
