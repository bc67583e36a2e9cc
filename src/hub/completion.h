#ifndef COMPLETION_H
#define COMPLETION_H

struct hub;
struct job_list;

/*
 * What comes back from the storage: answers go out, what is durable is shown,
 * and what was refused is taken back.  Frees the jobs.
 */
void	 complete_jobs(struct hub *hub, struct job_list *jobs);

#endif
