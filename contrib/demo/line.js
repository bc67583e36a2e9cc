// The line to the daemon, which can be cut here: what a train does in a tunnel.

const LOCAL = /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0)$/;

// Whether a host's name leads nowhere but to the machine that asks.
export const isOfThisMachine = (hostname) => LOCAL.test(hostname);

// A platform for BuddyShopping, and cut(isCut) to cut its line or mend it.
export const makeLine = () => {
	const ends = new Set();
	let isCut = false;

	function Socket(...address) {
		if (isCut)
			throw new Error('cut');
		const socket = new WebSocket(...address);
		const end = () => socket.close();
		ends.add(end);
		socket.addEventListener('close', () => ends.delete(end));
		return socket;
	}

	const request = async (url, init) => {
		const control = new AbortController();
		const end = () => control.abort();
		if (isCut || init.signal.aborted)
			end();
		init.signal.addEventListener('abort', end);
		ends.add(end);
		try {
			const response = await fetch(url,
				{ ...init, signal: control.signal });
			const body = await response.text();
			return { status: response.status, headers: response.headers,
				json: async () => JSON.parse(body) };
		} finally {
			ends.delete(end);
			init.signal.removeEventListener('abort', end);
		}
	};

	const cut = (isWanted) => {
		isCut = isWanted;
		if (isCut)
			ends.forEach((end) => end());
	};

	return { platform: { WebSocket: Socket, fetch: request }, cut };
};
