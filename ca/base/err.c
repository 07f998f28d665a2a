#include "ca/base/err.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ca/base/log.h"

static const struct {
	const char *word;
	unsigned status;
} kinds[] = {
#define X(kind, word, status) [kind] = {word, status},
    ERR_KINDS(X)
#undef X
};

const char *
err_word(enum err_kind kind)
{
	return kinds[kind].word;
}

unsigned
err_status(enum err_kind kind)
{
	return kinds[kind].status;
}

/* Cuts a character of UTF-8 that the buffer's end has cut in two. */
static void
cut_at_character(char *text)
{
	size_t n = strlen(text);
	size_t start = n;
	unsigned char lead;
	size_t want;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	lead = (unsigned char)text[start - 1];
	want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (n - start + 1 < want)
		text[start - 1] = '\0';
}

int
err_set(
    struct err *e, enum err_kind kind, const char *field, const char *fmt, ...)
{
	/* Copies first: field and the arguments may be e's own. */
	char text[sizeof(e->message)], name[sizeof(e->field)];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		text[0] = '\0';
	if (n >= (int)sizeof(text))
		cut_at_character(text);
	n = snprintf(name, sizeof(name), "%s", field == NULL ? "" : field);
	if (n >= (int)sizeof(name))
		cut_at_character(name);
	*e = (struct err){.kind = kind};
	memcpy(e->field, name, sizeof(name));
	n = snprintf(e->message, sizeof(e->message), "%s%s%s", name,
	    name[0] == '\0' ? "" : ": ", text);
	if (n >= (int)sizeof(e->message))
		cut_at_character(e->message);
	return -1;
}

int
err_errno(struct err *e, const char *what, const char *where)
{
	int number = errno;

	log_error("system", log_text("what", what), log_text("where", where),
	    log_text("errno", strerror(number)));
	errno = number;
	return err_set(e, ERR_INTERNAL, NULL, "%s failed", what);
}

int
err_openssl(struct err *e, const char *what)
{
	char text[256];
	unsigned long code;

	while ((code = ERR_get_error()) != 0) {
		ERR_error_string_n(code, text, sizeof(text));
		log_warn(
		    "openssl", log_text("what", what), log_text("error", text));
	}
	return err_set(e, ERR_INTERNAL, NULL, "%s failed", what);
}
