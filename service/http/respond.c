#include <time.h>

#include "ca/base/clock.h"
#include "service/http/internal.h"

static const struct {
	unsigned status;
	const char *phrase;
} phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

static const char *
phrase_of(unsigned status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

/* RFC 9110, 5.6.7; not strftime, whose names follow the locale. */
static void
write_date(struct buf *b)
{
	static const char *const days[] = {
	    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = (time_t)(clock_now_ms() / 1000);
	struct tm t;

	if (gmtime_r(&now, &t) == NULL)
		return;
	buf_printf(b, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
	    days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
	    t.tm_hour, t.tm_min, t.tm_sec);
}

/* RFC 9112, 9.3: HTTP/1.0 goes on only where both say so. */
static void
write_connection(struct buf *b, const struct exchange *x)
{
	if (x->last)
		buf_append_text(b, "Connection: close\r\n");
	else if (!x->http_1_1)
		buf_append_text(b, "Connection: keep-alive\r\n");
}

static bool
has_body(unsigned status)
{
	return status != 204 && status != 304;
}

static void
write_head(struct exchange *x, const struct http_answer *a)
{
	struct buf *b = &x->answer;

	buf_printf(b, "HTTP/1.1 %u %s\r\n", a->status, phrase_of(a->status));
	write_date(b);
	if (a->content_type != NULL && a->content_type[0] != '\0')
		buf_printf(b, "Content-Type: %s\r\n", a->content_type);
	if (has_body(a->status))
		buf_printf(b, "Content-Length: %zu\r\n", a->body.len);
	if (a->retry_after_s > 0)
		buf_printf(b, "Retry-After: %u\r\n", a->retry_after_s);
	if (a->allow != NULL)
		buf_printf(b, "Allow: %s\r\n", a->allow);
	buf_append_text(b, "Cache-Control: no-store\r\n"
			   "X-Content-Type-Options: nosniff\r\n");
	write_connection(b, x);
	buf_append_text(b, "\r\n");
}

void
respond_write(struct exchange *x, const struct http_answer *a)
{
	if (x->connection->server->stopping)
		x->last = true;
	write_head(x, a);
	if (!x->head && has_body(a->status))
		buf_append(&x->answer, a->body.data, a->body.len);
	if (x->answer.failed) {
		buf_clear(&x->answer);
		x->last = true;
		write_head(x, &(struct http_answer){.status = 500});
	}
}
