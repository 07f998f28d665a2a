#include "ca/ledger/intents.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "ca/base/hex.h"

/* Those that have no end yet; few, and the one that ends is near the last. */
struct intents {
	struct ledger_intent *item;
	size_t count, room;
};

/* The value of " key=value" in the line, or empty. */
static struct bytes
value_of(struct bytes line, const char *key)
{
	const uint8_t *at = memmem(line.data, line.len, key, strlen(key));
	const uint8_t *end = line.data + line.len, *stop;

	if (at == NULL)
		return (struct bytes){NULL, 0};
	at += strlen(key);
	stop = memchr(at, ' ', (size_t)(end - at));
	return (struct bytes){at, (size_t)((stop == NULL ? end : stop) - at)};
}

/* Of an intent that can be taken up again: one that names its request. */
static bool
read_intent(struct bytes line, struct ledger_intent *out)
{
	return hex_decode(value_of(line, " serial="), out->serial.bytes,
		   SERIAL_LEN) == 0 &&
	       hex_decode(value_of(line, " request="), out->request,
		   LEDGER_DIGEST_LEN) == 0 &&
	       clock_parse(
		   value_of(line, " not_before="), &out->not_before_s) == 0 &&
	       clock_parse(value_of(line, " not_after="), &out->not_after_s) ==
		   0;
}

static void
remove_serial(struct intents *all, const struct serial *serial)
{
	for (size_t i = all->count; i-- > 0;)
		if (memcmp(&all->item[i].serial, serial, sizeof(*serial)) == 0)
			memmove(&all->item[i], &all->item[i + 1],
			    (--all->count - i) * sizeof(all->item[0]));
}

static int
add(struct intents *all, const struct ledger_intent *intent, struct err *e)
{
	if (all->count == all->room) {
		size_t room = all->room == 0 ? 256 : 2 * all->room;
		void *item = realloc(all->item, room * sizeof(all->item[0]));

		if (item == NULL)
			return err_set(e, ERR_INTERNAL, NULL, "out of memory");
		all->item = item;
		all->room = room;
	}
	remove_serial(all, &intent->serial); /* it was taken up once already */
	all->item[all->count++] = *intent;
	return 0;
}

/* "17 2026-11-22T01:33:00.123Z intent …": the third word. */
static bool
is_kind(struct bytes line, const char *kind)
{
	const uint8_t *at = memchr(line.data, ' ', line.len);
	size_t n = strlen(kind), left;

	if (at == NULL)
		return false;
	left = line.len - (size_t)(++at - line.data);
	at = memchr(at, ' ', left);
	if (at == NULL)
		return false;
	left = line.len - (size_t)(++at - line.data);
	return left > n && memcmp(at, kind, n) == 0 && at[n] == ' ';
}

static int
take_line(struct intents *all, struct bytes line, struct err *e)
{
	struct ledger_intent intent;

	if (is_kind(line, "intent"))
		return read_intent(line, &intent) ? add(all, &intent, e) : 0;
	if ((is_kind(line, "issued") || is_kind(line, "failed")) &&
	    hex_decode(value_of(line, " serial="), intent.serial.bytes,
		SERIAL_LEN) == 0)
		remove_serial(all, &intent.serial);
	return 0;
}

static int
take_lines(struct intents *all, struct bytes text, struct err *e)
{
	while (text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t n;

		if (end == NULL)
			return 0;
		n = (size_t)(end - text.data);
		if (take_line(all, (struct bytes){text.data, n}, e) != 0)
			return -1;
		text.data += n + 1;
		text.len -= n + 1;
	}
	return 0;
}

/* From a line's beginning where the file is longer than the tail. */
static int
take_file(struct intents *all, const uint8_t *data, size_t len, struct err *e)
{
	struct bytes text = {data, len};
	const uint8_t *line;

	if (len > LEDGER_INTENTS_TAIL) {
		text.data = data + len - LEDGER_INTENTS_TAIL;
		line = memchr(text.data, '\n', LEDGER_INTENTS_TAIL);
		if (line == NULL)
			return 0;
		text.data = line + 1;
		text.len = len - (size_t)(text.data - data);
	}
	return take_lines(all, text, e);
}

static int
read_intents(const char *path, struct intents *all, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	struct stat st;
	void *data;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) != 0)
		rc = err_errno(e, "stat", path);
	else if (st.st_size > 0) {
		data = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		rc = data == MAP_FAILED
			 ? err_errno(e, "mmap", path)
			 : take_file(all, data, (size_t)st.st_size, e);
		if (data != MAP_FAILED)
			munmap(data, (size_t)st.st_size);
	}
	close(fd);
	return rc;
}

int
ledger_open_intents(
    const char *path, ledger_intent_fn fn, void *arg, struct err *e)
{
	struct intents all = {NULL, 0, 0};
	int rc = read_intents(path, &all, e);

	for (size_t i = 0; rc == 0 && i < all.count; i++)
		rc = fn(arg, &all.item[i], e);
	free(all.item);
	return rc;
}
