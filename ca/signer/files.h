/* Names and sizes of the authority's files; see authority.h. */
#ifndef CA_SIGNER_FILES_H
#define CA_SIGNER_FILES_H

#define FILE_CA_KEY         "ca.key"
#define FILE_CA_CERTIFICATE "ca.crt"
#define FILE_ESCROW_KEY     "escrow.key"
/* While the passphrase is changed (authority_change.c). */
#define FILE_CA_KEY_NEXT       "ca.key.new"
#define FILE_ESCROW_KEY_NEXT   "escrow.key.new"
#define FILE_ESCROW_PUBLIC_KEY "escrow.pub"

#define FILE_PATH_MAX         512
#define FILE_KEY_MAX          16384
#define FILE_CERTIFICATES_MAX 65536

#endif
