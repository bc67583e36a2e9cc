/* What comes from whoever answers for /metrics. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/metric_text.h"
#include "ctl/top_figures.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Two texts, the second of which begins behind a NUL. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xcalloc(1, len + 2), label[8];
	const char *after;
	struct top_figures figures;

	memcpy(text, data, len);
	after = text + strlen(text) + 1;
	if (after > text + len)
		after = text;
	metric_text_label(text, "a", label, sizeof(label));
	assert(strlen(label) < sizeof(label));
	assert(metric_text_bound(text, text, "a", 0.99) == 0);
	(void)metric_text_bound(text, after, "a", 0.99);
	(void)!top_figures_read(&figures, text, after, 1);
	free(text);
	return 0;
}
