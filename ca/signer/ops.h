/* All that the key may be used for: the table of the signer's operations. */
#ifndef CA_SIGNER_OPS_H
#define CA_SIGNER_OPS_H

#include <stdatomic.h>

#include "ca/signer/authority.h"
#include "ca/signer/message.h"

struct signer {
	struct authority *authority;
	struct profile_set profiles;
	/* The names that the authority's own entities may have. */
	struct san_list local_names;
	/* Where the authority's key is EC, one certificate in so many is
	 * verified before it leaves; 0: none. Under an RSA key each one is,
	 * and all are once one did not verify. */
	unsigned check_ec;
	atomic_uint issued;
	atomic_bool erred;
};

/* Each fills payload (a buf of the caller's) and returns 0, or fills e. */
typedef int (*signer_op_fn)(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e);

int op_status(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e);
int op_unlock(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e);
int op_issue(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e);
int op_open_key(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e);
int op_open_journal(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e);
int op_renew_authority(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e);

/* Decodes one packet, does it, encodes the reply. -1 only for a packet that
 * does not decode: then the process must end. Thread-safe. */
MUST_USE int ops_handle(
    struct signer *s, struct bytes packet, struct buf *reply);

#endif
