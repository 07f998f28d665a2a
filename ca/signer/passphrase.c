#include <errno.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "ca/signer/program.h"

static int
take(struct buf *b, struct secret **out, struct err *e)
{
	size_t len = b->len;

	if (len > 0 && b->data[len - 1] == '\n')
		len--;
	if (len == 0 || len > PASSPHRASE_MAX)
		return err_set(e, ERR_BAD_FIELD, "pass",
		    "must be 1 to %d bytes", PASSPHRASE_MAX);
	*out = secret_new(b->data, len);
	if (*out == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	return 0;
}

int
passphrase_read_file(const char *path, struct secret **out, struct err *e)
{
	struct buf b;
	int rc = -1;

	if (file_check_private(path, e) != 0)
		return -1;
	buf_init(&b, PASSPHRASE_MAX + 1);
	if (file_read(path, &b, e) == 0)
		rc = take(&b, out, e);
	buf_clear(&b);
	return rc;
}

static int
read_all(int fd, struct buf *b, struct err *e)
{
	uint8_t block[256];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "read", "the passphrase");
		buf_append(b, block, (size_t)n);
		OPENSSL_cleanse(block, (size_t)n);
		if (b->failed)
			return err_set(e, ERR_BAD_FIELD, "pass",
			    "must be at most %d bytes", PASSPHRASE_MAX);
	}
	return 0;
}

int
passphrase_read_fd(int fd, struct secret **out, struct err *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, PASSPHRASE_MAX + 1);
	if (read_all(fd, &b, e) == 0)
		rc = take(&b, out, e);
	buf_clear(&b);
	return rc;
}
