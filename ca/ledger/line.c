#include "ca/ledger/line.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/hex.h"

static const char *const kinds[] = {
    [LEDGER_STARTED] = "started",
    [LEDGER_INTENT] = "intent",
    [LEDGER_ISSUED] = "issued",
    [LEDGER_FAILED] = "failed",
    [LEDGER_REFUSED] = "refused",
    [LEDGER_UNLOCKED] = "unlocked",
    [LEDGER_REVOKED] = "revoked",
    [LEDGER_AUTHORITY] = "authority",
};

/* Values are of our own making; the escape keeps a line a line all the same. */
static void
put_text(struct buf *out, const char *key, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_printf(out, " %s=", key);
	for (const char *c = value; *c != '\0'; c++) {
		if (*c > ' ' && *c < 0x7f && *c != '%' && *c != '#')
			buf_append_byte(out, (uint8_t)*c);
		else
			buf_printf(out, "%%%02x", (unsigned char)*c);
	}
}

static void
put_hex(struct buf *out, const char *key, const uint8_t *data, size_t len)
{
	char text[2 * LEDGER_DIGEST_LEN + 1];

	hex_encode(data, len, text);
	put_text(out, key, text);
}

static void
put_time(struct buf *out, const char *key, int64_t seconds)
{
	char text[CLOCK_TEXT_LEN];

	clock_format(seconds, text);
	put_text(out, key, text);
}

static void
put_entry(const struct ledger_entry *entry, struct buf *out)
{
	put_text(out, "id", entry->request_id);
	put_text(out, "door", entry->door);
	put_text(out, "name", entry->name);
	put_text(out, "verdict", entry->verdict);
	if (entry->has_serial) {
		put_hex(out, "serial", entry->serial.bytes, SERIAL_LEN);
		put_time(out, "not_before", entry->not_before_s);
		put_time(out, "not_after", entry->not_after_s);
	}
	put_text(out, "profile", entry->profile);
	if (entry->has_key)
		put_hex(out, "key", entry->key_hash, KEY_HASH_LEN);
	if (entry->has_request)
		put_hex(out, "request", entry->request, LEDGER_DIGEST_LEN);
}

/* SHA-256 of the previous line's hash and this one's text. */
static int
chain(char hash[LINE_HASH_LEN + 1], struct bytes text)
{
	uint8_t data[LINE_HASH_LEN + LEDGER_LINE_MAX];
	uint8_t digest[SHA256_DIGEST_LENGTH];

	if (text.len > LEDGER_LINE_MAX)
		return -1;
	memcpy(data, hash, LINE_HASH_LEN);
	memcpy(data + LINE_HASH_LEN, text.data, text.len);
	if (SHA256(data, LINE_HASH_LEN + text.len, digest) == NULL)
		return -1;
	hex_encode(digest, sizeof(digest), hash);
	return 0;
}

void
line_hash_start(char hash[LINE_HASH_LEN + 1])
{
	memset(hash, '0', LINE_HASH_LEN);
	hash[LINE_HASH_LEN] = '\0';
}

int
line_write(const struct ledger_entry *entry, uint64_t number,
    char hash[LINE_HASH_LEN + 1], struct buf *out, struct err *e)
{
	char now[CLOCK_TEXT_MS_LEN];
	size_t start = out->len;

	clock_format_ms(clock_now_ms(), now);
	buf_printf(out, "%llu %s %s", (unsigned long long)number, now,
	    kinds[entry->kind]);
	put_entry(entry, out);
	if (buf_check(out, "ledger", e) != 0)
		return -1;
	if (chain(hash, (struct bytes){out->data + start, out->len - start}) !=
	    0)
		return err_set(e, ERR_INTERNAL, NULL, "ledger: line too long");
	buf_printf(out, " #%s\n", hash);
	return buf_check(out, "ledger", e);
}

static uint64_t
line_number(struct bytes line)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < line.len && i < 19; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			break;
		n = n * 10 + (uint64_t)(line.data[i] - '0');
	}
	return i > 0 && i < line.len && line.data[i] == ' ' ? n : 0;
}

int
line_check(struct bytes line, uint64_t number, char hash[LINE_HASH_LEN + 1],
    uint64_t *found, struct bytes *text, struct err *e)
{
	char want[LINE_HASH_LEN + 1];
	size_t tail = LINE_HASH_LEN + 2; /* " #" and the hash */

	*found = line_number(line);
	if (line.len <= tail || *found == 0 ||
	    memcmp(line.data + line.len - tail, " #", 2) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "ledger: line %llu is not of its form",
		    (unsigned long long)number);
	*text = (struct bytes){line.data, line.len - tail};
	memcpy(want, line.data + line.len - LINE_HASH_LEN, LINE_HASH_LEN);
	want[LINE_HASH_LEN] = '\0';
	if (number != 0 && *found != number)
		return err_set(e, ERR_INTERNAL, NULL,
		    "ledger: line %llu stands where line %llu must",
		    (unsigned long long)*found, (unsigned long long)number);
	if (chain(hash, *text) != 0 || memcmp(hash, want, LINE_HASH_LEN) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "ledger: line %llu does not follow from the one before it",
		    (unsigned long long)*found);
	return 0;
}
