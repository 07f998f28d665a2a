#include "ca/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 512

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

static int
write_temporary(const char *path, struct bytes content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return -1;
	rc = fchmod(fd, mode);
	if (rc == 0)
		rc = write_all(fd, content);
	if (rc == 0)
		rc = fsync(fd);
	if (close(fd) != 0)
		rc = -1;
	return rc;
}

static int
temporary_path(const char *path, char out[PATH_BYTES])
{
	unsigned char random[8];
	uint64_t number;
	int n;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return -1;
	memcpy(&number, random, sizeof(number));
	n = snprintf(out, PATH_BYTES, "%s.%016llx.tmp", path,
	    (unsigned long long)number);
	return n < PATH_BYTES ? 0 : -1;
}

static int
file_put(const char *path, struct bytes content, mode_t mode,
    unsigned rename_flags, struct err *e)
{
	char temporary[PATH_BYTES];

	if (temporary_path(path, temporary) != 0)
		return err_set(e, ERR_INTERNAL, NULL, "%s: too long", path);
	if (write_temporary(temporary, content, mode) != 0 ||
	    renameat2(AT_FDCWD, temporary, AT_FDCWD, path, rename_flags) != 0) {
		int number = errno;

		unlink(temporary);
		errno = number;
		if (number == EEXIST)
			return err_set(
			    e, ERR_INTERNAL, NULL, "%s: exists", path);
		return err_errno(e, "write", path);
	}
	if (sync_folder(path) != 0)
		return err_errno(e, "fsync of the folder", path);
	return 0;
}

int
file_write(const char *path, struct bytes content, mode_t mode, struct err *e)
{
	return file_put(path, content, mode, 0, e);
}

int
file_create(const char *path, struct bytes content, mode_t mode, struct err *e)
{
	return file_put(path, content, mode, RENAME_NOREPLACE, e);
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
	return err_set(e, ERR_INTERNAL, NULL,
	    "%s: others may read it; run: chmod 600 %s", path, path);
}

int
file_path(char *out, size_t size, const char *folder, const char *name)
{
	int n = snprintf(out, size, "%s/%s", folder, name);

	return n >= 0 && (size_t)n < size ? 0 : -1;
}
