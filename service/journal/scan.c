/* Reading a segment again, whatever a crash or a bad disk made of it. */
#include <string.h>

#include "ca/base/log.h"
#include "service/journal/segment.h"

#define MAGIC      "msjrnl\0\1"
#define MAGIC_LEN  6u /* then the version */
#define NUMBER_AT  8u
#define SESSION_AT 16u
#define CHECK_AT   32u
#define SEALED_AT  64u
#define MADE_AT    144u
#define ZERO_AT    152u
#define CRC_AT     156u

void
segment_head_encode(const struct segment_head *h, uint8_t to[SEGMENT_HEAD_LEN])
{
	memcpy(to, MAGIC, NUMBER_AT);
	be64_put(to + NUMBER_AT, h->number);
	memcpy(to + SESSION_AT, h->session, JOURNAL_SESSION_LEN);
	memcpy(to + CHECK_AT, h->check, SEGMENT_CHECK_LEN);
	memcpy(to + SEALED_AT, h->sealed, JOURNAL_SEALED_LEN);
	be64_put(to + MADE_AT, (uint64_t)h->made_ms);
	be32_put(to + ZERO_AT, 0);
	be32_put(to + CRC_AT, crc32c(0, to, CRC_AT));
}

/* 0: good; 1: damaged; -1: of another version. */
static int
head_decode(const uint8_t *from, struct segment_head *h)
{
	if (memcmp(from, MAGIC, MAGIC_LEN) != 0 ||
	    be32_get(from + CRC_AT) != crc32c(0, from, CRC_AT))
		return 1;
	if (memcmp(from, MAGIC, NUMBER_AT) != 0)
		return -1;
	h->number = be64_get(from + NUMBER_AT);
	if (h->number > RECORD_ID_MAX)
		return 1;
	memcpy(h->session, from + SESSION_AT, JOURNAL_SESSION_LEN);
	memcpy(h->check, from + CHECK_AT, SEGMENT_CHECK_LEN);
	memcpy(h->sealed, from + SEALED_AT, JOURNAL_SEALED_LEN);
	h->made_ms = (int64_t)be64_get(from + MADE_AT);
	return 0;
}

int
segment_head_parse(struct bytes data, struct segment_head *h)
{
	int rc;

	if (data.len < SEGMENT_FIRST)
		return 1;
	rc = head_decode(data.data, h);
	if (rc > 0)
		rc = head_decode(data.data + SEGMENT_HEAD_LEN, h);
	return rc;
}

/* Where the next good head of a record is, or the end. */
static size_t
resync(struct bytes data, size_t at)
{
	struct record_head h;
	const uint8_t *found;

	while (at < data.len) {
		found = memmem(data.data + at, data.len - at, RECORD_MAGIC,
		    sizeof(RECORD_MAGIC) - 1);
		if (found == NULL)
			break;
		at = (size_t)(found - data.data);
		if (record_head_parse((struct bytes){found, data.len - at}, &h))
			return at;
		at++;
	}
	return data.len;
}

/* Not a record at `at`. An end that is no record was being written when the
 * process died; with more records behind it, it is damage. */
static size_t
skip(struct bytes data, size_t at, struct segment_faults *faults)
{
	size_t next = resync(data, at + 1);

	if (next == data.len)
		faults->torn++;
	else
		faults->damaged++;
	return next;
}

/* One line a file, however many places. */
static void
report(const struct segment *s, const struct segment_faults *faults,
    size_t skipped)
{
	if (skipped > 0)
		log_warn("journal_skipped",
		    log_number("segment", (int64_t)s->place),
		    log_number("damaged", (int64_t)faults->damaged),
		    log_number("torn", (int64_t)faults->torn),
		    log_number("bytes", (int64_t)skipped));
}

int
segment_scan(
    struct segment *s, struct bytes data, struct segment_faults *faults)
{
	struct segment_faults here = {0, 0};
	size_t at = SEGMENT_FIRST, next, skipped = 0;
	struct record_head h;

	while (at < data.len) {
		struct bytes rest = {data.data + at, data.len - at};

		if (!record_head_parse(rest, &h) || h.size > rest.len ||
		    h.id <= s->last_id) {
			next = skip(data, at, &here);
			skipped += next - at;
			at = next;
			continue;
		}
		if (segment_index(s, &h, (uint32_t)at) != 0)
			return -1;
		at += h.size;
	}
	s->end = (uint32_t)data.len;
	report(s, &here, skipped);
	faults->damaged += here.damaged;
	faults->torn += here.torn;
	return 0;
}
