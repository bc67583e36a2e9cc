#ifndef FAULT_LINE_H
#define FAULT_LINE_H

struct audit_fault;

/* Print what a verification found wrong, and where. */
void	 fault_line_print(const struct audit_fault *fault);

#endif
