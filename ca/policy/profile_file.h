/*
 * The profiles' file (libconfuse): sections that change a built-in profile or
 * add one.
 *
 *	profile "camera" {
 *		days_max = 90
 *		extended_usage = {"client"}
 *		key_types = {"ec:P-256"}
 *	}
 *
 * A new profile starts as a copy of "collector". Its name is 1 to 32 of a-z,
 * 0-9 and '-'. Of the local profiles days_max alone can be changed.
 *
 *	days_max        1 to 14610
 *	usage           "digital_signature", "key_encipherment",
 *	                "key_agreement"
 *	extended_usage  "client", "server"
 *	key_types       as in a request, and "ec:P-521"
 *	csr_subject     "country" ... "email": taken from a request's subject
 *	device_uri, cn_is_host, san_allowed
 *	                true or false
 */
#ifndef CA_POLICY_PROFILE_FILE_H
#define CA_POLICY_PROFILE_FILE_H

#include "ca/policy/profile.h"

/* Called for each thing that is wrong, with the line where it stands; line 0:
 * the file as a whole. */
typedef void (*profile_problem_fn)(
    void *arg, const char *path, int line, const char *message);

/* Starts from the built-in profiles. Goes on after a problem, to find all;
 * -1 if there was any; set is then not to be used. A file that is not there is
 * a problem. One thread at a time (libconfuse has one scanner a process). */
MUST_USE int profile_file_read(const char *path, struct profile_set *set,
    profile_problem_fn problem, void *arg);

#endif
