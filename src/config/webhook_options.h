#ifndef WEBHOOK_OPTIONS_H
#define WEBHOOK_OPTIONS_H

struct options;
struct setting_report;

/*
 * Judge what the settings of webhooks say together, and read the secrets.
 * What is wrong is reported.
 */
void	 webhook_options_read(struct options *options,
	    struct setting_report *report);

#endif
