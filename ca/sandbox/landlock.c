#include "ca/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12: by number. */
#define ACCESS_FS_TRUNCATE  (UINT64_C(1) << 14) /* ABI 3 */
#define ACCESS_FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define ACCESS_TCP_BIND     (UINT64_C(1) << 0)  /* ABI 4 */
#define ACCESS_TCP_CONNECT  (UINT64_C(1) << 1)
#define RULE_NET_PORT       2
#define SCOPE_ALL           UINT64_C(3) /* ABI 6: abstract sockets, signals */

#define ABI_REFER     2
#define ABI_TRUNCATE  3
#define ABI_TCP       4
#define ABI_IOCTL_DEV 5
#define ABI_SCOPES    6

struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct port_rule {
	uint64_t access;
	uint64_t port;
};

#define ACCESS_FILE_READ  LANDLOCK_ACCESS_FS_READ_FILE
#define ACCESS_FILE_WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE)
#define ACCESS_FOLDER                                                          \
	(LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |        \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |        \
	    LANDLOCK_ACCESS_FS_REFER)

static uint64_t
known(int abi)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* ABI 1 */

	if (abi >= ABI_REFER)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= ABI_TRUNCATE)
		all |= ACCESS_FS_TRUNCATE;
	if (abi >= ABI_IOCTL_DEV)
		all |= ACCESS_FS_IOCTL_DEV;
	return all;
}

static size_t
ruleset_size(int abi)
{
	if (abi >= ABI_SCOPES)
		return sizeof(struct ruleset);
	return (abi >= ABI_TCP ? 2 : 1) * sizeof(uint64_t);
}

int
landlock_begin(struct landlock *l, bool tcp, struct err *e)
{
	struct ruleset r = {.fs = 0};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	*l = (struct landlock){.fd = -1, .abi = abi > 0 ? (int)abi : 0};
	if (l->abi == 0)
		return 0;
	l->all = r.fs = known(l->abi);
	l->tcp = tcp && l->abi >= ABI_TCP;
	if (l->tcp)
		r.net = ACCESS_TCP_BIND | ACCESS_TCP_CONNECT;
	r.scoped = SCOPE_ALL;
	l->fd = (int)syscall(
	    SYS_landlock_create_ruleset, &r, ruleset_size(l->abi), 0);
	return l->fd >= 0 ? 0 : err_errno(e, "landlock", "a ruleset");
}

static uint64_t
rights(enum landlock_right right, bool folder)
{
	switch (right) {
	case LANDLOCK_READ:
		return ACCESS_FILE_READ;
	case LANDLOCK_LIST:
		return LANDLOCK_ACCESS_FS_READ_DIR;
	case LANDLOCK_WRITE:
		return ACCESS_FILE_READ | ACCESS_FILE_WRITE |
		       (folder ? ACCESS_FOLDER : 0);
	}
	return 0;
}

int
landlock_allow(struct landlock *l, const char *path, enum landlock_right right,
    struct err *e)
{
	struct landlock_path_beneath_attr rule;
	struct stat st;
	long rc = -1;

	if (l->fd < 0 || path[0] == '\0')
		return 0;
	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, "open", path);
	if (fstat(rule.parent_fd, &st) == 0) {
		rule.allowed_access =
		    l->all & rights(right, S_ISDIR(st.st_mode));
		rc = syscall(SYS_landlock_add_rule, l->fd,
		    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	if (rc != 0)
		(void)err_errno(e, "landlock", path);
	close(rule.parent_fd);
	return rc == 0 ? 0 : -1;
}

static int
allow_port(struct landlock *l, unsigned port, uint64_t access, struct err *e)
{
	struct port_rule rule = {access, port};

	if (!l->tcp)
		return 0;
	if (syscall(SYS_landlock_add_rule, l->fd, RULE_NET_PORT, &rule, 0) != 0)
		return err_errno(e, "landlock", "a port");
	return 0;
}

int
landlock_allow_bind(struct landlock *l, unsigned port, struct err *e)
{
	return allow_port(l, port, ACCESS_TCP_BIND, e);
}

int
landlock_allow_connect(struct landlock *l, unsigned port, struct err *e)
{
	return allow_port(l, port, ACCESS_TCP_CONNECT, e);
}

static const char *
what_is_missing(int abi)
{
	if (abi == 0)
		return "landlock: files are kept away by their owner alone";
	if (abi < ABI_TRUNCATE)
		return "landlock: truncation, ports, scopes";
	if (abi < ABI_TCP)
		return "landlock: ports, scopes";
	if (abi < ABI_SCOPES)
		return "landlock: scopes";
	return "";
}

int
landlock_enforce(struct landlock *l, const char **missing, struct err *e)
{
	long rc = 0;

	*missing = what_is_missing(l->abi);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(e, "prctl", "no_new_privs");
	if (l->fd < 0)
		return 0;
	rc = syscall(SYS_landlock_restrict_self, l->fd, 0);
	if (rc != 0)
		(void)err_errno(e, "landlock", "enforcing it");
	close(l->fd);
	l->fd = -1;
	return rc == 0 ? 0 : -1;
}
