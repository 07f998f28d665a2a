/*
 * The profiles' file (libconfuse): sections that change a built-in profile or
 * add one.
 *
 *	profile "camera" {
 *		days_max = 90
 *		extended_usage = {"client"}
 *		key_types = {"ec:P-256"}
 *	}
 */
#ifndef CA_POLICY_PROFILE_FILE_H
#define CA_POLICY_PROFILE_FILE_H

#include "ca/policy/profile.h"

/* Called for each thing that is wrong, with the line where it stands. */
typedef void (*profile_problem_fn)(
    void *arg, const char *path, int line, const char *message);

/* Starts from the built-in profiles. Goes on after a problem, to find all;
 * -1 if there was any. A file that is not there is a problem. */
MUST_USE int profile_file_read(const char *path, struct profile_set *set,
    profile_problem_fn problem, void *arg);

#endif
