/* What is written to stderr, for tests of what the log says. */
#ifndef TESTS_UNIT_CA_BASE_CAPTURE_H
#define TESTS_UNIT_CA_BASE_CAPTURE_H

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct capture {
	int file, saved;
	char text[16384];
	size_t len;
};

static inline void
capture_start(struct capture *c)
{
	c->file = memfd_create("stderr", MFD_CLOEXEC);
	c->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(c->file >= 0 && c->saved >= 0);
	assert_int_equal(dup2(c->file, STDERR_FILENO), STDERR_FILENO);
}

/* c->text is what was written since, with a NUL. */
static inline void
capture_stop(struct capture *c)
{
	ssize_t n;

	assert_int_equal(dup2(c->saved, STDERR_FILENO), STDERR_FILENO);
	n = pread(c->file, c->text, sizeof(c->text) - 1, 0);
	assert_true(n >= 0);
	c->len = (size_t)n;
	c->text[n] = '\0';
	close(c->file);
	close(c->saved);
}

#endif
