#include "service/door/http_door.h"

#include <strings.h>

#include "ca/base/log.h"
#include "topics/json.h"

#define ALLOW_MAX 32

static void
respond(struct http_exchange *x, const struct answer *a, const char *allow)
{
	struct http_answer h = {
	    .status = a->status,
	    .content_type = a->content_type,
	    .body = buf_bytes(&a->body),
	    .retry_after_s = a->retry_after_s,
	    .allow = allow,
	};

	http_respond(x, &h);
}

static void
refuse(struct http_exchange *x, const struct err *e, const char *allow)
{
	struct answer a;

	answer_init(&a);
	answer_refuse(e, NULL, &a);
	respond(x, &a, allow);
	answer_clear(&a);
}

static void
on_answered(void *arg, const struct request *r, const struct answer *a)
{
	struct err e = ERR_INIT;

	(void)r;
	if (a != NULL) {
		respond(arg, a, NULL);
		return;
	}
	err_set(&e, ERR_BUSY, NULL, "out of memory");
	e.retry_after_s = 1;
	refuse(arg, &e, NULL);
}

/* "application/json", with or without parameters (RFC 9110, 8.3). */
static bool
type_is_json(struct bytes type)
{
	static const char json[] = "application/json";
	size_t n = sizeof(json) - 1;

	if (type.len < n || strncasecmp((const char *)type.data, json, n) != 0)
		return false;
	return type.len == n || type.data[n] == ';' || type.data[n] == ' ';
}

static int
check_type(const struct http_exchange *x, struct err *e)
{
	if (!bytes_equal(x->method, bytes_of_text("POST")) ||
	    type_is_json(x->content_type))
		return 0;
	return err_set(e, ERR_BAD_TYPE, NULL,
	    "the body must be sent as Content-Type: application/json");
}

static void
on_request(void *arg, struct http_exchange *x)
{
	struct arrival a = {
	    .door = DOOR_HTTP,
	    .body = x->body,
	    .retry_key = x->idempotency_key,
	    .peer = x->peer,
	    .answered = on_answered,
	    .arg = x,
	};
	char allow[ALLOW_MAX] = "";
	struct err e = ERR_INIT;

	a.verb = verb_find_path(
	    x->method, x->path, &a.path_name, allow, sizeof(allow), &e);
	if (a.verb == NULL || check_type(x, &e) != 0) {
		log_info("refused", log_text("door", "http"),
		    log_text("peer", x->peer),
		    log_text("error", err_word(e.kind)));
		refuse(x, &e, allow[0] == '\0' ? NULL : allow);
		return;
	}
	pipeline_submit(arg, &a);
}

static void
on_refused(void *arg, const struct err *e, struct buf *body)
{
	(void)arg;
	json_write_refusal(e, NULL, body);
}

struct http_handler
http_door(struct pipeline *p)
{
	return (struct http_handler){
	    .on_request = on_request,
	    .on_refused = on_refused,
	    .arg = p,
	};
}
