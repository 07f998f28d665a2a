/* Requests of one connection, in one piece and byte by byte: both must be read
 * in the same way, or a proxy could see another request than we do. */
#include "service/http/parse.h"
#include "tests/fuzz/fuzz.h"

#define HEADER_MAX  1024
#define BODY_MAX    2048
#define HISTORY_MAX (1 << 20)

static void
tell_bytes(struct buf *history, struct bytes b)
{
	buf_append_byte(history, (uint8_t)(b.len >> 8));
	buf_append_byte(history, (uint8_t)b.len);
	buf_append(history, b.data, b.len);
}

static void
tell_message(struct buf *history, struct parse *p)
{
	struct message m;

	parse_take(p, &m);
	CLAIM(m.method.len > 0 && m.path.len > 0 && m.path.data[0] == '/');
	CLAIM(m.head.len <= HEADER_MAX && m.body.len <= BODY_MAX);
	tell_bytes(history, m.method);
	tell_bytes(history, m.path);
	tell_bytes(history, m.query);
	tell_bytes(history, m.content_type);
	tell_bytes(history, m.idempotency_key);
	tell_bytes(history, buf_bytes(&m.body));
	buf_append_byte(history, m.http_1_1);
	buf_append_byte(history, m.keep_alive);
	message_clear(&m);
}

/* False: no more is read of this connection. */
static bool
tell_event(struct buf *history, struct parse *p, enum parse_event event,
    const struct err *e)
{
	if (event == PARSE_MORE)
		return true;
	buf_append_byte(history, (uint8_t)event);
	if (event == PARSE_MESSAGE)
		tell_message(history, p);
	if (event != PARSE_REFUSED)
		return true;
	CLAIM(e->kind == ERR_BAD_REQUEST || e->kind == ERR_TOO_LARGE);
	return false;
}

/* What happens when so many bytes come at once. */
static void
read_in_pieces(struct bytes in, size_t piece, struct buf *history)
{
	struct parse *p = parse_new(HEADER_MAX, BODY_MAX);
	bool open = true;

	CLAIM(p != NULL);
	while (open && in.len > 0) {
		struct bytes part = {in.data, in.len < piece ? in.len : piece};
		struct err e = ERR_INIT;
		size_t used = 0;
		enum parse_event event = parse_feed(p, part, &used, &e);

		CLAIM(used <= part.len);
		CLAIM(event != PARSE_MORE || used == part.len);
		open = tell_event(history, p, event, &e);
		in.data += used;
		in.len -= used;
	}
	parse_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	struct buf whole, bytes;

	buf_init(&whole, HISTORY_MAX);
	buf_init(&bytes, HISTORY_MAX);
	read_in_pieces(in, size, &whole);
	read_in_pieces(in, 1, &bytes);
	CLAIM(!whole.failed && !bytes.failed);
	CLAIM(bytes_equal(buf_bytes(&whole), buf_bytes(&bytes)));
	buf_clear(&whole);
	buf_clear(&bytes);
	return 0;
}
