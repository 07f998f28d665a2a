#include "ca/x509/crl_set.h"

#include <stdlib.h>
#include <string.h>

#include "ca/x509/crl_parts.h"

/* Full blocks are halved: an insertion moves one block's slots at the most. */
#define BLOCK_SLOTS 256

struct slot {
	uint8_t der[CRL_ENTRY_BYTES_MAX];
	uint8_t der_len;
	uint8_t serial_at; /* in der, without a sign byte */
	uint8_t serial_len;
	uint8_t reason;
	int64_t revoked_at_s;
	int64_t not_after_s;
};

struct block {
	size_t count;        /* never 0 */
	int64_t first_end_s; /* no certificate in it ends before this */
	struct slot slot[BLOCK_SLOTS];
};

struct crl_set {
	struct block **block; /* in order */
	size_t blocks;
	size_t room;
	struct crl_size size;
};

/* Where a serial is, or where it would go. */
struct place {
	size_t block;
	size_t at;
	bool found;
};

static struct bytes
slot_serial(const struct slot *s)
{
	return (struct bytes){s->der + s->serial_at, s->serial_len};
}

static struct crl_entry
slot_entry(const struct slot *s)
{
	struct crl_entry entry;

	memset(&entry, 0, sizeof(entry));
	memcpy(entry.serial, s->der + s->serial_at, s->serial_len);
	entry.serial_len = s->serial_len;
	entry.reason = (enum crl_reason)s->reason;
	entry.revoked_at_s = s->revoked_at_s;
	return entry;
}

static int
slot_fill(struct slot *s, const struct crl_entry *entry, int64_t not_after_s,
    struct err *e)
{
	struct buf der;
	int rc;

	buf_init(&der, sizeof(s->der));
	crl_entry_encode(entry, &der);
	rc = buf_check(&der, "revocation list entry", e);
	if (rc == 0) {
		memset(s, 0, sizeof(*s));
		memcpy(s->der, der.data, der.len);
		s->der_len = (uint8_t)der.len;
		/* Behind both headers; the INTEGER's length tells of a sign
		 * byte. */
		s->serial_at = (uint8_t)(4 + der.data[3] - entry->serial_len);
		s->serial_len = entry->serial_len;
		s->reason = (uint8_t)entry->reason;
		s->revoked_at_s = entry->revoked_at_s;
		s->not_after_s = not_after_s;
	}
	buf_clear(&der);
	return rc;
}

/* The last block that does not begin behind the serial, or the first. */
static size_t
find_block(const struct crl_set *set, struct bytes serial)
{
	size_t low = 0, high = set->blocks;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		struct bytes first = slot_serial(&set->block[middle]->slot[0]);

		if (crl_serial_compare(first, serial) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static struct place
find(const struct crl_set *set, struct bytes serial)
{
	while (serial.len > 0 && serial.data[0] == 0)
		serial = (struct bytes){serial.data + 1, serial.len - 1};
	struct place p = {find_block(set, serial), 0, false};
	if (p.block == set->blocks)
		return p;
	const struct block *b = set->block[p.block];
	size_t high = b->count;
	while (p.at < high) {
		size_t middle = p.at + (high - p.at) / 2;
		int order =
		    crl_serial_compare(slot_serial(&b->slot[middle]), serial);

		if (order == 0)
			return (struct place){p.block, middle, true};
		if (order < 0)
			p.at = middle + 1;
		else
			high = middle;
	}
	return p;
}

/* A new, empty block at this index. */
static struct block *
insert_block(struct crl_set *set, size_t at, struct err *e)
{
	struct block *b = malloc(sizeof(*b));

	if (b != NULL && set->blocks == set->room) {
		size_t room = set->room == 0 ? 16 : 2 * set->room;
		struct block **grown =
		    realloc(set->block, room * sizeof(struct block *));

		if (grown == NULL) {
			free(b);
			b = NULL;
		} else {
			set->block = grown;
			set->room = room;
		}
	}
	if (b == NULL) {
		err_set(e, ERR_INTERNAL, "", "revocation list: no memory");
		return NULL;
	}
	memmove(&set->block[at + 1], &set->block[at],
	    (set->blocks - at) * sizeof(struct block *));
	set->block[at] = b;
	set->blocks++;
	b->count = 0;
	b->first_end_s = INT64_MAX;
	return b;
}

static void
remove_block(struct crl_set *set, size_t at)
{
	free(set->block[at]);
	set->blocks--;
	memmove(&set->block[at], &set->block[at + 1],
	    (set->blocks - at) * sizeof(struct block *));
}

/* Makes room at p in a block; p may end up in another one. */
static int
make_room(struct crl_set *set, struct place *p, struct err *e)
{
	if (set->blocks > 0 && set->block[p->block]->count < BLOCK_SLOTS)
		return 0;
	struct block *next =
	    insert_block(set, set->blocks == 0 ? 0 : p->block + 1, e);
	if (next == NULL)
		return -1;
	if (set->blocks == 1)
		return 0;
	struct block *full = set->block[p->block];
	/* Serials come rising (a clock is in them): at the end, a full block
	 * stays full. */
	size_t keep = p->at == BLOCK_SLOTS ? BLOCK_SLOTS : BLOCK_SLOTS / 2;
	next->count = BLOCK_SLOTS - keep;
	memcpy(
	    next->slot, &full->slot[keep], next->count * sizeof(struct slot));
	next->first_end_s = full->first_end_s;
	full->count = keep;
	if (p->at >= keep) {
		p->block++;
		p->at -= keep;
	}
	return 0;
}

static int
insert(
    struct crl_set *set, struct place p, const struct slot *slot, struct err *e)
{
	if (set->size.count >= CRL_COUNT_MAX)
		return err_set(e, ERR_BUSY, "",
		    "revocation list: holds %d entries and no more",
		    CRL_COUNT_MAX);
	if (make_room(set, &p, e) != 0)
		return -1;
	struct block *b = set->block[p.block];
	memmove(&b->slot[p.at + 1], &b->slot[p.at],
	    (b->count - p.at) * sizeof(struct slot));
	b->slot[p.at] = *slot;
	b->count++;
	if (slot->not_after_s < b->first_end_s)
		b->first_end_s = slot->not_after_s;
	set->size.count++;
	set->size.bytes += slot->der_len;
	return 0;
}

static void
replace(struct crl_set *set, struct place p, const struct slot *slot)
{
	struct block *b = set->block[p.block];

	set->size.bytes += slot->der_len;
	set->size.bytes -= b->slot[p.at].der_len;
	b->slot[p.at] = *slot;
	if (slot->not_after_s < b->first_end_s)
		b->first_end_s = slot->not_after_s;
}

int
crl_set_new(struct crl_set **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return err_set(
		    e, ERR_INTERNAL, "", "revocation list: no memory");
	return 0;
}

void
crl_set_free(struct crl_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->blocks; i++)
		free(set->block[i]);
	free(set->block);
	free(set);
}

int
crl_set_copy(const struct crl_set *set, struct crl_set **out, struct err *e)
{
	struct crl_set *copy;

	*out = NULL;
	if (crl_set_new(&copy, e) != 0)
		return -1;
	for (size_t i = 0; i < set->blocks; i++) {
		struct block *b = insert_block(copy, i, e);

		if (b == NULL) {
			crl_set_free(copy);
			return -1;
		}
		b->count = set->block[i]->count;
		b->first_end_s = set->block[i]->first_end_s;
		memcpy(b->slot, set->block[i]->slot,
		    b->count * sizeof(struct slot));
	}
	copy->size = set->size;
	*out = copy;
	return 0;
}

int
crl_set_add(struct crl_set *set, const struct crl_entry *entry,
    int64_t not_after_s, bool *changed, struct err *e)
{
	struct slot slot;
	struct place p;
	bool stays = false;
	int rc = 0;

	if (crl_entry_check(entry, e) != 0 ||
	    slot_fill(&slot, entry, not_after_s, e) != 0)
		return -1;
	p = find(set, slot_serial(&slot));
	if (!p.found)
		rc = insert(set, p, &slot, e);
	else if (set->block[p.block]->slot[p.at].reason ==
		     CRL_CERTIFICATE_HOLD &&
		 entry->reason != CRL_CERTIFICATE_HOLD)
		replace(set, p, &slot);
	else
		stays = true;
	if (changed != NULL)
		*changed = rc == 0 && !stays;
	return rc;
}

static void
take_out(struct crl_set *set, struct place p)
{
	struct block *b = set->block[p.block];

	set->size.count--;
	set->size.bytes -= b->slot[p.at].der_len;
	b->count--;
	memmove(&b->slot[p.at], &b->slot[p.at + 1],
	    (b->count - p.at) * sizeof(struct slot));
	if (b->count == 0)
		remove_block(set, p.block);
}

int
crl_set_remove(struct crl_set *set, struct bytes serial, struct err *e)
{
	struct place p = find(set, serial);

	if (!p.found)
		return err_set(
		    e, ERR_BAD_FIELD, "serial", "is not on the list");
	if (set->block[p.block]->slot[p.at].reason != CRL_CERTIFICATE_HOLD)
		return err_set(e, ERR_BAD_FIELD, "serial",
		    "is revoked for good: only certificateHold is released");
	take_out(set, p);
	return 0;
}

/* Leaves what stays at the block's front; the rest is counted out. */
static size_t
expire_block(struct crl_set *set, struct block *b, int64_t listed_s)
{
	size_t before = b->count;

	b->count = 0;
	b->first_end_s = INT64_MAX;
	for (size_t i = 0; i < before; i++) {
		const struct slot *s = &b->slot[i];

		if (s->not_after_s < listed_s) {
			set->size.bytes -= s->der_len;
			continue;
		}
		if (s->not_after_s < b->first_end_s)
			b->first_end_s = s->not_after_s;
		b->slot[b->count++] = *s;
	}
	set->size.count -= (uint32_t)(before - b->count);
	return before - b->count;
}

size_t
crl_set_expire(struct crl_set *set, int64_t listed_s)
{
	size_t gone = 0;

	for (size_t i = set->blocks; i-- > 0;) {
		struct block *b = set->block[i];

		if (b->first_end_s >= listed_s)
			continue;
		gone += expire_block(set, b, listed_s);
		if (b->count == 0)
			remove_block(set, i);
	}
	return gone;
}

bool
crl_set_find(
    const struct crl_set *set, struct bytes serial, struct crl_entry *out)
{
	struct place p = find(set, serial);

	if (p.found && out != NULL)
		*out = slot_entry(&set->block[p.block]->slot[p.at]);
	return p.found;
}

struct crl_size
crl_set_size(const struct crl_set *set)
{
	return set->size;
}

bool
crl_set_next(
    const struct crl_set *set, struct crl_cursor *cursor, struct crl_entry *out)
{
	if (cursor->block >= set->blocks)
		return false;
	const struct block *b = set->block[cursor->block];
	*out = slot_entry(&b->slot[cursor->at++]);
	if (cursor->at == b->count)
		*cursor = (struct crl_cursor){cursor->block + 1, 0};
	return true;
}

void
crl_set_encode(const struct crl_set *set, struct buf *out)
{
	uint8_t *to = buf_reserve(out, set->size.bytes);

	if (to == NULL)
		return;
	for (size_t i = 0; i < set->blocks; i++) {
		const struct block *b = set->block[i];

		for (size_t k = 0; k < b->count; k++) {
			memcpy(to, b->slot[k].der, b->slot[k].der_len);
			to += b->slot[k].der_len;
		}
	}
	out->len += set->size.bytes;
}
