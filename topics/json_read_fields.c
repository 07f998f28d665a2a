/* The fields of a request: each one's name, and the rule for its value. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ca/signer/message.h"
#include "topics/json_read_internal.h"

#define DAYS_DIGITS 6

typedef int (*field_fn)(const cJSON *value, struct request *r, struct err *e);

/* cJSON's strings: the scanner has let no NUL pass. */
static struct bytes
text_of(const cJSON *value)
{
	return bytes_of_text(value->valuestring);
}

void
json_quote(const char *text, char *out, size_t size)
{
	size_t n = strnlen(text, size);
	size_t characters;

	if (n == size)
		n--;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, text, n);
	out[n] = '\0';
	if (utf8_is_printable(bytes_of_text(out), &characters))
		return;
	for (size_t i = 0; i < n; i++)
		if (out[i] < 0x20 || out[i] >= 0x7f)
			out[i] = '?';
}

static int
need_string(const cJSON *value, const char *field, struct err *e)
{
	if (cJSON_IsString(value))
		return 0;
	return err_set(e, ERR_BAD_FIELD, field, "must be a string");
}

static int
read_name(const cJSON *value, struct request *r, struct err *e)
{
	return name_parse(text_of(value), &r->name, e);
}

/* 0: not a decimal (no sign, no blank, no leading zero), or far too many. */
static unsigned
days_of_text(struct bytes text)
{
	unsigned n = 0;

	if (text.len < 1 || text.len > DAYS_DIGITS || text.data[0] == '0')
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return 0;
		n = n * 10 + (unsigned)(text.data[i] - '0');
	}
	return n;
}

static unsigned
days_of_number(double d)
{
	return d >= 1 && d <= 999999 && floor(d) >= d ? (unsigned)d : 0;
}

/* The bounds are the profile's, which is found later: what is no number of
 * days at all is 0 till then, and days_text is what the refusal shows. */
static int
read_days(const cJSON *value, struct request *r, struct err *e)
{
	if (cJSON_IsString(value)) {
		r->days = days_of_text(text_of(value));
		json_quote(
		    value->valuestring, r->days_text, sizeof(r->days_text));
		return 0;
	}
	if (!cJSON_IsNumber(value))
		return err_set(e, ERR_BAD_FIELD, "days",
		    "must be a decimal string or an integer");
	r->days = days_of_number(value->valuedouble);
	snprintf(
	    r->days_text, sizeof(r->days_text), "%.15g", value->valuedouble);
	return 0;
}

static int
read_pass(const cJSON *value, struct request *r, struct err *e)
{
	struct bytes pass = text_of(value);

	if (pass.len > PASSPHRASE_MAX)
		return err_set(e, ERR_BAD_FIELD, "pass",
		    "must be at most %d bytes", PASSPHRASE_MAX);
	r->pass = secret_new(pass.data, pass.len);
	if (r->pass != NULL)
		return 0;
	err_set(e, ERR_BUSY, NULL, "too many passphrases are in memory");
	e->retry_after_s = 1;
	return -1;
}

static int
read_csr(const cJSON *value, struct request *r, struct err *e)
{
	struct bytes text = text_of(value);

	if (text.len == 0)
		return err_set(e, ERR_BAD_FIELD, "csr", "must not be empty");
	buf_append(&r->csr_text, text.data, text.len);
	return buf_check(&r->csr_text, "csr", e);
}

static bool
is_profile_character(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static int
read_profile(const cJSON *value, struct request *r, struct err *e)
{
	struct bytes text = text_of(value);
	bool ok = text.len >= 1 && text.len < sizeof(r->profile);

	for (size_t i = 0; ok && i < text.len; i++)
		ok = is_profile_character(text.data[i]);
	if (!ok)
		return err_set(e, ERR_BAD_FIELD, "profile",
		    "must be 1 to %d of a-z, 0-9 and \"-\"", PROFILE_NAME_MAX);
	memcpy(r->profile, text.data, text.len);
	r->profile[text.len] = '\0';
	return 0;
}

static int
read_key_type(const cJSON *value, struct request *r, struct err *e)
{
	return key_type_parse(text_of(value), &r->key_type, e);
}

static int
read_san(const cJSON *value, struct request *r, struct err *e)
{
	const cJSON *item;

	if (!cJSON_IsArray(value))
		return err_set(e, ERR_BAD_FIELD, "san",
		    "must be a list of \"dns:…\" and \"ip:…\"");
	cJSON_ArrayForEach(item, value)
	{
		if (!cJSON_IsString(item))
			return err_set(e, ERR_BAD_FIELD, "san",
			    "must be a list of strings");
		if (san_list_add(&r->sans, text_of(item), e) != 0)
			return -1;
	}
	return 0;
}

/* Without a function: an attribute of the subject. */
static const struct {
	const char *word;
	field_fn read;
	bool is_string;
} fields[FIELD_COUNT] = {
    [FIELD_NAME] = {"name", read_name, true},
    [FIELD_DAYS] = {"days", read_days, false},
    [FIELD_PASS] = {"pass", read_pass, true},
    [FIELD_COUNTRY] = {"country", NULL, true},
    [FIELD_STATE] = {"state", NULL, true},
    [FIELD_LOCALITY] = {"locality", NULL, true},
    [FIELD_ORG] = {"org", NULL, true},
    [FIELD_UNIT] = {"unit", NULL, true},
    [FIELD_CN] = {"cn", NULL, true},
    [FIELD_EMAIL] = {"email", NULL, true},
    [FIELD_CSR] = {"csr", read_csr, true},
    [FIELD_PROFILE] = {"profile", read_profile, true},
    [FIELD_KEY_TYPE] = {"key_type", read_key_type, true},
    [FIELD_SAN] = {"san", read_san, false},
};

enum request_field
json_field_find(const char *word)
{
	int f = 0;

	while (f < FIELD_COUNT && strcmp(fields[f].word, word) != 0)
		f++;
	return (enum request_field)f;
}

const char *
json_field_word(enum request_field f)
{
	return fields[f].word;
}

int
json_field_read(
    enum request_field f, const cJSON *value, struct request *r, struct err *e)
{
	if (fields[f].is_string && need_string(value, fields[f].word, e) != 0)
		return -1;
	r->fields |= 1u << f;
	if (fields[f].read != NULL)
		return fields[f].read(value, r, e);
	return subject_set(&r->subject,
	    (enum subject_attribute)(f - FIELD_COUNTRY), text_of(value), e);
}
