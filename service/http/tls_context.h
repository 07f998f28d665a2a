/* What tls.c needs to know of a context. */
#ifndef SERVICE_HTTP_TLS_CONTEXT_H
#define SERVICE_HTTP_TLS_CONTEXT_H

#include "service/http/tls.h"

struct ssl_ctx_st *tls_context_get(struct tls_context *c);

#endif
