#include "ca/base/serial.h"

#include <openssl/rand.h>
#include <pthread.h>

#include "ca/base/clock.h"
#include "ca/base/hex.h"

#define CLOCK_BYTES 6

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t newest_ms;

static int64_t
next_ms(void)
{
	int64_t now = clock_now_ms();

	pthread_mutex_lock(&lock);
	if (now > newest_ms)
		newest_ms = now;
	now = newest_ms;
	pthread_mutex_unlock(&lock);
	return now;
}

int
serial_new(struct serial *out, struct err *e)
{
	int64_t ms = next_ms();

	for (int i = 0; i < CLOCK_BYTES; i++)
		out->bytes[i] = (uint8_t)(ms >> (8 * (CLOCK_BYTES - 1 - i)));
	if (RAND_bytes(out->bytes + CLOCK_BYTES, SERIAL_LEN - CLOCK_BYTES) != 1)
		return err_openssl(e, "a random serial number");
	if (!serial_is_valid(out))
		return err_set(e, ERR_INTERNAL, NULL,
		    "the clock is before 2004 or past 6400: no serial number");
	return 0;
}

bool
serial_is_valid(const struct serial *s)
{
	return s->bytes[0] != 0 && s->bytes[0] < 0x80;
}

void
serial_format(const struct serial *s, char out[SERIAL_TEXT_LEN])
{
	hex_encode(s->bytes, SERIAL_LEN, out);
}
