#ifndef SHOP_METRICS_H
#define SHOP_METRICS_H

struct exposition;
struct shops;

/*
 * Families that have a sample for each shop that is served, with its name as a
 * label: none at all where there are no sections of shops.
 */
void	 shop_metrics_tell(struct exposition *exposition,
	    const struct shops *shops);

#endif
