/* Answers, written by hand: the order of the fields is the contract's. */
#include <stdio.h>
#include <string.h>

#include "ca/base/clock.h"
#include "topics/json.h"
#include "topics/table.h"

#define DAY_S 86400

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

static void
put_escaped(struct buf *out, uint8_t c)
{
	if (c == '\n')
		buf_append(out, "\\n", 2);
	else if (c == '"' || c == '\\')
		buf_append(out, c == '"' ? "\\\"" : "\\\\", 2);
	else
		buf_printf(out, "\\u%04x", c);
}

static size_t
plain_len(struct bytes text, size_t from)
{
	size_t n = from;

	while (n < text.len && is_plain(text.data[n]))
		n++;
	return n - from;
}

static void
put_string(struct buf *out, struct bytes text)
{
	size_t i = 0;

	buf_append_byte(out, '"');
	while (i < text.len) {
		size_t run = plain_len(text, i);

		buf_append(out, text.data + i, run);
		i += run;
		if (i < text.len)
			put_escaped(out, text.data[i++]);
	}
	buf_append_byte(out, '"');
}

/* Members follow one another: the comma is put before all but the first. */
static void
put_key(struct buf *out, const char *key)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		buf_append(out, ", ", 2);
	buf_printf(out, "\"%s\": ", key);
}

static void
put_member(struct buf *out, const char *key, struct bytes value)
{
	put_key(out, key);
	put_string(out, value);
}

static void
put_text(struct buf *out, const char *key, const char *value)
{
	put_member(out, key, bytes_of_text(value));
}

static void
put_number(struct buf *out, const char *key, int64_t value)
{
	put_key(out, key);
	buf_printf(out, "%lld", (long long)value);
}

static void
put_bool(struct buf *out, const char *key, bool value)
{
	put_key(out, key);
	buf_append_text(out, value ? "true" : "false");
}

static void
put_time(struct buf *out, const char *key, int64_t seconds)
{
	char text[CLOCK_TEXT_LEN];

	clock_format(seconds, text);
	put_text(out, key, text);
}

static void
put_serial(struct buf *out, const struct serial *serial)
{
	char text[SERIAL_TEXT_LEN];

	serial_format(serial, text);
	put_text(out, "serial", text);
}

static void
put_certificate(struct buf *out, struct bytes der)
{
	struct buf pem;

	buf_init(&pem, CERTIFICATE_PEM_MAX);
	certificate_pem(der, &pem);
	put_member(out, "crt", buf_bytes(&pem));
	if (pem.failed)
		out->failed = true;
	buf_clear(&pem);
}

void
json_write_refusal(const struct err *e, const char *name, struct buf *out)
{
	buf_append_byte(out, '{');
	put_text(out, "error", err_word(e->kind));
	put_text(out, "message", e->message);
	if (e->field[0] != '\0')
		put_text(out, "field", e->field);
	if (name != NULL && name[0] != '\0')
		put_text(out, "name", name);
	if (e->retry_after_s > 0)
		put_number(out, "retry_after", e->retry_after_s);
	buf_append(out, "}\n", 2);
}

void
json_write_issued(struct bytes authority_pem, struct bytes key_pem,
    struct bytes certificate_der, const struct request *r, struct buf *out)
{
	buf_append_byte(out, '{');
	put_member(out, "ca", authority_pem);
	put_member(out, "key", key_pem);
	put_certificate(out, certificate_der);
	put_text(out, "name", r->name.text);
	put_serial(out, &r->result.serial);
	put_time(out, "not_after", r->result.not_after_s);
	buf_append(out, "}\n", 2);
}

static void
put_subject(struct buf *out, const struct subject *s)
{
	put_key(out, "subject");
	buf_append_byte(out, '{');
	for (int a = 0; a < SUBJECT_COUNT; a++)
		if (s->value[a][0] != '\0')
			put_text(out,
			    subject_attribute_word((enum subject_attribute)a),
			    s->value[a]);
	buf_append_byte(out, '}');
}

static void
put_sans(struct buf *out, const struct san_list *l)
{
	put_key(out, "san");
	buf_append_byte(out, '[');
	for (size_t i = 0; i < l->count; i++)
		buf_printf(out, "%s\"%s:%s\"", i == 0 ? "" : ", ",
		    l->item[i].type == SAN_DNS ? "dns" : "ip", l->item[i].text);
	buf_append_byte(out, ']');
}

static void
put_key_type(struct buf *out, struct bytes der)
{
	struct certificate_summary s;
	struct err e = ERR_INIT;

	if (certificate_summarize(der, &s, &e) == 0)
		put_text(out, "key_type", key_type_word(s.key.type));
}

/* Whole days; below 0 once it has ended. The last second counts. */
static int64_t
days_left(int64_t not_after_s)
{
	int64_t left = not_after_s + 1 - clock_now_ms() / 1000;

	return left >= 0 ? left / DAY_S : -((-left + DAY_S - 1) / DAY_S);
}

void
json_write_entity(const struct store_certificate *c, struct buf *out)
{
	buf_append_byte(out, '{');
	put_text(out, "name", c->name.text);
	put_text(out, "profile", c->profile);
	put_serial(out, &c->serial);
	put_time(out, "not_before", c->not_before_s);
	put_time(out, "not_after", c->not_after_s);
	put_number(out, "days_left", days_left(c->not_after_s));
	put_time(out, "created", c->created_ms / 1000);
	put_key_type(out, buf_bytes(&c->der));
	put_subject(out, &c->subject);
	put_sans(out, &c->sans);
	put_certificate(out, buf_bytes(&c->der));
	buf_append(out, "}\n", 2);
}

/* Why health is not "ok", in the order of how bad it is. */
static void
put_reasons(struct buf *out, const struct health *h)
{
	const struct {
		bool applies;
		const char *text;
	} reasons[] = {
	    {!h->signer_healthy, "the signer does not answer"},
	    {!h->ledger_healthy, "the ledger cannot be written"},
	    {!h->store_healthy, "the store cannot be written"},
	    {!h->open, "the CA key is not open: send the passphrase"},
	    {h->broker_configured && !h->broker_connected,
		"there is no connection to the broker"},
	};
	const char *separator = "";

	put_key(out, "reasons");
	buf_append_byte(out, '[');
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (!reasons[i].applies)
			continue;
		buf_append_text(out, separator);
		put_string(out, bytes_of_text(reasons[i].text));
		separator = ", ";
	}
	buf_append_byte(out, ']');
}

static void
put_end(struct buf *out, const char *key, int64_t seconds)
{
	if (seconds != 0)
		put_time(out, key, seconds);
}

void
json_write_health(const struct health *h, struct buf *out)
{
	buf_append_byte(out, '{');
	put_text(out, "status", health_word(h));
	put_reasons(out, h);
	put_text(out, "version", h->version == NULL ? "" : h->version);
	put_time(out, "started", h->started_ms / 1000);
	put_bool(out, "key_open", h->open);
	put_bool(out, "signer_healthy", h->signer_healthy);
	put_bool(out, "ledger_healthy", h->ledger_healthy);
	put_bool(out, "store_healthy", h->store_healthy);
	put_bool(out, "broker_configured", h->broker_configured);
	put_bool(out, "broker_connected", h->broker_connected);
	put_end(out, "authority_not_after", h->authority_not_after_s);
	put_end(out, "local_not_after", h->local_not_after_s);
	put_number(out, "requests_waiting", (int64_t)h->requests_waiting);
	put_number(out, "requests_kept", (int64_t)h->requests_kept);
	put_number(out, "wrong_passphrases", (int64_t)h->wrong_passphrases);
	put_number(out, "entities", (int64_t)h->counts.entities);
	put_number(out, "certificates", (int64_t)h->counts.certificates);
	put_number(out, "certificates_valid", (int64_t)h->counts.valid);
	put_number(
	    out, "certificates_ending_in_30_days", (int64_t)h->counts.ending);
	buf_append(out, "}\n", 2);
}

void
json_write_authority(
    struct bytes authority_pem, int64_t not_after_s, struct buf *out)
{
	buf_append_byte(out, '{');
	put_member(out, "ca", authority_pem);
	put_time(out, "not_after", not_after_s);
	buf_append(out, "}\n", 2);
}
