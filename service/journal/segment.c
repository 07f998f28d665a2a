#include "service/journal/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/log.h"

#define OPEN_FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static void
name_make(const struct segment *s, char out[SEGMENT_NAME_LEN])
{
	snprintf(out, SEGMENT_NAME_LEN, "segment-%02u", s->place);
}

void
segment_init(struct segment *s, unsigned place)
{
	*s = (struct segment){.place = place, .fd = -1};
}

void
segment_close(struct segment *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->entries);
	segment_init(s, s->place);
}

void
segment_remove(struct segment *s, int folder)
{
	char name[SEGMENT_NAME_LEN];

	name_make(s, name);
	if (s->fd >= 0 && unlinkat(folder, name, 0) != 0)
		log_warn("journal_remove", log_text("file", name),
		    log_text("why", strerror(errno)));
	segment_close(s);
}

/* All of it or nothing: what was written of it is cut off again. Where even
 * that fails, s->end stays before it, and the next record covers it; a reader
 * takes it for a torn end. */
static int
write_at(struct segment *s, uint32_t at, struct bytes data)
{
	ssize_t n;
	int number;

	do
		n = pwrite(s->fd, data.data, data.len, at);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n == data.len)
		return 0;
	number = n < 0 ? errno : ENOSPC;
	if (ftruncate(s->fd, at) != 0)
		log_warn("journal_truncate", log_text("why", strerror(errno)));
	errno = number;
	return -1;
}

static int
make_file(struct segment *s, int folder)
{
	char name[SEGMENT_NAME_LEN];

	name_make(s, name);
	s->fd = openat(folder, name, OPEN_FLAGS | O_CREAT, 0600);
	return s->fd >= 0 ? 0 : -1;
}

int
segment_start(struct segment *s, int folder, const struct segment_head *head)
{
	uint8_t heads[SEGMENT_FIRST];

	s->count = 0;
	s->live = 0;
	s->end = 0;
	s->last_id = head->number;
	s->handed = UINT64_MAX;
	s->head = *head;
	if (s->fd < 0 && make_file(s, folder) != 0)
		return -1;
	segment_head_encode(head, heads);
	memcpy(heads + SEGMENT_HEAD_LEN, heads, SEGMENT_HEAD_LEN);
	if (ftruncate(s->fd, 0) != 0 ||
	    write_at(s, 0, (struct bytes){heads, sizeof(heads)}) != 0)
		return -1;
	s->end = SEGMENT_FIRST;
	return 0;
}

int
segment_reserve(struct segment *s)
{
	size_t cap = s->cap == 0 ? 64 : 2 * s->cap;
	struct segment_entry *entries;

	if (s->count < s->cap)
		return 0;
	entries = realloc(s->entries, cap * sizeof(*entries));
	if (entries == NULL)
		return -1;
	s->entries = entries;
	s->cap = cap;
	return 0;
}

int
segment_index(struct segment *s, const struct record_head *h, uint32_t offset)
{
	if (segment_reserve(s) != 0)
		return -1;
	s->entries[s->count++] =
	    (struct segment_entry){h->id, offset, h->done ? 0 : h->size};
	s->live += !h->done;
	s->last_id = h->id;
	return 0;
}

int
segment_append(struct segment *s, uint64_t id, struct bytes record)
{
	struct record_head h = {id, (uint32_t)record.len, false};
	uint32_t at = s->end;

	if (write_at(s, at, record) != 0)
		return -1;
	s->end += (uint32_t)record.len;
	return segment_index(s, &h, at); /* room was reserved */
}

struct segment_entry *
segment_next(const struct segment *s, uint64_t from)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->entries[middle].id < from)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < s->count && s->entries[low].size == 0)
		low++;
	return low < s->count ? &s->entries[low] : NULL;
}

void
segment_drop(struct segment *s, struct segment_entry *entry)
{
	entry->size = 0;
	s->live--;
}

void
segment_mark_done(struct segment *s, struct segment_entry *entry)
{
	ssize_t n;

	do
		n = pwrite(s->fd, RECORD_DONE, RECORD_DONE_LEN,
		    entry->offset + RECORD_DONE_AT);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)RECORD_DONE_LEN)
		log_warn("journal_mark", log_number("id", (int64_t)entry->id),
		    log_text("why", n < 0 ? strerror(errno) : "cut short"));
	segment_drop(s, entry);
}

static int
read_all(int fd, uint8_t *to, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = pread(fd, to + at, len - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

/* Evidence, and its place is free; an earlier one there is replaced, so that
 * these are bounded, too. */
static int
set_aside(
    struct segment *s, int folder, struct segment_faults *faults, struct err *e)
{
	char name[SEGMENT_NAME_LEN], aside[SEGMENT_NAME_LEN + 8];

	name_make(s, name);
	snprintf(aside, sizeof(aside), "%s.damaged", name);
	if (renameat(folder, name, folder, aside) != 0)
		return err_errno(e, "rename", name);
	faults->damaged++;
	log_error("journal_set_aside", log_text("file", aside),
	    log_text("why", "both headers are damaged"));
	segment_close(s);
	return 0;
}

static int
load_data(struct segment *s, int folder, struct bytes data,
    struct segment_faults *faults, struct err *e)
{
	int rc = segment_head_parse(data, &s->head);

	if (rc < 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "segment-%02u: of another version of the journal",
		    s->place);
	if (rc > 0)
		return set_aside(s, folder, faults, e);
	s->last_id = s->head.number;
	if (segment_scan(s, data, faults) != 0)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	return 0;
}

/* A file without room for its heads never held an entry. */
static int
load_file(struct segment *s, int folder, const struct stat *st,
    struct segment_faults *faults, struct err *e)
{
	size_t len = (size_t)st->st_size;
	uint8_t *data;
	int rc;

	if (len < SEGMENT_FIRST)
		return 0;
	if (len > JOURNAL_SEGMENT_SIZE_MAX)
		return set_aside(s, folder, faults, e);
	data = malloc(len);
	if (data == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	if (read_all(s->fd, data, len) != 0)
		rc = err_errno(e, "read", "journal");
	else
		rc = load_data(s, folder, (struct bytes){data, len}, faults, e);
	free(data);
	return rc;
}

int
segment_load(
    struct segment *s, int folder, struct segment_faults *faults, struct err *e)
{
	char name[SEGMENT_NAME_LEN];
	struct stat st;

	name_make(s, name);
	s->fd = openat(folder, name, OPEN_FLAGS);
	if (s->fd < 0 && errno == ENOENT)
		return 0;
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return err_errno(e, "open", name);
	if (!S_ISREG(st.st_mode))
		return err_set(
		    e, ERR_INTERNAL, NULL, "%s: not a regular file", name);
	if (fchmod(s->fd, 0600) != 0)
		return err_errno(e, "chmod", name);
	return load_file(s, folder, &st, faults, e);
}
