/* The parts of a request's walk, one file each. All of them get DER that is
 * well-formed as a whole and fail with ERR_BAD_CSR. */
#ifndef CA_X509_CSR_PARTS_H
#define CA_X509_CSR_PARTS_H

#include "ca/x509/csr.h"

/* "csr: law"; -1. */
int csr_refuse(struct err *e, const char *law);

/* Makes e, another field's refusal, one of the request; -1. */
int csr_blame(struct err *e);

/* The content of the subject's Name (RFC 5280, 4.1.2.4). */
MUST_USE int csr_read_subject(
    struct bytes rdns, struct subject *out, struct err *e);

/* The content of the attributes (RFC 2986, 4.1): the names of the extension
 * request. */
MUST_USE int csr_read_attributes(
    struct bytes attributes, struct san_list *out, struct err *e);

/* The content of a SubjectAltName (RFC 5280, 4.2.1.6). */
MUST_USE int csr_read_names(
    struct bytes names, struct san_list *out, struct err *e);

/* The content of the signature's AlgorithmIdentifier: on the list, and of the
 * key's kind. */
MUST_USE int csr_read_signature_algorithm(struct bytes algorithm,
    const struct public_key *key, int *nid, struct err *e);

/* The signature's outer form for that key. */
MUST_USE int csr_check_signature_form(
    struct bytes signature, const struct public_key *key, struct err *e);

#endif
