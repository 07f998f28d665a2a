/* Shared by the files that read a request's JSON. */
#ifndef TOPICS_JSON_READ_INTERNAL_H
#define TOPICS_JSON_READ_INTERNAL_H

#include <cjson/cJSON.h>

#include "topics/request.h"

/* The field of that name, or FIELD_COUNT. */
enum request_field json_field_find(const char *word);

/* Its name. */
const char *json_field_word(enum request_field f);

/* Checks value by the rule of field f and puts it into r. */
MUST_USE int json_field_read(
    enum request_field f, const cJSON *value, struct request *r, struct err *e);

/* What a client wrote, for a message: cut to size at a character's end, and
 * plain ASCII where it holds what does not show as it is. */
void json_quote(const char *text, char *out, size_t size);

#endif
