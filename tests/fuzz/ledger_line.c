/* The ledger as a file of any bytes, one line of them as it stands, and the
 * same with the hash that it must have: only so the fuzzer gets past it. */
#include <openssl/sha.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ca/base/hex.h"
#include "ca/ledger/line.h"
#include "tests/fuzz/fuzz.h"

static int
on_line(void *arg, uint64_t number, struct bytes line, struct err *e)
{
	uint64_t *last = arg;

	(void)e;
	CLAIM(number == *last + 1);
	CLAIM(line.len > 0 && memchr(line.data, '\n', line.len) == NULL);
	*last = number;
	return 0;
}

static void
verify_file(struct bytes data)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct err e = ERR_INIT;
	uint64_t last = 0;
	char path[64];

	CLAIM(fd >= 0);
	CLAIM(write(fd, data.data, data.len) == (ssize_t)data.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CLAIM((ledger_verify(path, on_line, &last, &e) == 0) ==
	      (e.kind == ERR_NONE));
	close(fd);
}

static int
check_line(struct bytes line, uint64_t number, struct bytes *text)
{
	char hash[LINE_HASH_LEN + 1];
	struct err e = ERR_INIT;
	uint64_t found = 0;
	int rc;

	line_hash_start(hash);
	rc = line_check(line, number, hash, &found, text, &e);
	CLAIM(rc != 0 || number == 0 || found == number);
	CLAIM(rc != 0 || found != 0);
	return rc;
}

/* Behind text: " #" and the hash of 64 zeros and text. */
static void
append_hash(struct buf *line)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char hex[LINE_HASH_LEN + 1];
	struct buf all;

	line_hash_start(hex);
	buf_init(&all, LINE_HASH_LEN + LEDGER_LINE_MAX);
	buf_append(&all, hex, LINE_HASH_LEN);
	buf_append(&all, line->data, line->len);
	CLAIM(SHA256(all.data, all.len, digest) != NULL);
	hex_encode(digest, sizeof(digest), hex);
	buf_append(line, " #", 2);
	buf_append(line, hex, LINE_HASH_LEN);
	buf_clear(&all);
}

static void
check_chained(struct bytes text)
{
	struct bytes back;
	struct buf line;

	if (text.len > LEDGER_LINE_MAX)
		return;
	buf_init(&line, 2 * LEDGER_LINE_MAX);
	buf_append(&line, text.data, text.len);
	append_hash(&line);
	if (check_line(buf_bytes(&line), 0, &back) == 0)
		CLAIM(bytes_equal(back, text));
	if (text.len > 2 && memcmp(text.data, "1 ", 2) == 0) {
		CLAIM(check_line(buf_bytes(&line), 1, &back) == 0);
		line.data[line.len - 1] ^= 1; /* another hex digit, or none */
		CLAIM(check_line(buf_bytes(&line), 1, &back) != 0);
	}
	buf_clear(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size}, text;

	verify_file(in);
	(void)!check_line(in, 0, &text);
	(void)!check_line(in, 7, &text);
	check_chained(in);
	return 0;
}
