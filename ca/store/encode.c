/* How a subject and a list of names lie in a row. */
#include <string.h>

#include "ca/base/wire.h"
#include "ca/store/backend.h"

void
store_subject_encode(const struct subject *s, struct buf *out)
{
	for (int a = 0; a < SUBJECT_COUNT; a++)
		wire_put_text(out, s->value[a]);
}

int
store_subject_decode(struct bytes in, struct subject *s)
{
	struct wire_reader r;

	wire_read_init(&r, in);
	for (int a = 0; a < SUBJECT_COUNT; a++)
		wire_get_text(&r, s->value[a], sizeof(s->value[a]));
	return wire_end(&r);
}

void
store_sans_encode(const struct san_list *l, struct buf *out)
{
	wire_put_u8(out, (uint8_t)l->count);
	for (size_t i = 0; i < l->count; i++) {
		wire_put_u8(out, (uint8_t)l->item[i].type);
		wire_put_text(out, l->item[i].text);
	}
}

int
store_sans_decode(struct bytes in, struct san_list *l)
{
	struct wire_reader r;

	memset(l, 0, sizeof(*l));
	wire_read_init(&r, in);
	l->count = wire_get_u8(&r);
	if (l->count > SAN_COUNT_MAX)
		return -1;
	for (size_t i = 0; i < l->count; i++) {
		l->item[i].type = (enum san_type)wire_get_u8(&r);
		wire_get_text(&r, l->item[i].text, sizeof(l->item[i].text));
	}
	return wire_end(&r);
}
