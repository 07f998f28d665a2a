/* plugin_opt_… of mosquitto.conf. */
#ifndef MOSQUITTO_OPTIONS_H
#define MOSQUITTO_OPTIONS_H

#include <stdint.h>

#include "mosquitto/identity.h"

#define OPTIONS_MAX_AGE_S 31536000 /* a year */

struct options {
	char service_name[IDENTITY_NAME_MAX + 1]; /* "ssl" where not given */
	char state_file[512];                     /* must be given */
	int64_t max_age_s;                        /* 0: never stale */
};

void options_init(struct options *o);
/* ERR_BAD_FIELD for a key that is not known or a value out of form. */
MUST_USE int options_set(
    struct options *o, const char *key, const char *value, struct err *e);
/* After the last one: what is missing. */
MUST_USE int options_check(const struct options *o, struct err *e);

#endif
