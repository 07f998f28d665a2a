/*
 * What the service keeps: the network, its folders, the installation's public
 * files, the resolver's. Not the files of the keys, whoever owns them, no
 * program, no other process.
 */
#include "service/sandbox.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/sandbox/landlock.h"
#include "ca/sandbox/syscalls.h"

#define PORT_DNS 53

static const char *const allowed[] = {
    /* descriptors */
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev",
    "pwrite64", "pwritev", "pwritev2", "lseek", "close", "close_range", "dup",
    "dup2", "dup3", "fcntl", "ioctl", "pipe2", "eventfd2", "poll", "ppoll",
    "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait",
    "epoll_pwait", "epoll_pwait2",
    /* files; which ones is Landlock's */
    "open", "openat", "openat2", "stat", "lstat", "fstat", "newfstatat",
    "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getcwd", "getdents64", "mkdir", "mkdirat",
    "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2", "fsync",
    "fdatasync", "ftruncate", "truncate", "fallocate", "flock", "fchmod",
    "chmod", "fchmodat", "fchown", "umask", "utimensat",
    /* memory; mmap and mprotect go by their arguments */
    "munmap", "mremap", "brk", "madvise", "msync", "mlock", "mlock2", "munlock",
    "membarrier",
    /* the network; which families goes by socket's argument */
    "socketpair", "bind", "listen", "accept", "accept4", "connect",
    "getsockname", "getpeername", "setsockopt", "getsockopt", "sendto",
    "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
    /* threads */
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq",
    "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
    "set_tid_address", "rt_sigprocmask", "rt_sigaction", "rt_sigreturn",
    "rt_sigtimedwait", "rt_sigpending", "sigaltstack", "restart_syscall",
    "exit", "exit_group", "gettid", "getpid", "getppid", "getuid", "geteuid",
    "getgid", "getegid", "getrlimit", "prlimit64", "getrusage", "sysinfo",
    "uname",
    /* time and chance */
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "times", "timerfd_create", "timerfd_settime",
    "getrandom", NULL};

/* Netlink: a look-up of a name asks which addresses the machine has. */
static const int families[] = {AF_INET, AF_INET6, AF_NETLINK, -1};

/* "/": libuv opens it when descriptors run out. */
static const char *const listed[] = {"/", NULL};

static const char *const system_files[] = {"/etc/resolv.conf", "/etc/hosts",
    "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
    "/etc/protocols", "/etc/localtime", "/run/systemd/resolve",
    "/sys/devices/system/cpu", "/proc/self/status", "/proc/self/stat", NULL};

static void
tell(const char *missing)
{
	if (missing[0] != '\0')
		log_warn("hardening", log_text("missing", missing));
}

/* The folder of a file, so that it can be replaced by another; but never the
 * installation's own, where the keys are. */
static int
allow_file(struct landlock *l, const struct config *c, const char *path,
    enum landlock_right right, struct err *e)
{
	char folder[CONFIG_PATH_MAX], *slash, *real;
	bool holds_keys = true;

	if (path[0] == '\0')
		return 0;
	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash != NULL && slash != folder) {
		*slash = '\0';
		real = realpath(folder, NULL);
		holds_keys = real == NULL || strcmp(real, c->dir) == 0 ||
			     (strncmp(c->dir, real, strlen(real)) == 0 &&
				 c->dir[strlen(real)] == '/');
		free(real);
	}
	return landlock_allow(l, holds_keys ? path : folder, right, e);
}

static int
allow_own_files(struct landlock *l, const struct config *c,
    const char *config_path, struct err *e)
{
	const char *const readable[] = {config_path, c->profiles,
	    c->mqtt.ca_file, c->mqtt.certificate_file, c->mqtt.key_file,
	    c->http.tls_certificate, c->http.tls_key, c->http.tls_client_ca};
	char path[CONFIG_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/escrow.pub", c->dir);
	if (landlock_allow(l, path, LANDLOCK_READ, e) != 0 ||
	    landlock_allow(l, c->local_dir, LANDLOCK_WRITE, e) != 0 ||
	    allow_file(l, c, c->ledger, LANDLOCK_WRITE, e) != 0 ||
	    allow_file(l, c, strchr(c->store, ':') + 1, LANDLOCK_WRITE, e) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(readable) / sizeof(*readable); i++)
		if (allow_file(l, c, readable[i], LANDLOCK_READ, e) != 0)
			return -1;
	return 0;
}

static int
allow_system_files(struct landlock *l, struct err *e)
{
	for (const char *const *p = system_files; *p != NULL; p++)
		if (landlock_allow(l, *p, LANDLOCK_READ, e) != 0)
			return -1;
	for (const char *const *p = listed; *p != NULL; p++)
		if (landlock_allow(l, *p, LANDLOCK_LIST, e) != 0)
			return -1;
	return 0;
}

static int
allow_ports(struct landlock *l, const struct config *c, struct err *e)
{
	const char *colon = strrchr(c->mqtt.url, ':');
	unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, NULL, 10);

	if (landlock_allow_bind(l, c->http.port, e) != 0 ||
	    landlock_allow_connect(l, PORT_DNS, e) != 0)
		return -1;
	return landlock_allow_connect(l, (unsigned)port, e);
}

static int
confine(const struct config *c, const char *config_path, struct err *e)
{
	static const struct syscalls calls = {allowed, families, false};
	const char *no_landlock, *no_seccomp;
	struct landlock l;

	if (landlock_begin(&l, true, e) != 0 ||
	    allow_own_files(&l, c, config_path, e) != 0 ||
	    allow_system_files(&l, e) != 0 || allow_ports(&l, c, e) != 0 ||
	    landlock_enforce(&l, &no_landlock, e) != 0)
		return -1;
	tell(no_landlock);
	if (syscalls_restrict(&calls, &no_seccomp, e) != 0)
		return -1;
	tell(no_seccomp);
	return 0;
}

int
sandbox_enter(const struct config *c, const char *config_path, struct err *e)
{
	struct account a;

	if (geteuid() == 0 && c->user[0] != '\0' &&
	    (account_find(c->user, "user", &a, e) != 0 ||
		account_become(&a, getppid(), e) != 0))
		return -1;
	if (c->sandbox)
		return confine(c, config_path, e);
	tell("the sandbox: switched off by the configuration");
	return 0;
}
