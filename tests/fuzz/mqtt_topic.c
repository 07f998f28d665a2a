/* Topics that a requester names, and names that become part of one. */
#include "ca/x509/name.h"
#include "service/mqtt/link.h"
#include "tests/fuzz/fuzz.h"

static bool
has_byte(struct bytes text, char c)
{
	return text.len > 0 && memchr(text.data, c, text.len) != NULL;
}

static void
check_name(struct bytes text)
{
	struct name name, again;
	struct err e = ERR_INIT;

	if (name_parse(text, &name, &e) != 0) {
		CLAIM(e.kind == ERR_BAD_FIELD);
		return;
	}
	CLAIM(name_is_topic_safe(bytes_of_text(name.text)));
	CLAIM(name_parse(bytes_of_text(name.text), &again, &e) == 0);
	CLAIM(strcmp(again.text, name.text) == 0);
	CLAIM(again.is_mac == name.is_mac);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = {data, size};
	size_t characters;

	if (mqtt_topic_is_publishable(text)) {
		CLAIM(size > 0 && size <= UINT16_MAX);
		CLAIM(!has_byte(text, '\0') && !has_byte(text, '+') &&
		      !has_byte(text, '#') && data[0] != '$');
	}
	if (name_is_topic_safe(text)) {
		CLAIM(mqtt_topic_is_publishable(text));
		CLAIM(!has_byte(text, '/'));
		CLAIM(utf8_is_printable(text, &characters));
		CLAIM(characters == size);
	}
	if (utf8_is_printable(text, &characters))
		CLAIM(characters <= size && !has_byte(text, '\n'));
	check_name(text);
	(void)host_name_is_valid(text);
	return 0;
}
