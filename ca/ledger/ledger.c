#include "ca/ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ca/base/log.h"
#include "ca/ledger/file.h"

#define BATCH_MAX       256
#define BATCH_BYTES_MAX (BATCH_MAX * LEDGER_LINE_MAX)

struct ledger {
	struct ledger_file file;
	struct queue *queue;
	pthread_t thread;
	atomic_bool healthy;
	struct buf lines; /* of the batch that is being written */
};

static int
write_all(int fd, struct bytes data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.data, data.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data.data += n;
		data.len -= (size_t)n;
	}
	return 0;
}

/* The batch is on disk, or the file is as it was before it. */
static int
flush(struct ledger *l, struct ledger_file *next, struct err *e)
{
	struct bytes lines = buf_bytes(&l->lines);

	if (write_all(next->fd, lines) == 0 && fdatasync(next->fd) == 0) {
		next->len += (off_t)lines.len;
		l->file = *next;
		return 0;
	}
	(void)err_errno(e, "write", "ledger");
	if (ftruncate(l->file.fd, l->file.len) != 0)
		log_error("ledger_truncate", log_text("why", strerror(errno)));
	return -1;
}

static int
write_batch(struct ledger *l, struct queue_node *batch, struct err *e)
{
	struct ledger_file next = l->file;

	buf_consume(&l->lines, l->lines.len);
	for (struct queue_node *n = batch; n != NULL; n = n->next) {
		struct ledger_append *a =
		    QUEUE_ITEM(n, struct ledger_append, node);

		if (line_write(
			&a->entry, ++next.number, next.hash, &l->lines, e) != 0)
			return -1;
	}
	return flush(l, &next, e);
}

static void
finish_batch(struct queue_node *batch, const struct err *e)
{
	while (batch != NULL) {
		struct ledger_append *a =
		    QUEUE_ITEM(batch, struct ledger_append, node);

		batch = batch->next; /* done may free it */
		if (a->done != NULL)
			a->done(a, e);
	}
}

static void *
ledger_main(void *arg)
{
	struct ledger *l = arg;
	struct queue_node *batch;

	while ((batch = queue_take_many(l->queue, BATCH_MAX)) != NULL) {
		struct err e = ERR_INIT;
		bool ok = write_batch(l, batch, &e) == 0;

		if (atomic_exchange(&l->healthy, ok) != ok)
			log_warn("ledger",
			    log_text("writes", ok ? "again" : "fail"));
		finish_batch(batch, ok ? NULL : &e);
	}
	return NULL;
}

static int
start_thread(struct ledger *l, struct err *e)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&l->thread, NULL, ledger_main, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc == 0 ? 0
		       : err_set(e, ERR_INTERNAL, NULL, "ledger: no thread");
}

static int
open_file(struct ledger *l, const char *path, struct err *e)
{
	l->file.fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (l->file.fd < 0)
		return err_errno(e, "open", path);
	if (flock(l->file.fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "%s: another process writes this ledger", path);
	return ledger_recover(&l->file, e);
}

int
ledger_open(
    const char *path, size_t queue_max, struct ledger **out, struct err *e)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	buf_init(&l->lines, BATCH_BYTES_MAX);
	atomic_init(&l->healthy, true);
	if (open_file(l, path, e) == 0 &&
	    queue_new(queue_max, &l->queue, e) == 0 &&
	    start_thread(l, e) == 0) {
		*out = l;
		return 0;
	}
	queue_free(l->queue);
	if (l->file.fd >= 0)
		close(l->file.fd);
	free(l);
	return -1;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	queue_close(l->queue);
	pthread_join(l->thread, NULL);
	queue_free(l->queue);
	buf_clear(&l->lines);
	close(l->file.fd);
	free(l);
}

int
ledger_append(struct ledger *l, struct ledger_append *a, struct err *e)
{
	if (queue_put(l->queue, &a->node) == 0)
		return 0;
	err_set(e, ERR_BUSY, NULL, "the ledger's queue is full");
	e->retry_after_s = 1;
	return -1;
}

/* A note owns copies of the texts that its entry borrows. */
struct note {
	struct ledger_append append;
	char door[8], id[40], verdict[32];
};

static void
on_noted(struct ledger_append *a, const struct err *e)
{
	if (e != NULL)
		log_error(
		    "ledger_note_lost", log_text("id", a->entry.request_id));
	free(QUEUE_ITEM(a, struct note, append));
}

static const char *
copy_text(char *to, size_t size, const char *from)
{
	if (from == NULL)
		return NULL;
	strncpy(to, from, size - 1); /* zeroed: stays terminated */
	return to;
}

int
ledger_note(struct ledger *l, const struct ledger_entry *entry, struct err *e)
{
	struct note *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	n->append.done = on_noted;
	n->append.entry = *entry;
	n->append.entry.door = copy_text(n->door, sizeof(n->door), entry->door);
	n->append.entry.request_id =
	    copy_text(n->id, sizeof(n->id), entry->request_id);
	n->append.entry.verdict =
	    copy_text(n->verdict, sizeof(n->verdict), entry->verdict);
	if (ledger_append(l, &n->append, e) != 0) {
		free(n);
		return -1;
	}
	return 0;
}

bool
ledger_is_healthy(struct ledger *l)
{
	return atomic_load(&l->healthy);
}
