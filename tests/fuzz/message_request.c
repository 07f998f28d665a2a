/* What the service says to the signer. A message has one spelling. */
#include "ca/signer/message.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct signer_request m;
	struct err e = ERR_INIT;
	struct buf again;

	if (message_request_decode((struct bytes){data, size}, &m) != 0)
		return 0;
	buf_init(&again, MESSAGE_MAX);
	CLAIM(message_request_encode(&m, &again, &e) == 0);
	CLAIM(bytes_equal(buf_bytes(&again), (struct bytes){data, size}));
	buf_clear(&again);
	return 0;
}
