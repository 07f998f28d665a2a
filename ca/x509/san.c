#include <arpa/inet.h>
#include <string.h>

#include "ca/x509/name.h"

#define LABEL_MAX 63

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alphanumeric(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
label_is_valid(struct bytes label, bool *all_digits)
{
	if (label.len < 1 || label.len > LABEL_MAX)
		return false;
	if (label.data[0] == '-' || label.data[label.len - 1] == '-')
		return false;
	*all_digits = true;
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = label.data[i];
		if (!is_alphanumeric(c) && c != '-')
			return false;
		if (!is_digit(c))
			*all_digits = false;
	}
	return true;
}

bool
host_name_is_valid(struct bytes text)
{
	bool all_digits = true;
	size_t start = 0;
	if (text.len < 1 || text.len > SAN_TEXT_MAX)
		return false;
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.data[i] != '.')
			continue;
		struct bytes label = {text.data + start, i - start};
		if (!label_is_valid(label, &all_digits))
			return false;
		start = i + 1;
	}
	return !all_digits; /* "10.0.0.300" is no host */
}

static int
host_canonical(struct bytes text, struct san *out, struct err *e)
{
	struct bytes host = text;
	if (text.len > 2 && text.data[0] == '*' && text.data[1] == '.')
		host = (struct bytes){text.data + 2, text.len - 2};
	if (text.len > SAN_TEXT_MAX || !host_name_is_valid(host))
		return err_set(
		    e, ERR_BAD_FIELD, "san", "RFC 1123, 2.1: not a host name");
	memset(out, 0, sizeof(*out));
	out->type = SAN_DNS;
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.data[i];
		out->text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return 0;
}

static int
address_canonical(struct bytes text, struct san *out, struct err *e)
{
	char address[INET6_ADDRSTRLEN] = "";
	uint8_t raw[16];
	memset(out, 0, sizeof(*out));
	out->type = SAN_IP;
	bool fits = text.len > 0 && text.len < sizeof(address) &&
		    !memchr(text.data, 0, text.len);
	if (fits)
		memcpy(address, text.data, text.len);
	int family =
	    fits && memchr(text.data, ':', text.len) ? AF_INET6 : AF_INET;
	if (!fits || inet_pton(family, address, raw) != 1 ||
	    !inet_ntop(family, raw, out->text, sizeof(out->text)))
		return err_set(
		    e, ERR_BAD_FIELD, "san", "not an IPv4 or IPv6 address");
	return 0;
}

bool
san_list_has(const struct san_list *l, const struct san *one)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->item[i].type == one->type &&
		    strncmp(l->item[i].text, one->text, sizeof(one->text)) == 0)
			return true;
	return false;
}

static int
list_put(struct san_list *l, const struct san *san, struct err *e)
{
	if (san_list_has(l, san))
		return 0;
	if (l->count >= SAN_COUNT_MAX)
		return err_set(
		    e, ERR_BAD_FIELD, "san", "at most %d names", SAN_COUNT_MAX);
	l->item[l->count++] = *san;
	return 0;
}

/* Takes prefix off the front of text. */
static bool
take_prefix(struct bytes *text, const char *prefix)
{
	struct bytes p = bytes_of_text(prefix);
	if (text->len < p.len || memcmp(text->data, p.data, p.len) != 0)
		return false;
	*text = (struct bytes){text->data + p.len, text->len - p.len};
	return true;
}

int
san_list_add(struct san_list *l, struct bytes text, struct err *e)
{
	struct san san;
	if (take_prefix(&text, "dns:")) {
		if (host_canonical(text, &san, e))
			return -1;
	} else if (take_prefix(&text, "ip:")) {
		if (address_canonical(text, &san, e))
			return -1;
	} else {
		return err_set(e, ERR_BAD_FIELD, "san",
		    "must begin with \"dns:\" or \"ip:\"");
	}
	return list_put(l, &san, e);
}

int
san_list_add_all(struct san_list *l, const char *text, struct err *e)
{
	int rc = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, ",");
		struct bytes one = {(const uint8_t *)text, n};

		if (n > 0 && san_list_add(l, one, e) != 0)
			rc = -1;
		text += n + (text[n] == ',');
	}
	return rc;
}

int
san_list_add_host(struct san_list *l, struct bytes host, struct err *e)
{
	struct san san;
	struct err ignored = ERR_INIT;
	if (address_canonical(host, &san, &ignored) &&
	    host_canonical(host, &san, e))
		return -1;
	return list_put(l, &san, e);
}

static int
san_check(const struct san *san, struct err *e)
{
	struct san again;
	size_t len = strnlen(san->text, sizeof(san->text));
	struct bytes text = {(const uint8_t *)san->text, len};
	if (len > SAN_TEXT_MAX)
		return err_set(e, ERR_BAD_FIELD, "san", "is not terminated");
	if (san->type != SAN_DNS && san->type != SAN_IP)
		return err_set(e, ERR_BAD_FIELD, "san", "no such type");
	if (san->type == SAN_DNS ? host_canonical(text, &again, e)
				 : address_canonical(text, &again, e))
		return -1;
	if (memcmp(again.text, san->text, len + 1) != 0)
		return err_set(
		    e, ERR_BAD_FIELD, "san", "not in its canonical form");
	return 0;
}

int
san_list_check(const struct san_list *l, struct err *e)
{
	if (l->count > SAN_COUNT_MAX)
		return err_set(
		    e, ERR_BAD_FIELD, "san", "at most %d names", SAN_COUNT_MAX);
	for (size_t i = 0; i < l->count; i++) {
		if (san_check(&l->item[i], e))
			return -1;
	}
	return 0;
}
