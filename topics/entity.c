/* One entity: what is known of it, or its newest certificate as a file. */
#include "topics/json.h"
#include "topics/verbs.h"

int
entity_parse(struct request *r, const struct authority_view *v,
    struct bytes body, struct bytes path_name, struct err *e)
{
	(void)v, (void)body;
	return name_parse(path_name, &r->name, e);
}

static int
check_known(const struct request *r, struct err *e)
{
	if (r->known)
		return 0;
	return err_set(
	    e, ERR_UNKNOWN_NAME, "name", "there is no \"%s\"", r->name.text);
}

int
entity_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e)
{
	(void)v, (void)h;
	if (check_known(r, e) != 0)
		return -1;
	json_write_entity(&r->last, &a->body);
	return buf_check(&a->body, "answer", e);
}

int
entity_answer_pem(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e)
{
	(void)v, (void)h;
	if (check_known(r, e) != 0)
		return -1;
	a->content_type = "application/x-pem-file";
	certificate_pem(buf_bytes(&r->last.der), &a->body);
	return buf_check(&a->body, "answer", e);
}
