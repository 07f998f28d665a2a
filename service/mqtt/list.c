#include <stdlib.h>

#include "service/mqtt/internal.h"

void
out_list_init(struct out_list *l)
{
	l->first = NULL;
	l->last = &l->first;
	l->count = 0;
}

void
out_list_append(struct out_list *l, struct out *o)
{
	o->next = NULL;
	*l->last = o;
	l->last = &o->next;
	l->count++;
}

struct out *
out_list_take(struct out_list *l)
{
	struct out *o = l->first;

	if (o != NULL)
		out_list_remove(l, o);
	return o;
}

void
out_list_remove(struct out_list *l, struct out *o)
{
	struct out **at = &l->first;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	if (*at == NULL)
		l->last = at;
	l->count--;
}

void
out_list_prepend(struct out_list *a, struct out_list *b)
{
	if (b->first == NULL)
		return;
	*b->last = a->first;
	if (a->first == NULL)
		a->last = b->last;
	a->first = b->first;
	a->count += b->count;
	out_list_init(b);
}

void
out_free(struct out *o)
{
	buf_clear(&o->topic);
	buf_clear(&o->payload);
	buf_clear(&o->correlation);
	buf_clear(&o->content_type);
	free(o);
}
