#ifndef MULTICART_DELTA_H
#define MULTICART_DELTA_H

struct multicart;
struct multicart_members;

/*
 * Make multicart->delta, unless that were no shorter than multicart: a
 * multicartDelta that changes what before shows, which is of the same
 * incarnation, into what multicart shows, who are after.
 *
 * Its changes, applied one after another, are first those who are gone; then,
 * in the multicart's order, who is new, with owner and content, and where need
 * be the next one that is not new; and who has changed, with the owner if that
 * has, else its id alone, and with the content if that has.  Who was away in
 * between, and is shown as before, is neither.
 */
void	 multicart_make_delta(struct multicart *multicart,
	    const struct multicart_members *before,
	    const struct multicart_members *after);

#endif
