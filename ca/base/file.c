#include "ca/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/hex.h"

#define PATH_BYTES 1024

static int
read_all(int fd, struct buf *out, const char *path, struct err *e)
{
	uint8_t block[4096];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "read", path);
		buf_append(out, block, (size_t)n);
		explicit_bzero(block, (size_t)n);
		if (out->failed)
			return err_set(e, ERR_INTERNAL, NULL,
			    "%s: larger than %zu bytes", path, out->max);
	}
	return 0;
}

int
file_read(const char *path, struct buf *out, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_set(
		    e, ERR_INTERNAL, NULL, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = err_set(
		    e, ERR_INTERNAL, NULL, "%s: not a regular file", path);
	else
		rc = read_all(fd, out, path, e);
	close(fd);
	return rc;
}

static int
write_all(int fd, struct bytes content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		content.data += n;
		content.len -= (size_t)n;
	}
	return 0;
}

/* The rename is on disk only when the folder is. */
static int
sync_folder(const char *path)
{
	char folder[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? 1 : (int)(slash - path) + 1;
	int fd, rc;

	snprintf(folder, sizeof(folder), "%.*s", n, slash == NULL ? "." : path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* A name beside path that nobody else has; leaves room in sync_folder, too. */
static int
temporary_path(const char *path, char out[PATH_BYTES], struct err *e)
{
	unsigned char random[8];
	char text[2 * sizeof(random) + 1];
	int n;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return err_openssl(e, "a temporary file's name");
	hex_encode(random, sizeof(random), text);
	n = snprintf(out, PATH_BYTES, "%s.%s.tmp", path, text);
	if (n < 0 || n >= PATH_BYTES)
		return err_set(e, ERR_INTERNAL, NULL, "%s: too long", path);
	return 0;
}

/* Takes fd: it is closed in any case. */
static int
fill(int fd, struct bytes content, mode_t mode)
{
	int number;

	if (fchmod(fd, mode) == 0 && write_all(fd, content) == 0 &&
	    fsync(fd) == 0)
		return close(fd);
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

/* Where a file system can't refuse to replace, a second name does it. */
static int
move_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(from, to) != 0)
		return -1;
	return unlink(from);
}

typedef int move_fn(const char *from, const char *to);

static int
file_put(const char *path, struct bytes content, mode_t mode, move_fn *move,
    struct err *e)
{
	char temporary[PATH_BYTES];
	int fd, number;

	if (temporary_path(path, temporary, e) != 0)
		return -1;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "create", temporary);
	if (fill(fd, content, mode) != 0 || move(temporary, path) != 0) {
		number = errno;
		unlink(temporary);
		if (number == EEXIST)
			return err_set(
			    e, ERR_INTERNAL, NULL, "%s: exists", path);
		errno = number;
		return err_errno(e, "write", path);
	}
	if (sync_folder(path) != 0)
		return err_errno(e, "fsync of the folder", path);
	return 0;
}

int
file_write(const char *path, struct bytes content, mode_t mode, struct err *e)
{
	return file_put(path, content, mode, rename, e);
}

int
file_create(const char *path, struct bytes content, mode_t mode, struct err *e)
{
	return file_put(path, content, mode, move_new, e);
}

int
file_rename(const char *from, const char *to, struct err *e)
{
	if (rename(from, to) != 0)
		return err_errno(e, "rename", from);
	if (sync_folder(to) != 0)
		return err_errno(e, "fsync of the folder", to);
	return 0;
}

bool
file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int
file_check_private(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(
		    e, ERR_INTERNAL, NULL, "%s: %s", path, strerror(errno));
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return 0;
	return err_set(
	    e, ERR_INTERNAL, NULL, "others may read it: chmod 600 %s", path);
}

int
file_check_folder(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(
		    e, ERR_INTERNAL, NULL, "%s: %s", path, strerror(errno));
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	return err_set(e, ERR_INTERNAL, NULL,
	    "others may write in it: chmod go-w %s", path);
}

int
file_path(char *out, size_t size, const char *folder, const char *name)
{
	int n = snprintf(out, size, "%s/%s", folder, name);

	return n >= 0 && (size_t)n < size ? 0 : -1;
}
