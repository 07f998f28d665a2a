/* Secrets in the memory of libraries that this program does not hold itself. */
#ifndef SERVICE_WIPE_H
#define SERVICE_WIPE_H

/* Every TLS connection of this process, Paho's, too, wipes what it has
 * decrypted once it was read. Before the first of them. */
void wipe_tls_records(void);

#endif
