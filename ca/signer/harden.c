#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ca/base/log.h"
#include "ca/signer/program.h"

#define LOCK_HEADROOM ((size_t)64 << 20)
#define LOCK_ENOUGH   ((rlim_t)256 << 20)

static void
missing(const char *what)
{
	log_warn("hardening", log_text("missing", what));
}

void
harden_process(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		missing("undumpable");
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		missing("no core");
}

void
harden_signals(void)
{
	/* A terminal's Ctrl-C reaches the whole group; the service decides when
	 * it is over, and then the socket ends. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int
harden_descriptors(int keep_fd, struct err *e)
{
	unsigned keep = (unsigned)keep_fd;

	if (fcntl(keep_fd, F_SETFD, FD_CLOEXEC) != 0)
		return err_errno(e, "descriptor", "the socket");
	if ((keep > 3 && close_range(3, keep - 1, 0) != 0) ||
	    close_range(keep + 1, ~0u, 0) != 0)
		return err_errno(e, "close_range", "descriptors");
	return 0;
}

/* Under a small RLIMIT_MEMLOCK the lock itself may succeed, and the next
 * thread's stack then find no room. */
static bool
memory_has_headroom(void)
{
	void *p = mmap(NULL, LOCK_HEADROOM, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, LOCK_HEADROOM);
	return true;
}

/* Root may lock as much as there is, its successor as much as it is told. */
static bool
limit_is_enough(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit now;

	return setrlimit(RLIMIT_MEMLOCK, &all) == 0 ||
	       (getrlimit(RLIMIT_MEMLOCK, &now) == 0 &&
		   now.rlim_cur >= LOCK_ENOUGH);
}

void
harden_memory(bool root_will_go)
{
	bool enough = limit_is_enough() || !root_will_go;

	if (enough && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) {
		if (memory_has_headroom())
			return;
		munlockall();
	}
	if (!enough && mlockall(MCL_CURRENT | MCL_ONFAULT) == 0)
		missing("locked memory of the threads: LimitMEMLOCK is small");
	else
		missing("locked memory");
}
