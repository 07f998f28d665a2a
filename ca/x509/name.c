#include "ca/x509/name.h"

#include <string.h>

#define MAC_DIGITS 12

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The digit in upper case, or 0. */
static char
hex_upper(uint8_t c)
{
	if (is_digit(c) || (c >= 'A' && c <= 'F'))
		return (char)c;
	if (c >= 'a' && c <= 'f')
		return (char)(c - 'a' + 'A');
	return 0;
}

bool
name_mac_parse(struct bytes text, char mac[13])
{
	bool pairs = text.len == MAC_DIGITS + 5;
	if (text.len != MAC_DIGITS && !pairs)
		return false;
	uint8_t separator = pairs ? text.data[2] : 0;
	if (pairs && separator != ':' && separator != '-')
		return false;
	char digits[MAC_DIGITS + 1] = "";
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (pairs && i % 3 == 2) {
			if (text.data[i] != separator)
				return false;
			continue;
		}
		digits[n] = hex_upper(text.data[i]);
		if (digits[n++] == 0)
			return false;
	}
	memcpy(mac, digits, sizeof(digits));
	return true;
}

static bool
is_name_character(uint8_t c)
{
	return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
}

int
name_parse(struct bytes text, struct name *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	out->is_mac = name_mac_parse(text, out->text);
	if (out->is_mac)
		return 0;
	bool ok = text.len >= 1 && text.len <= NAME_LEN_MAX;
	for (size_t i = 0; ok && i < text.len; i++)
		ok = is_name_character(text.data[i]);
	if (!ok)
		return err_set(e, ERR_BAD_FIELD, "name",
		    "must be a MAC, or 1 to %d letters, digits, "
		    "\".\", \"_\" or \"-\"",
		    NAME_LEN_MAX);
	memcpy(out->text, text.data, text.len);
	return 0;
}

bool
name_is_topic_safe(struct bytes text)
{
	if (text.len < 1 || text.len > NAME_LEN_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_name_character(text.data[i]) && text.data[i] != ':')
			return false;
	}
	return true;
}

void
name_device_uri(const char mac[13], char out[NAME_DEVICE_URI_LEN])
{
	static const char prefix[] = "urn:dev:mac:";
	size_t n = sizeof(prefix) - 1;
	memcpy(out, prefix, n);
	for (size_t i = 0; i < MAC_DIGITS; i++) {
		if (i == MAC_DIGITS / 2) {
			memcpy(out + n, "ffff", 4);
			n += 4;
		}
		char c = mac[i];
		out[n++] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	out[n] = 0;
}
