/* What may be published to (MQTT 5, 1.5.4 and 4.7). */
#include "service/mqtt/link.h"

#define TOPIC_MAX 65535

/* The length of the character at the front, or 0 where it is broken (RFC 3629,
 * 4) or a control character. */
static size_t
character_length(struct bytes t)
{
	static const uint32_t least[] = {0, 0x20, 0x80, 0x800, 0x10000};
	uint8_t lead = t.data[0];
	size_t len = lead < 0x80             ? 1
		     : (lead & 0xe0) == 0xc0 ? 2
		     : (lead & 0xf0) == 0xe0 ? 3
		     : (lead & 0xf8) == 0xf0 ? 4
					     : 0;
	uint32_t code = len > 1 ? lead & (0x7fu >> len) : lead;

	if (len == 0 || len > t.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((t.data[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (t.data[i] & 0x3fu);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

bool
mqtt_topic_is_publishable(struct bytes topic)
{
	if (topic.len < 1 || topic.len > TOPIC_MAX || topic.data[0] == '$')
		return false;
	while (topic.len > 0) {
		size_t len = character_length(topic);

		if (len == 0 || topic.data[0] == '+' || topic.data[0] == '#')
			return false;
		topic.data += len;
		topic.len -= len;
	}
	return true;
}
