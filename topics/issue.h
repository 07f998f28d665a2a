/* What sign and create have in common: a certificate is issued. */
#ifndef TOPICS_ISSUE_H
#define TOPICS_ISSUE_H

#include "topics/table.h"

/* Clients' clocks are slow: valid from a little before now. */
#define ISSUE_BACKDATE_S 300

/* The fields of the body, and profile and name made out of them. allowed: as
 * json_read_request's. */
MUST_USE int issue_parse(struct request *r, const struct authority_view *v,
    struct bytes body, unsigned allowed, struct err *e);

/* days: there, and 1 to max. */
MUST_USE int issue_check_days(
    const struct request *r, unsigned max, struct err *e);

/*
 * The certificate's plan from r->plan.key, subject and sans, which are set:
 * serial, dates, what the profile adds, checked against the law; and
 * r->result, all but its DER.
 */
MUST_USE int issue_plan(
    struct request *r, const struct authority_view *v, struct err *e);

/* The authority's certificates, the key where it is at hand, the certificate:
 * 201, or 200 where it is an earlier answer. */
int issue_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e);

#endif
