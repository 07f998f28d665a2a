#include "topics/table.h"

#include <stdio.h>
#include <string.h>

#include "topics/issue.h"
#include "topics/json.h"
#include "topics/verbs.h"

#define ANSWER_MAX 131072
#define ISSUES     (NEEDS_PASS | NEEDS_ENTITY | NEEDS_SIGNATURE)

static const char place[] = "<name>";

/* Exact paths stand before those with a name in them. */
const struct verb verb_table[] = {
    {"sign", "POST", "/v1/ssl/sign", true, REQUEST_BODY_MAX, ISSUES, sign_parse,
	sign_prepare, issue_answer},
    {"create", "POST", "/v1/ssl/create", true, REQUEST_BODY_MAX, ISSUES,
	create_parse, create_prepare, issue_answer},
    {"ca", "GET", "/v1/ssl/ca.crt", false, 0, 0, nothing_parse, NULL,
	authority_answer},
    {"health", "GET", "/healthz", false, 0, NEEDS_HEALTH, nothing_parse, NULL,
	health_answer},
    {"certificate", "GET", "/v1/ssl/<name>.crt", false, 0, NEEDS_ENTITY,
	entity_parse, NULL, entity_answer_pem},
    {"entity", "GET", "/v1/ssl/<name>", false, 0, NEEDS_ENTITY, entity_parse,
	NULL, entity_answer},
    {0},
};

void
answer_init(struct answer *a)
{
	*a = (struct answer){.status = 200, .content_type = "application/json"};
	buf_init(&a->body, ANSWER_MAX);
}

void
answer_clear(struct answer *a)
{
	buf_clear(&a->body);
}

void
answer_refuse(const struct err *e, const struct request *r, struct answer *a)
{
	const char *name = "";

	if (r != NULL)
		name = r->name.text[0] != '\0' ? r->name.text : r->answer_name;
	buf_clear(&a->body);
	a->status = err_status(e->kind);
	a->content_type = "application/json";
	a->retry_after_s = e->retry_after_s;
	json_write_refusal(e, name, &a->body);
}

const struct verb *
verb_find_topic(struct bytes word)
{
	for (const struct verb *v = verb_table; v->word != NULL; v++)
		if (v->on_mqtt && bytes_equal(word, bytes_of_text(v->word)))
			return v;
	return NULL;
}

/* One level of a path stands for <name>; it is not empty. */
static bool
match_name(
    struct bytes path, const char *pattern, const char *at, struct bytes *name)
{
	size_t head = (size_t)(at - pattern);
	struct bytes tail = bytes_of_text(at + strlen(place));

	if (path.len <= head + tail.len ||
	    memcmp(path.data, pattern, head) != 0 ||
	    memcmp(path.data + path.len - tail.len, tail.data, tail.len) != 0)
		return false;
	*name = (struct bytes){path.data + head, path.len - head - tail.len};
	return memchr(name->data, '/', name->len) == NULL;
}

static bool
match(const struct verb *v, struct bytes path, struct bytes *name)
{
	const char *at;

	*name = (struct bytes){NULL, 0};
	if (v->path == NULL)
		return false;
	at = strstr(v->path, place);
	if (at == NULL)
		return bytes_equal(path, bytes_of_text(v->path));
	return match_name(path, v->path, at, name);
}

/* Whatever can be got can be asked for its head. */
static bool
method_fits(const struct verb *v, struct bytes method)
{
	return bytes_equal(method, bytes_of_text(v->method)) ||
	       (strcmp(v->method, "GET") == 0 &&
		   bytes_equal(method, bytes_of_text("HEAD")));
}

static const struct verb *
find_first(struct bytes path, struct bytes *name)
{
	for (const struct verb *v = verb_table; v->word != NULL; v++)
		if (match(v, path, name))
			return v;
	return NULL;
}

static void
allow_add(char *allow, size_t size, const struct verb *v)
{
	size_t n = strnlen(allow, size);

	snprintf(allow + n, size - n, "%s%s", n == 0 ? "" : ", ",
	    strcmp(v->method, "GET") == 0 ? "GET, HEAD" : v->method);
}

const struct verb *
verb_find_path(struct bytes method, struct bytes path, struct bytes *name,
    char *allow, size_t allow_size, struct err *e)
{
	const struct verb *first = find_first(path, name);

	allow[0] = '\0';
	if (first == NULL) {
		err_set(e, ERR_NO_ROUTE, NULL,
		    "there is nothing here; see /healthz, /v1/ssl/…");
		return NULL;
	}
	/* One path may have a row for each of its methods. */
	for (const struct verb *v = first; v->word != NULL; v++) {
		if (v->path == NULL || strcmp(v->path, first->path) != 0)
			continue;
		if (method_fits(v, method))
			return v;
		allow_add(allow, allow_size, v);
	}
	err_set(e, ERR_BAD_METHOD, NULL, "the method must be %s", allow);
	return NULL;
}
