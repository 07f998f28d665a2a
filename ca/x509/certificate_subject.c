#include <string.h>

#include "ca/x509/certificate_parts.h"

/* In the order in which they stand in the certificate. RFC 5280, appendix A.1:
 * which string type each may have. */
static const struct {
	int nid;
	int type;
} rdns[SUBJECT_COUNT] = {
    [SUBJECT_COUNTRY] = {NID_countryName, V_ASN1_PRINTABLESTRING},
    [SUBJECT_STATE] = {NID_stateOrProvinceName, V_ASN1_UTF8STRING},
    [SUBJECT_LOCALITY] = {NID_localityName, V_ASN1_UTF8STRING},
    [SUBJECT_ORG] = {NID_organizationName, V_ASN1_UTF8STRING},
    [SUBJECT_UNIT] = {NID_organizationalUnitName, V_ASN1_UTF8STRING},
    [SUBJECT_CN] = {NID_commonName, V_ASN1_UTF8STRING},
    [SUBJECT_EMAIL] = {NID_pkcs9_emailAddress, V_ASN1_IA5STRING},
};

bool
certificate_subject_is_empty(const struct subject *subject)
{
	for (unsigned a = 0; a < SUBJECT_COUNT; a++) {
		if (subject->value[a][0])
			return false;
	}
	return true;
}

int
certificate_set_subject(X509 *x, const struct subject *subject, struct err *e)
{
	X509_NAME *name = X509_get_subject_name(x);
	for (unsigned a = 0; a < SUBJECT_COUNT; a++) {
		struct bytes v = bytes_of_text(subject->value[a]);
		if (v.len == 0)
			continue;
		if (!X509_NAME_add_entry_by_NID(name, rdns[a].nid, rdns[a].type,
			v.data, (int)v.len, -1, 0))
			return err_openssl(e, "a certificate's subject");
	}
	return 0;
}
