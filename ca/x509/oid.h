/* The object identifiers that we read or write, as the bytes of their DER
 * content. */
#ifndef CA_X509_OID_H
#define CA_X509_OID_H

#include "ca/base/buf.h"

/* keys: RFC 3279, 5480, 8410 */
extern const struct bytes oid_rsa_encryption;
extern const struct bytes oid_ec_public_key;
extern const struct bytes oid_ed25519;
extern const struct bytes oid_p256;
extern const struct bytes oid_p384;
extern const struct bytes oid_p521;

/* signatures: RFC 5758, 4055 */
extern const struct bytes oid_ecdsa_sha256;
extern const struct bytes oid_ecdsa_sha384;
extern const struct bytes oid_ecdsa_sha512;
extern const struct bytes oid_rsa_sha256;
extern const struct bytes oid_rsa_sha384;
extern const struct bytes oid_rsa_sha512;
extern const struct bytes oid_rsa_pss;

/* names: RFC 5280, appendix A.1 */
extern const struct bytes oid_country;
extern const struct bytes oid_state;
extern const struct bytes oid_locality;
extern const struct bytes oid_org;
extern const struct bytes oid_unit;
extern const struct bytes oid_cn;
extern const struct bytes oid_email;

/* RFC 2985, 5.4.2 and RFC 5280, 4.2.1 */
extern const struct bytes oid_extension_request;
extern const struct bytes oid_subject_key_id;
extern const struct bytes oid_key_usage;
extern const struct bytes oid_subject_alt_name;
extern const struct bytes oid_basic_constraints;
extern const struct bytes oid_extended_key_usage;
extern const struct bytes oid_server_auth;
extern const struct bytes oid_client_auth;

#endif
