/* The authority's certificates, newest first. */
#include "topics/verbs.h"

int
nothing_parse(struct request *r, const struct authority_view *v,
    struct bytes body, struct bytes path_name, struct err *e)
{
	(void)r, (void)v, (void)body, (void)path_name, (void)e;
	return 0;
}

int
authority_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e)
{
	(void)r, (void)h;
	a->content_type = "application/x-pem-file";
	buf_append(&a->body, v->pem.data, v->pem.len);
	return buf_check(&a->body, "answer", e);
}
