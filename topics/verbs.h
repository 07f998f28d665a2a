/* The verbs' functions, for the table. One file each. */
#ifndef TOPICS_VERBS_H
#define TOPICS_VERBS_H

#include "topics/table.h"

int sign_parse(struct request *r, const struct authority_view *v,
    struct bytes body, struct bytes path_name, struct err *e);
int sign_prepare(
    struct request *r, const struct authority_view *v, struct err *e);

int create_parse(struct request *r, const struct authority_view *v,
    struct bytes body, struct bytes path_name, struct err *e);
int create_prepare(
    struct request *r, const struct authority_view *v, struct err *e);

int entity_parse(struct request *r, const struct authority_view *v,
    struct bytes body, struct bytes path_name, struct err *e);
int entity_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e);
int entity_answer_pem(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e);

int nothing_parse(struct request *r, const struct authority_view *v,
    struct bytes body, struct bytes path_name, struct err *e);
int authority_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e);
int health_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e);

#endif
