/* Shared by the files that read the profiles' file. */
#ifndef CA_POLICY_PROFILE_FILE_INTERNAL_H
#define CA_POLICY_PROFILE_FILE_INTERNAL_H

#include <confuse.h>

#include "ca/policy/profile_file.h"

/* A value as it was written, and where. */
struct profile_word {
	int line;
	char text[];
};

/* The options of a section, in the order of the table in profile_file.c. */
enum profile_option {
	OPTION_DAYS_MAX,
	OPTION_USAGE,
	OPTION_EXTENDED_USAGE,
	OPTION_KEY_TYPES,
	OPTION_CSR_SUBJECT,
	OPTION_DEVICE_URI,
	OPTION_CN_IS_HOST,
	OPTION_SAN_ALLOWED,
	OPTION_COUNT
};

/* Tells the caller of profile_file_read; the reading goes on. */
void profile_file_tell(int line, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The i-th value of an option. */
const struct profile_word *profile_file_word(const cfg_opt_t *opt, unsigned i);

/* Judges what was written and sets it in p (profile_file_options.c). */
void profile_file_set(const cfg_t *section, const cfg_opt_t *opt,
    enum profile_option n, struct profile *p);

#endif
