/* Serial numbers, hex and base 64: what is read is written the same way. */
#include "ca/base/hex.h"
#include "ca/base/serial.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 65536

static bool
same_but_for_case(const char *a, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if ((a[i] | 0x20) != (b.data[i] | 0x20))
			return false;
	return a[b.len] == '\0';
}

static void
check_serial(struct bytes text)
{
	struct serial s;
	char again[SERIAL_TEXT_LEN];

	if (hex_decode(text, s.bytes, SERIAL_LEN) != 0)
		return;
	serial_format(&s, again);
	CLAIM(same_but_for_case(again, text));
	CLAIM(!serial_is_valid(&s) || (s.bytes[0] != 0 && s.bytes[0] < 0x80));
}

static void
check_hex(struct bytes text)
{
	uint8_t *out = malloc(text.len / 2 + 1);
	char *again = malloc(text.len + 2);

	CLAIM(out != NULL && again != NULL);
	if (hex_decode(text, out, text.len / 2) == 0) {
		CLAIM(text.len % 2 == 0);
		hex_encode(out, text.len / 2, again);
		CLAIM(same_but_for_case(again, text));
	}
	free(again);
	free(out);
}

static void
append_without_line_ends(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\r' && text.data[i] != '\n')
			buf_append_byte(out, text.data[i]);
}

/* No bytes have two spellings, but for the line ends in between. */
static void
check_base64(struct bytes text)
{
	struct buf data, again, plain;

	buf_init(&data, INPUT_MAX);
	buf_init(&again, 2 * INPUT_MAX);
	buf_init(&plain, INPUT_MAX);
	if (base64_decode(text, &data) == 0) {
		base64_encode(buf_bytes(&data), 0, &again);
		append_without_line_ends(&plain, text);
		CLAIM(bytes_equal(buf_bytes(&again), buf_bytes(&plain)));
	} else {
		CLAIM(data.len == 0);
	}
	buf_clear(&plain);
	buf_clear(&again);
	buf_clear(&data);
}

/* The other way round: any bytes come back. */
static void
check_encoded(struct bytes data)
{
	struct buf text, again;

	buf_init(&text, 2 * INPUT_MAX);
	buf_init(&again, INPUT_MAX);
	base64_encode(data, 64, &text);
	CLAIM(!text.failed);
	CLAIM(base64_decode(buf_bytes(&text), &again) == 0);
	CLAIM(bytes_equal(buf_bytes(&again), data));
	buf_clear(&again);
	buf_clear(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = {data, size};

	if (size > INPUT_MAX / 2)
		return 0;
	check_serial(text);
	check_hex(text);
	check_base64(text);
	check_encoded(text);
	return 0;
}
