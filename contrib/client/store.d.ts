/** The properties of a client that React and Vue watch. */
export type Watched = 'state' | 'transport' | 'customerId' | 'multicart' |
	'cart' | 'isReady' | 'pending' | 'present' | 'isLocked';
