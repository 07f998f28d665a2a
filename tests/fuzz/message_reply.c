/* What the signer answers. A message has one spelling. */
#include "ca/signer/message.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct signer_reply m;
	struct err e = ERR_INIT;
	struct buf again;

	if (message_reply_decode((struct bytes){data, size}, &m) != 0)
		return 0;
	buf_init(&again, MESSAGE_MAX);
	CLAIM(message_reply_encode(&m, &again, &e) == 0);
	CLAIM(bytes_equal(buf_bytes(&again), (struct bytes){data, size}));
	buf_clear(&again);
	return 0;
}
