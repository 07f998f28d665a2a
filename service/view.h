/* What all requests share, read from the installation's files. */
#ifndef SERVICE_VIEW_H
#define SERVICE_VIEW_H

#include "service/config/config.h"

/* Reads ca.crt, escrow.pub and the profiles. The caller owns the result. */
MUST_USE int view_load(
    const struct config *c, struct authority_view **out, struct err *e);
/* The certificates and what of the configuration may change; the rest is old's:
 * the signer, too, reads profiles and escrow key once. */
MUST_USE int view_reload(const struct config *c,
    const struct authority_view *old, struct authority_view **out,
    struct err *e);
void view_free(struct authority_view *v);

/* A copy of v with one certificate more in front: the authority's newest. */
MUST_USE int view_renewed(const struct authority_view *v, struct bytes der,
    struct authority_view **out, struct err *e);

#endif
