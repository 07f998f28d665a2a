#include "ca/base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/clock.h"

/* A pipe takes this much whole (PIPE_BUF): two programs share one stderr. */
#define LINE_MAX_BYTES 4096
#define VALUE_MAX      1024
#define CUT_MARK       " cut=1\n" /* in place of the fields that do not fit */

static const char *const words[] = {"debug", "info", "warn", "error"};
static const char *const padded_words[] = {
    " debug ", " info  ", " warn  ", " error "};
static const char *program = "-";
static _Atomic int least = LOG_LEVEL_INFO;

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
	bool full; /* something did not fit; text is as before it */
};

void
log_set_program(const char *name)
{
	program = name;
}

void
log_set_level(enum log_level level)
{
	atomic_store(&least, level);
}

int
log_level_parse(const char *word, enum log_level *level)
{
	for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++) {
		if (strcmp(word, words[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

struct log_field
log_text(const char *key, const char *text)
{
	if (text == NULL)
		text = "";
	return (struct log_field){key, text, strlen(text), 0};
}

struct log_field
log_bytes(const char *key, struct bytes text)
{
	const char *at = text.data == NULL ? "" : (const char *)text.data;

	return (struct log_field){key, at, text.len, 0};
}

struct log_field
log_number(const char *key, int64_t number)
{
	return (struct log_field){key, NULL, 0, number};
}

/* Room for the mark and the line's end stays free. */
static void
line_add(struct line *l, const char *text, size_t len)
{
	if (l->full || len > sizeof(l->text) - sizeof(CUT_MARK) - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->text + l->len, text, len);
	l->len += len;
}

static void
line_add_word(struct line *l, const char *word)
{
	line_add(l, word, strlen(word));
}

static bool
is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("._:/@+-", c) != NULL);
}

static bool
is_all_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_plain((unsigned char)text[i]))
			return false;
	return len > 0;
}

/* Beyond ASCII all is escaped: what turns a terminal's text around or looks
 * like another letter is then seen for what it is. */
static void
line_add_escaped(struct line *l, unsigned char c)
{
	char text[5];
	int n;

	if (c == '"' || c == '\\')
		n = snprintf(text, sizeof(text), "\\%c", c);
	else if (c == '\n')
		n = snprintf(text, sizeof(text), "\\n");
	else if (c < 0x20 || c >= 0x7f)
		n = snprintf(text, sizeof(text), "\\x%02X", c);
	else
		n = snprintf(text, sizeof(text), "%c", c);
	line_add(l, text, (size_t)n);
}

/* The bound is on what is written: an escape is four characters. */
static void
line_add_text(struct line *l, const char *text, size_t len)
{
	bool plain = is_all_plain(text, len);
	size_t start = l->len;
	size_t i;

	if (!plain)
		line_add_word(l, "\"");
	for (i = 0; i < len && l->len - start < VALUE_MAX; i++)
		line_add_escaped(l, (unsigned char)text[i]);
	if (!plain)
		line_add_word(l, "\"");
	if (i < len)
		line_add_word(l, "...");
}

static void
line_add_field(struct line *l, const struct log_field *f)
{
	char number[24];
	size_t before = l->len;

	line_add_word(l, " ");
	line_add_word(l, f->key);
	line_add_word(l, "=");
	if (f->text != NULL) {
		line_add_text(l, f->text, f->len);
	} else {
		snprintf(number, sizeof(number), "%lld", (long long)f->number);
		line_add_word(l, number);
	}
	if (l->full)
		l->len = before;
}

static void
line_begin(struct line *l, enum log_level level, const char *event)
{
	char now[CLOCK_TEXT_MS_LEN];

	l->len = 0;
	l->full = false;
	clock_format_ms(clock_now_ms(), now);
	line_add_word(l, now);
	line_add_word(l, padded_words[level]);
	line_add_word(l, program);
	line_add_word(l, " ");
	line_add_word(l, event);
}

static void
line_write(struct line *l)
{
	const char *end = l->full ? CUT_MARK : "\n";
	size_t len = strlen(end);
	ssize_t n;

	memcpy(l->text + l->len, end, len);
	l->len += len;
	do {
		n = write(STDERR_FILENO, l->text, l->len);
	} while (n < 0 && errno == EINTR);
}

void
log_event(enum log_level level, const char *event,
    const struct log_field *fields, size_t n)
{
	int number = errno;
	struct line l;

	if ((int)level < atomic_load(&least))
		return;
	line_begin(&l, level, event);
	for (size_t i = 0; i < n && !l.full; i++)
		line_add_field(&l, &fields[i]);
	line_write(&l);
	errno = number;
}
