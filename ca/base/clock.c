#include "ca/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_S    86400
#define NEWEST_S 253402300799 /* the last second of the year 9999 */

static _Atomic int64_t frozen_ms;

static int64_t
clock_read(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_now_ms(void)
{
	int64_t frozen = atomic_load(&frozen_ms);

	return frozen != 0 ? frozen : clock_read(CLOCK_REALTIME);
}

int64_t
clock_monotonic_ms(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

void
clock_freeze(int64_t now_ms)
{
	atomic_store(&frozen_ms, now_ms);
}

struct date {
	unsigned year, month, day;
};

/*
 * The Gregorian calendar by counting years from March, so that the leap day is
 * a year's last. Not gmtime_r: that takes a lock and may open a time zone's
 * file, and the signer logs where opening a file is death.
 */
static struct date
date_of_day(unsigned days_since_1970)
{
	unsigned days = days_since_1970 + 719468; /* since 0000-03-01 */
	unsigned era = days / 146097;             /* of 400 years */
	unsigned in_era = days % 146097;
	unsigned year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153; /* 0 is March */
	struct date d;

	d.day = in_year - (153 * month + 2) / 5 + 1;
	d.month = month < 10 ? month + 3 : month - 9;
	d.year = 400 * era + year + (d.month <= 2);
	return d;
}

void
clock_format(int64_t seconds, char out[CLOCK_TEXT_LEN])
{
	struct date d;
	unsigned s;

	if (seconds < 0)
		seconds = 0;
	if (seconds > NEWEST_S)
		seconds = NEWEST_S;
	d = date_of_day((unsigned)(seconds / DAY_S));
	s = (unsigned)(seconds % DAY_S);
	/* The remainders tell the compiler that nothing is cut. */
	snprintf(out, CLOCK_TEXT_LEN, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    d.year % 10000, d.month % 100, d.day % 100, s / 3600 % 100,
	    s / 60 % 60, s % 60);
}

void
clock_format_ms(int64_t ms, char out[CLOCK_TEXT_MS_LEN])
{
	char text[CLOCK_TEXT_LEN];

	if (ms < 0)
		ms = 0;
	clock_format(ms / 1000, text);
	snprintf(out, CLOCK_TEXT_MS_LEN, "%.19s.%03uZ", text,
	    (unsigned)(ms % 1000) % 1000);
}

int
clock_parse(struct bytes text, int64_t *seconds)
{
	char copy[CLOCK_TEXT_LEN], again[CLOCK_TEXT_LEN];
	struct tm tm = {.tm_sec = 0};
	const char *end;

	if (text.len != CLOCK_TEXT_LEN - 1)
		return -1;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	end = strptime(copy, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0')
		return -1;
	*seconds = (int64_t)timegm(&tm);
	clock_format(*seconds, again); /* 30 February, a sign, a blank */
	return memcmp(copy, again, sizeof(copy)) == 0 ? 0 : -1;
}
