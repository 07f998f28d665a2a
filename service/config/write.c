/* The table as text: the commented file of an installation, and --help. */
#include <string.h>

#include "service/config/settings.h"

static void
put_quoted(struct buf *out, const char *value)
{
	buf_append_byte(out, '"');
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			buf_append_byte(out, '\\');
		buf_append_byte(out, (uint8_t)*c);
	}
	buf_append_byte(out, '"');
}

static void
put_value(const struct setting *s, const struct config *c, struct buf *out)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	const char *at = (const char *)c + s->offset;

	switch (s->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
		put_quoted(out, at);
		break;
	case SETTING_NUMBER:
		buf_printf(out, "%u", *(const unsigned *)(const void *)at);
		break;
	case SETTING_SIZE:
		buf_printf(out, "%zu", *(const size_t *)(const void *)at);
		break;
	case SETTING_FLAG:
		buf_append_text(
		    out, *(const bool *)(const void *)at ? "true" : "false");
		break;
	case SETTING_LEVEL:
		buf_append_text(out, levels[c->log_level]);
		break;
	case SETTING_KEY:
		put_quoted(out, key_type_word(c->default_key_type));
		break;
	case SETTING_SUBJECT:
		put_quoted(out, c->defaults.value[s->offset]);
		break;
	}
}

/* What stands at its default is commented out: the file shows what there is,
 * and holds what was chosen. */
static void
put_setting(const struct setting *s, const struct config *c,
    const struct config *standard, struct buf *out)
{
	struct buf value, usual;

	buf_init(&value, 1024);
	buf_init(&usual, 1024);
	put_value(s, c, &value);
	put_value(s, standard, &usual);
	buf_printf(out, "# %s\n%s%s = ", s->help,
	    bytes_equal(buf_bytes(&value), buf_bytes(&usual)) ? "# " : "",
	    s->name);
	buf_append(out, value.data, value.len);
	buf_append_text(out, "\n\n");
	buf_clear(&value);
	buf_clear(&usual);
}

int
config_write_default(
    const struct config *values, struct buf *out, struct err *e)
{
	struct config standard;

	config_init(&standard, ".");
	buf_append_text(out,
	    "# ms_ssl_server. A line that is commented out shows a default.\n"
	    "# Paths are relative to this file's folder. Check it with:\n"
	    "#   ms_ssl_server check --config FILE\n\n");
	for (size_t i = 0; i < settings_count; i++)
		put_setting(&settings[i], values, &standard, out);
	return buf_check(out, "configuration", e);
}

void
config_describe(struct buf *out)
{
	for (size_t i = 0; i < settings_count; i++)
		buf_printf(out, "  %-26s %s [%s]\n", settings[i].name,
		    settings[i].help, settings[i].standard);
}
