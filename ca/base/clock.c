#include "ca/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

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

void
clock_format(int64_t seconds, char out[CLOCK_TEXT_LEN])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, CLOCK_TEXT_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void
clock_format_ms(int64_t ms, char out[CLOCK_TEXT_MS_LEN])
{
	char text[CLOCK_TEXT_LEN];

	clock_format(ms / 1000, text);
	snprintf(out, CLOCK_TEXT_MS_LEN, "%.19s.%03uZ", text,
	    (unsigned)(ms % 1000) % 1000);
}
