// A network that does its worst at random, and one that has healed.
import { FakeNetwork } from './fake-network.mjs';

function fault(random) {
	const dice = random();
	return {
		loseRequest: dice < 0.1,
		loseAnswer: dice > 0.1 && dice < 0.25,
		lose: dice < 0.03,
		repeat: dice > 0.8,
		delay: random() < 0.2 ? 5000 * random() : 10,
		answerDelay: random() < 0.2 ? 5000 * random() : 10,
	};
}

export function hostileNetwork(world, random) {
	const network = new FakeNetwork(world.clock, world.server);
	network.onPost = network.onSend = network.onDeliver = () =>
		fault(random);
	network.latency = () => 200 * random();
	return network;
}

export function heal(network) {
	network.onPost = network.onSend = network.onDeliver = () => ({});
	network.latency = () => 10;
	network.upgrades = 'pass';
	network.isUp = true;
}
