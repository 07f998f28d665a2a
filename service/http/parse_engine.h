/* The two libraries under one name; nothing else differs. */
#ifndef SERVICE_HTTP_PARSE_ENGINE_H
#define SERVICE_HTTP_PARSE_ENGINE_H

#include "ca/base/buf.h"

/* The typedefs are the libraries' own names for their structs. */
#ifdef MS_HAVE_LLHTTP

#include <llhttp.h>

typedef llhttp_t engine_state;
typedef llhttp_settings_t engine_callbacks;

static inline void
engine_init(engine_state *s, const engine_callbacks *c)
{
	llhttp_init(s, HTTP_REQUEST, c);
}

static inline int
engine_execute(engine_state *s, const engine_callbacks *c, struct bytes in)
{
	(void)c;
	return llhttp_execute(s, (const char *)in.data, in.len) == HPE_OK ? 0
									  : -1;
}

static inline bool
engine_keeps_alive(const engine_state *s)
{
	return llhttp_should_keep_alive(s) != 0;
}

#else

#include <http_parser.h>

typedef http_parser engine_state;
typedef http_parser_settings engine_callbacks;

static inline void
engine_init(engine_state *s, const engine_callbacks *c)
{
	(void)c;
	http_parser_set_max_header_size(UINT32_MAX); /* the gate has its own */
	http_parser_init(s, HTTP_REQUEST);
}

static inline int
engine_execute(engine_state *s, const engine_callbacks *c, struct bytes in)
{
	size_t n = http_parser_execute(s, c, (const char *)in.data, in.len);

	return n == in.len && HTTP_PARSER_ERRNO(s) == HPE_OK ? 0 : -1;
}

static inline bool
engine_keeps_alive(const engine_state *s)
{
	return http_should_keep_alive(s) != 0;
}

#endif
#endif
