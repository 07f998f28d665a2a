/* Time: one place that asks the system, so that tests can set it. */
#ifndef CA_BASE_CLOCK_H
#define CA_BASE_CLOCK_H

#include <stdint.h>

#include "ca/base/buf.h"

/* Milliseconds since 1970 (UTC); jumps when the clock is set. For dates. */
int64_t clock_now_ms(void);
/* Milliseconds since some start; never jumps. For timeouts and durations. */
int64_t clock_monotonic_ms(void);

/* For tests: time stands still at this value; 0 lets it run again. */
void clock_freeze(int64_t now_ms);

/* "2027-11-22T01:33:00Z" (RFC 3339), years 1970 to 9999. */
#define CLOCK_TEXT_LEN 21
void clock_format(int64_t seconds, char out[CLOCK_TEXT_LEN]);
/* Back, and nothing but that form; else -1. */
MUST_USE int clock_parse(struct bytes text, int64_t *seconds);
/* "2027-11-22T01:33:00.123Z" */
#define CLOCK_TEXT_MS_LEN 25
void clock_format_ms(int64_t ms, char out[CLOCK_TEXT_MS_LEN]);

#endif
