/*
 * Who a certificate is for: the entity's name, its subject (X.520 attributes
 * with the upper bounds of RFC 5280, appendix A.1) and its alternative names.
 * Plain values: copied freely, nothing owned.
 */
#ifndef CA_X509_NAME_H
#define CA_X509_NAME_H

#include <stdbool.h>

#include "ca/base/buf.h"

#define NAME_LEN_MAX 64

/*
 * A MAC (12 hex digits, bare or in pairs with ':' or '-') or 1 to 64 of
 * letters, digits, '.', '_', '-'. A MAC is one identity however it is written.
 */
struct name {
	char text[NAME_LEN_MAX + 1]; /* canonical: a MAC upper case and bare */
	bool is_mac;
};

/* ERR_BAD_FIELD, field "name", when text is neither. */
MUST_USE int name_parse(struct bytes text, struct name *out, struct err *e);

/* True if text is a MAC in any spelling; mac gets it upper case and bare. */
bool name_mac_parse(struct bytes text, char mac[13]);

/* Only letters, digits, ':', '-', '.', '_', 1 to 64 of them: what may stand in
 * an MQTT topic as the request wrote it. */
bool name_is_topic_safe(struct bytes text);

/* The device URI of a MAC (RFC 9039, 4.1): "urn:dev:mac:0024beffff804ff1", the
 * MAC-48 widened to an EUI-64 with ff:ff in its middle. */
#define NAME_DEVICE_URI_LEN 29
void name_device_uri(const char mac[13], char out[NAME_DEVICE_URI_LEN]);

enum subject_attribute {
	SUBJECT_COUNTRY,  /* two letters, upper case */
	SUBJECT_STATE,    /* 1 to 128 characters */
	SUBJECT_LOCALITY, /* 128 */
	SUBJECT_ORG,      /* 64 */
	SUBJECT_UNIT,     /* 64 */
	SUBJECT_CN,       /* 64 */
	SUBJECT_EMAIL,    /* 255, ASCII (RFC 5280: IA5String) */
	SUBJECT_COUNT
};

/* Longest value in bytes: 128 characters of up to 4 bytes of UTF-8. */
#define SUBJECT_VALUE_MAX 512

struct subject {
	char value[SUBJECT_COUNT][SUBJECT_VALUE_MAX + 1]; /* "" : absent */
};

/* The request's word for an attribute: "country", "state", … "email". */
const char *subject_attribute_word(enum subject_attribute a);

/* Sets one attribute after checking it: UTF-8 without control characters,
 * bounds in characters, no leading or trailing blank; a country becomes upper
 * case. ERR_BAD_FIELD names it. */
MUST_USE int subject_set(struct subject *s, enum subject_attribute a,
    struct bytes value, struct err *e);

/* Checks all that is set, as subject_set would. */
MUST_USE int subject_check(const struct subject *s, struct err *e);

#define SAN_COUNT_MAX 16
#define SAN_TEXT_MAX  253

enum san_type { SAN_DNS, SAN_IP };

struct san {
	enum san_type type;
	char text[SAN_TEXT_MAX + 1]; /* a host name, or an address as text */
};

struct san_list {
	struct san item[SAN_COUNT_MAX];
	size_t count;
};

/* Adds "dns:…" or "ip:…"; ERR_BAD_FIELD, field "san". Twice the same is once;
 * host names become lower case and may begin with the one label "*". */
MUST_USE int san_list_add(struct san_list *l, struct bytes text, struct err *e);

/* Adds each of "dns:a.example,ip:192.0.2.1"; goes on after a fault, and e is
 * the last one. */
MUST_USE int san_list_add_all(
    struct san_list *l, const char *text, struct err *e);

bool san_list_has(const struct san_list *l, const struct san *one);

/* Adds a bare host name or address, found out by its form. */
MUST_USE int san_list_add_host(
    struct san_list *l, struct bytes host, struct err *e);

MUST_USE int san_list_check(const struct san_list *l, struct err *e);

/* A host name's form (RFC 1123: labels of 1 to 63, 253 in all, not all digits
 * in the last label). */
bool host_name_is_valid(struct bytes text);

/* Text without NUL, control characters, line breaks, marks that turn the
 * direction of text, or broken UTF-8 (RFC 3629); characters gets their number.
 */
bool utf8_is_printable(struct bytes text, size_t *characters);

#endif
