/* The HTTP door: what curl asks becomes an arrival, its answer a response.
 * Loop's thread. */
#ifndef SERVICE_DOOR_HTTP_DOOR_H
#define SERVICE_DOOR_HTTP_DOOR_H

#include "service/http/server.h"
#include "service/work/pipeline.h"

/* The handler to start an HTTP server with; p is borrowed. */
struct http_handler http_door(struct pipeline *p);

#endif
