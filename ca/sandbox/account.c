#include "ca/sandbox/account.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NUMBER_DIGITS_MAX 9

static bool
is_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= NUMBER_DIGITS_MAX && text[n] == '\0';
}

int
account_find(
    const char *name, const char *field, struct account *out, struct err *e)
{
	const struct passwd *who;

	if (is_number(name)) {
		out->uid = (uid_t)strtoul(name, NULL, 10);
		out->gid = (gid_t)out->uid;
	} else {
		who = getpwnam(name);
		if (who == NULL)
			return err_set(e, ERR_BAD_FIELD, field,
			    "there is no user \"%s\"; make it with: "
			    "adduser --system --group %s",
			    name, name);
		out->uid = who->pw_uid;
		out->gid = who->pw_gid;
	}
	if (out->uid == 0 || out->gid == 0)
		return err_set(e, ERR_BAD_FIELD, field, "must not be root");
	return 0;
}

/* The kernel forgets who is to be outlived when a process changes its user. */
static int
die_with(pid_t parent, struct err *e)
{
	if (parent == 0)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return err_errno(e, "prctl", "parent's death");
	if (getppid() != parent)
		return err_set(e, ERR_INTERNAL, NULL, "the parent has ended");
	return 0;
}

int
account_become(const struct account *a, pid_t parent, struct err *e)
{
	if (setgroups(0, NULL) != 0 || setresgid(a->gid, a->gid, a->gid) != 0 ||
	    setresuid(a->uid, a->uid, a->uid) != 0)
		return err_errno(e, "setresuid", "dropping root");
	if (setuid(0) == 0 || setgid(0) == 0)
		return err_set(e, ERR_INTERNAL, NULL, "root was not dropped");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_errno(e, "prctl", "undumpable");
	return die_with(parent, e);
}
