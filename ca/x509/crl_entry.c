#include <string.h>

#include "ca/x509/crl_parts.h"

static const char *const words[] = {
    [CRL_UNSPECIFIED] = "unspecified",
    [CRL_KEY_COMPROMISE] = "keyCompromise",
    [CRL_CA_COMPROMISE] = "cACompromise",
    [CRL_AFFILIATION_CHANGED] = "affiliationChanged",
    [CRL_SUPERSEDED] = "superseded",
    [CRL_CESSATION_OF_OPERATION] = "cessationOfOperation",
    [CRL_CERTIFICATE_HOLD] = "certificateHold",
    [CRL_REMOVE_FROM_CRL] = "removeFromCRL",
    [CRL_PRIVILEGE_WITHDRAWN] = "privilegeWithdrawn",
    [CRL_AA_COMPROMISE] = "aACompromise",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

const char *
crl_reason_word(enum crl_reason r)
{
	return (size_t)r < WORDS ? words[r] : NULL;
}

int
crl_reason_parse(struct bytes word, enum crl_reason *out, struct err *e)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (words[i] == NULL ||
		    !bytes_equal(word, bytes_of_text(words[i])))
			continue;
		*out = (enum crl_reason)i;
		return 0;
	}
	return err_set(e, ERR_BAD_FIELD, "reason",
	    "must be a name of RFC 5280, 5.3.1, as \"keyCompromise\"");
}

int
crl_serial_compare(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.data, b.data, a.len);
}

static bool
serial_fits(const uint8_t *serial, size_t len)
{
	if (len == 0 || len > CRL_SERIAL_MAX || serial[0] == 0)
		return false;
	return len < CRL_SERIAL_MAX || (serial[0] & 0x80) == 0;
}

int
crl_entry_check(const struct crl_entry *entry, struct err *e)
{
	if (!serial_fits(entry->serial, entry->serial_len))
		return err_set(e, ERR_BAD_FIELD, "serial",
		    "must be positive and have at most 20 bytes "
		    "(RFC 5280, 4.1.2.2)");
	if (crl_reason_word(entry->reason) == NULL)
		return err_set(e, ERR_BAD_FIELD, "reason",
		    "must be one of RFC 5280, 5.3.1");
	if (entry->reason == CRL_REMOVE_FROM_CRL)
		return err_set(e, ERR_BAD_FIELD, "reason",
		    "removeFromCRL belongs to delta lists alone "
		    "(RFC 5280, 5.3.1)");
	if (entry->revoked_at_s < 0 || entry->revoked_at_s > CRL_TIME_MAX_S)
		return err_set(e, ERR_BAD_FIELD, "revoked_at",
		    "must be of the years 1970 to 9999");
	return 0;
}

int
crl_entry_set(struct crl_entry *out, struct bytes serial, int64_t revoked_at_s,
    enum crl_reason reason, struct err *e)
{
	struct crl_entry entry;

	memset(&entry, 0, sizeof(entry));
	while (serial.len > 0 && serial.data[0] == 0)
		serial = (struct bytes){serial.data + 1, serial.len - 1};
	/* One too long is as bad as none. */
	if (serial.len > 0 && serial.len <= CRL_SERIAL_MAX) {
		memcpy(entry.serial, serial.data, serial.len);
		entry.serial_len = (uint8_t)serial.len;
	}
	entry.revoked_at_s = revoked_at_s;
	entry.reason = reason;
	if (crl_entry_check(&entry, e) != 0)
		return -1;
	*out = entry;
	return 0;
}
