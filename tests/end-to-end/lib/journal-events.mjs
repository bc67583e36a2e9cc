// What a shop's server has to be told of the rows of "audit export", whichever
// way it hears of them.

// The event that a row is by itself; undefined if it is a note.
const typeOf = ({ event, revision, ready }) => ({
	start: revision === 1 ? 'session.started' : 'customer.joined',
	join: 'customer.joined',
	cart: 'cart.changed',
	ready: ready ? 'customer.ready' : 'customer.unready',
	leave: 'customer.left',
	expire: 'customer.left',
	return: 'customer.returned',
	end: 'session.ended',
	lock: 'session.locked',
	unlock: 'session.unlocked',
})[event];

const reasonOf = ({ event, transport }) => event === 'expire' ? 'expired' :
	transport === 'none' ? 'removed' : 'left';

// All events of these rows, in order.
export const expectedOf = (rows) => rows.flatMap((row) => {
	const type = typeOf(row);
	if (type === undefined)
		return [];
	const { seq, session, incarnation, revision, customer } = row;
	const data = { session, incarnation, revision,
		...customer === undefined || customer === null ? {} : { customer } };
	const make = (suffix, name, more) => ({ id: `${seq}${suffix}`, type: name,
		timestamp: row.time, data: { ...data, ...more } });
	return [
		...row.displaced === undefined || row.displaced === null ? [] :
			[make('.d', 'customer.left', { customer: row.displaced,
				reason: 'replaced' })],
		make('', type, {
			...row.account === undefined ? {} : { account: row.account },
			...type === 'customer.left' ? { reason: reasonOf(row) } : {},
			...row.timed_out === true ? { timedOut: true } : {} }),
		...row.all_ready === undefined ? [] : [make('.r',
			row.all_ready ? 'session.ready' : 'session.unready', {})],
	];
});
