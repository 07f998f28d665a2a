/*
 * One entry as it lies in a segment. Internal. Integers in network order.
 *
 *	 0  4  magic "MSJE"
 *	 4  4  done mark: "DONE", anything else is not done. The only bytes that
 *	       are ever written again, so no checksum covers them
 *	 8  8  id; rises within a file, unique over all sessions
 *	16  4  length of the ciphertext
 *	20  4  CRC-32C of the above without the done mark
 *	24  n  ciphertext
 *	    16 tag
 *
 * AES-256-GCM under the session's key (NIST SP 800-38D). Nonce: four zeros and
 * the id, which is used once whether or not its write succeeded. Associated
 * data: the session's id, then bytes 0 to 3 and 8 to 19. The plain text:
 *
 *	 0  8  time of arrival, ms     14  2  length of the response topic
 *	 8  4  flags                   16  2  length of the correlation data
 *	12  2  length of the topic     18     these three, then the payload
 */
#ifndef SERVICE_JOURNAL_RECORD_H
#define SERVICE_JOURNAL_RECORD_H

#include "service/journal/journal.h"

#define RECORD_HEAD_LEN 24u
#define RECORD_DONE_AT  4u
#define RECORD_DONE_LEN 4u
#define RECORD_TAG_LEN  16u
#define RECORD_ID_MAX   (UINT64_MAX / 2) /* so that counting on can't wrap */
#define RECORD_MAGIC    "MSJE"
#define RECORD_DONE     "DONE"

struct record_head {
	uint64_t id;
	uint32_t size; /* of the whole record */
	bool done;
};

/* False unless data begins with the head of a record, its checksum right. The
 * record may still end past data. */
bool record_head_parse(struct bytes data, struct record_head *h);

/* A session's key, ready for use. One thread at a time. */
struct record_key;
MUST_USE int record_key_new(const uint8_t key[JOURNAL_KEY_LEN],
    const uint8_t session[JOURNAL_SESSION_LEN], struct record_key **out,
    struct err *e);
void record_key_free(struct record_key *k); /* wiped; NULL is fine */

/* How long the record will be; 0 if no record can hold the entry. */
uint32_t record_size(const struct journal_entry *entry);

/* Writes record_size() bytes. No copy of the plain text is made. */
MUST_USE int record_seal(struct record_key *k, uint64_t id,
    const struct journal_entry *entry, uint8_t *to, struct err *e);

/* The whole record, with this id. entry gets views into plain, which is
 * emptied first. -1 if it is not what was sealed. */
MUST_USE int record_open(struct record_key *k, uint64_t id, struct bytes record,
    struct buf *plain, struct journal_entry *entry);

/* Castagnoli's (RFC 3720, 12.1); begin with crc 0. */
uint32_t crc32c(uint32_t crc, const uint8_t *data, size_t len);

/* Integers in network order. */
void be32_put(uint8_t *to, uint32_t v);
void be64_put(uint8_t *to, uint64_t v);
uint32_t be32_get(const uint8_t *from);
uint64_t be64_get(const uint8_t *from);

#endif
