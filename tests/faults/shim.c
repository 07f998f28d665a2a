/*
 * A library for LD_PRELOAD: in a chosen process, the n-th call of a chosen
 * function fails, comes short, or is the process's last. By environment:
 *
 *	MS_FAULT_PROCESS  the process that has this word among its arguments
 *	MS_FAULT          FUNCTION:N:KIND[:PREFIX], see below
 *	MS_FAULT_ARM      a file: as long as it exists calls are counted; where
 *	                  it has a line, that is read instead of MS_FAULT, and
 *	                  counting starts again whenever the file is replaced
 *	                  (put a new one in its place by rename)
 *	MS_FAULT_LOG      a file that gets a line for each call that counts
 *
 * FUNCTION: one of those at the end of this file, or "*". N: 3 is the third
 * call alone, "3+" that and all later ones, 0 none (calls are only counted).
 * KIND: an error's name, "short" (half of the bytes), or "die" (SIGKILL before
 * the call). PREFIX: calls count whose file's path begins so; a descriptor's is
 * what /proc/self/fd says: "/tmp/x/", "socket:", "anon_inode:".
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_PASS, KIND_FAIL, KIND_SHORT, KIND_DIE };

struct fault {
	char function[32];
	char prefix[PATH_MAX];
	enum kind kind;
	int error;
	unsigned long first;
	bool later; /* and all after it */
};

static const struct {
	const char *name;
	enum kind kind;
	int error;
} kinds[] = {
    {"none", KIND_PASS, 0},
    {"short", KIND_SHORT, 0},
    {"die", KIND_DIE, 0},
    {"EIO", KIND_FAIL, EIO},
    {"EINTR", KIND_FAIL, EINTR},
    {"ENOSPC", KIND_FAIL, ENOSPC},
    {"EDQUOT", KIND_FAIL, EDQUOT},
    {"EROFS", KIND_FAIL, EROFS},
    {"EACCES", KIND_FAIL, EACCES},
    {"EMFILE", KIND_FAIL, EMFILE},
    {"ENOMEM", KIND_FAIL, ENOMEM},
    {"EAGAIN", KIND_FAIL, EAGAIN},
    {"ECONNRESET", KIND_FAIL, ECONNRESET},
    {"EPIPE", KIND_FAIL, EPIPE},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool chosen; /* this process */
static const char *arm_file, *log_file;
static struct fault fault; /* under the lock, like what follows */
static unsigned long count;
static struct timespec armed_at;
static ino_t armed_inode;

static int
kind_parse(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, word) != 0)
			continue;
		fault.kind = kinds[i].kind;
		fault.error = kinds[i].error;
		return 0;
	}
	return -1;
}

/* A fault that cannot be read is a test that tests nothing: end it. */
static void
fault_parse(const char *text)
{
	char number[24], kind[24], *end;

	memset(&fault, 0, sizeof(fault));
	if (sscanf(text, "%31[^:]:%23[^:]:%23[^:\n]:%4095[^\n]", fault.function,
		number, kind, fault.prefix) < 3 ||
	    kind_parse(kind) != 0) {
		fprintf(stderr, "shim: cannot read \"%s\"\n", text);
		_exit(126);
	}
	fault.first = strtoul(number, &end, 10);
	fault.later = *end == '+';
	count = 0;
}

/* By system calls: the functions are ours. */
static void
arm_read(void)
{
	char text[PATH_MAX + 96];
	long fd = syscall(SYS_openat, AT_FDCWD, arm_file, O_RDONLY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return;
	n = syscall(SYS_read, fd, text, sizeof(text) - 1);
	(void)syscall(SYS_close, fd);
	if (n > 0) {
		text[n] = '\0';
		fault_parse(text);
	}
	count = 0;
}

static bool
is_armed(void)
{
	struct stat st;

	if (arm_file == NULL)
		return fault.function[0] != '\0';
	if (stat(arm_file, &st) != 0)
		return false;
	if (st.st_ino != armed_inode || st.st_mtim.tv_sec != armed_at.tv_sec ||
	    st.st_mtim.tv_nsec != armed_at.tv_nsec) {
		armed_inode = st.st_ino;
		armed_at = st.st_mtim;
		arm_read();
	}
	return fault.function[0] != '\0';
}

static void
note(const char *function, const char *path, bool hit)
{
	char line[PATH_MAX + 96];
	long fd;
	int n;

	if (log_file == NULL)
		return;
	n = snprintf(line, sizeof(line), "%s %lu %s%s\n", function, count, path,
	    hit ? " HIT" : "");
	fd = syscall(SYS_openat, AT_FDCWD, log_file,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	(void)syscall(SYS_write, fd, line, (size_t)n);
	(void)syscall(SYS_close, fd);
}

static void
path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

static enum kind
count_call(const char *function, int fd, const char *name)
{
	char path[PATH_MAX] = "";
	bool hit;

	if (strcmp(fault.function, "*") != 0 &&
	    strcmp(fault.function, function) != 0)
		return KIND_PASS;
	if (name != NULL)
		snprintf(path, sizeof(path), "%s", name);
	else
		path_of(fd, path);
	if (strncmp(path, fault.prefix, strlen(fault.prefix)) != 0)
		return KIND_PASS;
	count++;
	hit = fault.first > 0 &&
	      (count == fault.first || (fault.later && count > fault.first));
	note(function, path, hit);
	return hit ? fault.kind : KIND_PASS;
}

/* What is to become of this call; errno is set where it fails. */
static enum kind
decide(const char *function, int fd, const char *name)
{
	enum kind k = KIND_PASS;
	int saved = errno;

	if (!chosen)
		return KIND_PASS;
	pthread_mutex_lock(&lock);
	if (is_armed())
		k = count_call(function, fd, name);
	errno = k == KIND_FAIL ? fault.error : saved;
	pthread_mutex_unlock(&lock);
	if (k == KIND_DIE)
		kill(getpid(), SIGKILL);
	return k;
}

__attribute__((constructor)) static void
choose(int argc, char **argv)
{
	const char *process = getenv("MS_FAULT_PROCESS");
	const char *text = getenv("MS_FAULT");

	arm_file = getenv("MS_FAULT_ARM");
	log_file = getenv("MS_FAULT_LOG");
	if (process == NULL || (text == NULL && arm_file == NULL))
		return;
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], process) == 0)
			chosen = true;
	if (chosen && text != NULL)
		fault_parse(text);
}

static size_t
half(size_t n)
{
	return n > 1 ? n / 2 : n;
}

/* The function of that name behind ours. */
static void
find_next(void *out, const char *symbol)
{
	void *found = dlsym(RTLD_NEXT, symbol);

	if (found == NULL)
		abort();
	memcpy(out, &found, sizeof(found));
}

#define NEXT(symbol)                                                           \
	static __typeof__(symbol) *next;                                       \
	if (next == NULL)                                                      \
	find_next(&next, #symbol)

/* Of bytes: fail, or half of them. */
#define BYTES(word, symbol, parameters, arguments)                             \
	ssize_t symbol parameters                                              \
	{                                                                      \
		NEXT(symbol);                                                  \
		switch (decide(word, fd, NULL)) {                              \
		case KIND_FAIL:                                                \
			return -1;                                             \
		case KIND_SHORT:                                               \
			n = half(n);                                           \
			break;                                                 \
		default:                                                       \
			break;                                                 \
		}                                                              \
		return next arguments;                                         \
	}

BYTES("write", write, (int fd, const void *data, size_t n), (fd, data, n))
BYTES("pwrite", pwrite, (int fd, const void *data, size_t n, off_t at),
    (fd, data, n, at))
BYTES("pwrite", pwrite64, (int fd, const void *data, size_t n, off64_t at),
    (fd, data, n, at))
BYTES("read", read, (int fd, void *data, size_t n), (fd, data, n))
BYTES(
    "pread", pread, (int fd, void *data, size_t n, off_t at), (fd, data, n, at))
BYTES("pread", pread64, (int fd, void *data, size_t n, off64_t at),
    (fd, data, n, at))
BYTES("send", send, (int fd, const void *data, size_t n, int flags),
    (fd, data, n, flags))
BYTES("recv", recv, (int fd, void *data, size_t n, int flags),
    (fd, data, n, flags))

/* Of several pieces: half is half of the first one. */
ssize_t
writev(int fd, const struct iovec *pieces, int n)
{
	NEXT(writev);
	struct iovec first;

	switch (decide("writev", fd, NULL)) {
	case KIND_FAIL:
		return -1;
	case KIND_SHORT:
		if (n < 1)
			break;
		first = pieces[0];
		first.iov_len = half(first.iov_len);
		return next(fd, &first, 1);
	default:
		break;
	}
	return next(fd, pieces, n);
}

/* A packet (a sequenced socket's) is never sent by halves: short is whole. */
ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	NEXT(sendmsg);
	return decide("sendmsg", fd, NULL) == KIND_FAIL ? -1
							: next(fd, m, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	NEXT(recvmsg);
	return decide("recvmsg", fd, NULL) == KIND_FAIL ? -1
							: next(fd, m, flags);
}

int
fsync(int fd)
{
	NEXT(fsync);
	return decide("fsync", fd, NULL) == KIND_FAIL ? -1 : next(fd);
}

int
fdatasync(int fd)
{
	NEXT(fdatasync);
	return decide("fdatasync", fd, NULL) == KIND_FAIL ? -1 : next(fd);
}

int
ftruncate(int fd, off_t len)
{
	NEXT(ftruncate);
	return decide("ftruncate", fd, NULL) == KIND_FAIL ? -1 : next(fd, len);
}

int
ftruncate64(int fd, off64_t len)
{
	NEXT(ftruncate64);
	return decide("ftruncate", fd, NULL) == KIND_FAIL ? -1 : next(fd, len);
}

int
rename(const char *from, const char *to)
{
	NEXT(rename);
	return decide("rename", -1, to) == KIND_FAIL ? -1 : next(from, to);
}

int
unlink(const char *path)
{
	NEXT(unlink);
	return decide("unlink", -1, path) == KIND_FAIL ? -1 : next(path);
}

void *
mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	NEXT(mmap);
	if (fd >= 0 && decide("mmap", fd, NULL) == KIND_FAIL)
		return MAP_FAILED;
	return next(at, n, prot, flags, fd, offset);
}

void *
mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t offset)
{
	NEXT(mmap64);
	if (fd >= 0 && decide("mmap", fd, NULL) == KIND_FAIL)
		return MAP_FAILED;
	return next(at, n, prot, flags, fd, offset);
}

static mode_t
mode_of(int flags, va_list list)
{
	if ((flags & O_CREAT) == 0 && (flags & O_TMPFILE) != O_TMPFILE)
		return 0;
	return va_arg(list, mode_t);
}

#define OPEN(symbol, parameters, arguments)                                    \
	int symbol parameters                                                  \
	{                                                                      \
		NEXT(symbol);                                                  \
		va_list list;                                                  \
		mode_t mode;                                                   \
                                                                               \
		va_start(list, flags);                                         \
		mode = mode_of(flags, list);                                   \
		va_end(list);                                                  \
		if (decide("open", -1, path) == KIND_FAIL)                     \
			return -1;                                             \
		return next arguments;                                         \
	}

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int dir, const char *path, int flags, ...),
    (dir, path, flags, mode))
OPEN(openat64, (int dir, const char *path, int flags, ...),
    (dir, path, flags, mode))
