/* Internal to service/config: telling problems with their lines. */
#ifndef SERVICE_CONFIG_CHECK_H
#define SERVICE_CONFIG_CHECK_H

#include "service/config/config.h"

#define CHECK_SETTINGS_MAX 128

struct check {
	const char *path;
	int fd; /* read from here; -1: from path */
	config_problem_fn problem;
	void *arg;
	unsigned problems;
	int line[CHECK_SETTINGS_MAX]; /* of each setting; 0: not in the file */
};

/* Where a setting stands; 0: not in the file. */
int check_line(const struct check *c, const char *name);
void check_together(struct check *c, const struct config *v);

#endif
