/* A request's fields, each by its own rule. */
#include <cjson/cJSON.h>
#include <math.h>
#include <openssl/crypto.h>
#include <string.h>

#include "ca/signer/message.h"
#include "topics/json.h"
#include "topics/table.h"

#define CSR_TEXT_MAX 16384

typedef int (*field_fn)(const cJSON *value, struct request *r, struct err *e);

/* cJSON's strings: the scanner has let no NUL pass. */
static struct bytes
text_of(const cJSON *value)
{
	return bytes_of_text(value->valuestring);
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

/* A decimal without sign, blank or leading zero. */
static int
parse_days(struct bytes text, unsigned *days)
{
	unsigned n = 0;

	if (text.len < 1 || text.len > 6)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		n = n * 10 + (unsigned)(text.data[i] - '0');
	}
	if (text.len > 1 && text.data[0] == '0')
		return -1;
	*days = n;
	return 0;
}

/* What is no number at all; its bounds are the profile's, checked later. */
static int
read_days(const cJSON *value, struct request *r, struct err *e)
{
	double d = value->valuedouble;

	if (cJSON_IsString(value)) {
		if (parse_days(text_of(value), &r->days) == 0)
			return 0;
		return err_set(e, ERR_BAD_FIELD, "days",
		    "must be a decimal number of days, got \"%.20s\"",
		    value->valuestring);
	}
	if (!cJSON_IsNumber(value) || floor(d) < d)
		return err_set(e, ERR_BAD_FIELD, "days",
		    "must be a decimal string or an integer");
	if (d < 1 || d > 999999)
		return err_set(e, ERR_BAD_FIELD, "days",
		    "must be 1 or more and within the profile's maximum, got "
		    "%.0f",
		    d);
	r->days = (unsigned)d;
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

static int
read_profile(const cJSON *value, struct request *r, struct err *e)
{
	struct bytes text = text_of(value);

	if (text.len < 1 || text.len >= sizeof(r->profile))
		return err_set(e, ERR_BAD_FIELD, "profile",
		    "must be 1 to %d characters", PROFILE_NAME_MAX);
	memcpy(r->profile, text.data, text.len + 1);
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
		if (need_string(item, "san", e) != 0 ||
		    san_list_add(&r->sans, text_of(item), e) != 0)
			return -1;
	}
	return 0;
}

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

static int
read_field(int f, const cJSON *value, struct request *r, struct err *e)
{
	if (fields[f].is_string && need_string(value, fields[f].word, e) != 0)
		return -1;
	r->fields |= 1u << f;
	if (fields[f].read != NULL)
		return fields[f].read(value, r, e);
	return subject_set(&r->subject,
	    (enum subject_attribute)(f - FIELD_COUNTRY), text_of(value), e);
}

static int
field_find(const char *word)
{
	int f = 0;

	while (f < FIELD_COUNT && strcmp(fields[f].word, word) != 0)
		f++;
	return f;
}

static int
read_member(
    const cJSON *value, unsigned allowed, struct request *r, struct err *e)
{
	int f = field_find(value->string);

	if (f == FIELD_COUNT)
		return err_set(e, ERR_BAD_FIELD, value->string,
		    "is not a field of a request");
	if (!(allowed & 1u << f))
		return err_set(e, ERR_BAD_FIELD, value->string,
		    "is not a field of %s",
		    r->verb == NULL ? "this request" : r->verb->word);
	return read_field(f, value, r, e);
}

/* First of all, so that every later refusal can be addressed. */
static void
read_answer_name(const cJSON *root, struct request *r)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(root, "name");
	struct bytes text;

	if (!cJSON_IsString(name))
		return;
	text = text_of(name);
	if (name_is_topic_safe(text))
		memcpy(r->answer_name, text.data, text.len + 1);
}

static int
read_members(
    const cJSON *root, unsigned allowed, struct request *r, struct err *e)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(root, "name");
	const cJSON *item;

	/* The name before the rest: a refusal shows it in its canonical form,
	 * and a wrong one is the first thing to say. */
	if (name != NULL && read_member(name, allowed, r, e) != 0)
		return -1;
	cJSON_ArrayForEach(item, root)
	{
		if (item != name && read_member(item, allowed, r, e) != 0)
			return -1;
	}
	return 0;
}

/* cJSON's copies of what was said: a passphrase may be anywhere in them. */
static void
wipe(cJSON *item)
{
	for (; item != NULL; item = item->next) {
		if (item->valuestring != NULL)
			OPENSSL_cleanse(
			    item->valuestring, strlen(item->valuestring));
		wipe(item->child); /* as deep as the scanner allows */
	}
}

int
json_read_request(
    struct bytes text, unsigned allowed, struct request *r, struct err *e)
{
	const char *end = NULL;
	cJSON *root;
	int rc;

	if (json_scan(text, e) != 0)
		return -1;
	root = cJSON_ParseWithLengthOpts(
	    (const char *)text.data, text.len, &end, 0);
	if (root == NULL || !cJSON_IsObject(root))
		rc = err_set(e, ERR_BAD_JSON, NULL, "cannot be parsed");
	else {
		read_answer_name(root, r);
		rc = read_members(root, allowed, r, e);
	}
	wipe(root);
	cJSON_Delete(root);
	return rc;
}
