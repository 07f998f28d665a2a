#include "ca/base/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/clock.h"

#define LINE_MAX_BYTES 4096
#define VALUE_MAX      1024

static const char *const words[] = {"debug", "info", "warn", "error"};
static const char *program = "-";
static _Atomic int least = LOG_LEVEL_INFO;

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
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

/* One byte stays free for the line's end. */
static void
line_add(struct line *l, const char *text, size_t len)
{
	size_t room = sizeof(l->text) - 1 - l->len;

	if (len > room)
		len = room;
	memcpy(l->text + l->len, text, len);
	l->len += len;
}

static bool
is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("._:/@+-", c) != NULL);
}

static bool
needs_quotes(const struct log_field *f)
{
	for (size_t i = 0; i < f->len; i++)
		if (!is_plain((unsigned char)f->text[i]))
			return true;
	return f->len == 0;
}

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
		n = snprintf(text, sizeof(text), "\\x%02x", c);
	else
		n = snprintf(text, sizeof(text), "%c", c);
	line_add(l, text, (size_t)n);
}

static void
line_add_text(struct line *l, const struct log_field *f)
{
	size_t len = f->len < VALUE_MAX ? f->len : VALUE_MAX;

	if (!needs_quotes(f)) {
		line_add(l, f->text, len);
		return;
	}
	line_add(l, "\"", 1);
	for (size_t i = 0; i < len; i++)
		line_add_escaped(l, (unsigned char)f->text[i]);
	line_add(l, "\"", 1);
}

static void
line_add_field(struct line *l, const struct log_field *f)
{
	char number[24];
	int n;

	line_add(l, " ", 1);
	line_add(l, f->key, strlen(f->key));
	line_add(l, "=", 1);
	if (f->text != NULL) {
		line_add_text(l, f);
		return;
	}
	n = snprintf(number, sizeof(number), "%lld", (long long)f->number);
	line_add(l, number, (size_t)n);
}

void
log_event(enum log_level level, const char *event,
    const struct log_field *fields, size_t n)
{
	char now[CLOCK_TEXT_MS_LEN];
	struct line l;
	int head;

	if ((int)level < atomic_load(&least))
		return;
	clock_format_ms(clock_now_ms(), now);
	head = snprintf(l.text, sizeof(l.text), "%s %-5s %s %s", now,
	    words[level], program, event);
	l.len = head < 0 ? 0 : (size_t)head;
	for (size_t i = 0; i < n; i++)
		line_add_field(&l, &fields[i]);
	l.text[l.len++] = '\n';
	(void)!write(STDERR_FILENO, l.text, l.len);
}
