/* From a body to a request: scanner, cJSON, field by field. */
#include <openssl/crypto.h>
#include <string.h>

#include "topics/json.h"
#include "topics/json_read_internal.h"
#include "topics/table.h"

static int
refuse_field(const char *word, const struct request *r, struct err *e)
{
	char shown[sizeof(e->field)];

	json_quote(word, shown, sizeof(shown));
	return err_set(e, ERR_BAD_FIELD, shown, "%sis not a field of %s",
	    shown[0] == '\0' ? "\"\" " : "",
	    r->verb == NULL ? "this request" : r->verb->word);
}

static int
read_member(
    const cJSON *item, unsigned allowed, struct request *r, struct err *e)
{
	enum request_field f = json_field_find(item->string);

	if (f == FIELD_COUNT || !(allowed & 1u << f))
		return refuse_field(item->string, r, e);
	if (request_has(r, f)) /* read early */
		return 0;
	return json_field_read(f, item, r, e);
}

/* The name, and what it can be made out from, before the rest: then a refusal
 * of the rest can name whom it is for. */
static int
read_early(
    const cJSON *root, unsigned allowed, struct request *r, struct err *e)
{
	static const enum request_field early[] = {
	    FIELD_NAME, FIELD_PROFILE, FIELD_CN};

	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(
		    root, json_field_word(early[i]));

		if (item != NULL && read_member(item, allowed, r, e) != 0)
			return -1;
	}
	return 0;
}

static int
read_members(
    const cJSON *root, unsigned allowed, struct request *r, struct err *e)
{
	const cJSON *item;

	if (read_early(root, allowed, r, e) != 0)
		return -1;
	cJSON_ArrayForEach(item, root)
	{
		if (read_member(item, allowed, r, e) != 0)
			return -1;
	}
	return 0;
}

/* Even where the name breaks its rule, whoever wrote it may listen there. */
static void
read_answer_name(const cJSON *root, struct request *r)
{
	const cJSON *name =
	    cJSON_GetObjectItemCaseSensitive(root, json_field_word(FIELD_NAME));

	if (cJSON_IsString(name))
		request_set_answer_name(r, bytes_of_text(name->valuestring));
}

static void
wipe_text(char *text)
{
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
}

/* cJSON's copies of what was said: a passphrase may stand anywhere in them,
 * whatever it was called. As deep as the scanner allows. */
static void
wipe(cJSON *item)
{
	for (; item != NULL; item = item->next) {
		wipe_text(item->valuestring);
		wipe_text(item->string);
		wipe(item->child);
	}
}

static bool
is_blank(const char *text, const char *end)
{
	while (text < end && memchr(" \t\r\n", *text, 4) != NULL)
		text++;
	return text == end;
}

/* The scanner let it pass, so memory is missing; or else the two see different
 * things in it, and then nothing of it counts. */
static int
parse(struct bytes text, cJSON **root, struct err *e)
{
	const char *start = (const char *)text.data;
	const char *end = NULL;

	*root = cJSON_ParseWithLengthOpts(start, text.len, &end, 0);
	if (*root == NULL || !cJSON_IsObject(*root) ||
	    !is_blank(end, start + text.len))
		return err_set(
		    e, ERR_INTERNAL, NULL, "the body cannot be parsed");
	return 0;
}

int
json_read_request(
    struct bytes text, unsigned allowed, struct request *r, struct err *e)
{
	cJSON *root = NULL;
	int rc;

	if (json_scan(text, e) != 0)
		return -1;
	rc = parse(text, &root, e);
	if (rc == 0) {
		read_answer_name(root, r);
		rc = read_members(root, allowed, r, e);
	}
	wipe(root);
	cJSON_Delete(root);
	return rc;
}
