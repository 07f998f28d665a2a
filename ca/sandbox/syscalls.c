#include "ca/sandbox/syscalls.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* libseccomp's own macros leave members out, which clang minds. */
#define COMPARE(number, how, a, b)                                             \
	(struct scmp_arg_cmp)                                                  \
	{                                                                      \
		.arg = (number), .op = (how), .datum_a = (a), .datum_b = (b)   \
	}

#define NOT_KNOWN SCMP_ACT_ERRNO(ENOSYS)

/* Nothing that we do needs them, whatever a library tries. */
static const char *const deadly[] = {"execve", "execveat", "fork", "vfork",
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "bpf",
    "userfaultfd", "mount", "umount2", "pivot_root", "chroot", "unshare",
    "setns", "init_module", "finit_module", "delete_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "add_key", "request_key",
    "keyctl", "perf_event_open", "open_by_handle_at", "setuid", "setgid",
    "setresuid", "setresgid", "setgroups", "iopl", "ioperm", NULL};

/* A name that this machine's calls do not have is left out. */
static int
add_names(scmp_filter_ctx f, const char *const *names, uint32_t action)
{
	for (; *names != NULL; names++) {
		int number = seccomp_syscall_resolve_name(*names);

		if (number != __NR_SCMP_ERROR &&
		    seccomp_rule_add(f, action, number, 0) != 0)
			return -1;
	}
	return 0;
}

static int
add_memory(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp no_exec =
	    COMPARE(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

	return seccomp_rule_add_array(
		   f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec) != 0 ||
		       seccomp_rule_add_array(f, SCMP_ACT_ALLOW,
			   SCMP_SYS(mprotect), 1, &no_exec) != 0
		   ? -1
		   : 0;
}

static int
add_threads(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp thread =
	    COMPARE(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp name =
	    COMPARE(0, SCMP_CMP_EQ, PR_SET_NAME, 0);

	if (seccomp_rule_add_array(
		f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread) != 0)
		return -1;
	return seccomp_rule_add_array(
	    f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, &name);
}

static int
add_self(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp self =
	    COMPARE(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);

	return seccomp_rule_add_array(
		   f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, &self) != 0 ||
		       seccomp_rule_add_array(
			   f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self) != 0
		   ? -1
		   : 0;
}

static int
add_families(scmp_filter_ctx f, const int *families)
{
	for (; *families >= 0; families++) {
		const struct scmp_arg_cmp family =
		    COMPARE(0, SCMP_CMP_EQ, (scmp_datum_t)*families, 0);

		if (seccomp_rule_add_array(
			f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &family) != 0)
			return -1;
	}
	return 0;
}

static int
build(scmp_filter_ctx f, const struct syscalls *s)
{
	if (add_names(f, s->allowed, SCMP_ACT_ALLOW) != 0 ||
	    add_memory(f) != 0 || add_threads(f) != 0 || add_self(f) != 0 ||
	    add_families(f, s->families) != 0)
		return -1;
	if (!s->strict) /* clone3 is not known, as all the rest */
		return add_names(f, deadly, SCMP_ACT_KILL_PROCESS);
	return seccomp_rule_add(f, NOT_KNOWN, SCMP_SYS(clone3), 0);
}

int
syscalls_restrict(const struct syscalls *s, const char **missing, struct err *e)
{
	scmp_filter_ctx f;
	int rc;

	*missing = SYSCALLS_SANITIZED ? "seccomp: built with a sanitizer" : "";
	if (SYSCALLS_SANITIZED)
		return 0;
	f = seccomp_init(s->strict ? SCMP_ACT_KILL_PROCESS : NOT_KNOWN);
	if (f == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "seccomp: no filter");
	rc = build(f, s);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	if (rc != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "seccomp: the filter cannot be loaded (%d)", rc);
	return 0;
}
