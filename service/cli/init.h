/* An installation in the making. Internal to service/cli. */
#ifndef SERVICE_CLI_INIT_H
#define SERVICE_CLI_INIT_H

#include "service/config/config.h"

struct init {
	const char *dir_given;
	char dir[CONFIG_PATH_MAX];  /* absolute: where it will be */
	char work[CONFIG_PATH_MAX]; /* where it is made: renamed at the end */
	const char *passphrase_file;
	bool generate, unlock_at_start;
	const char *key_type; /* NULL: EC P-256, or what ca_key is */
	const char *ca_days;
	const char *subject[SUBJECT_COUNT];
	const char *mqtt_listen;
	const char *mqtt_port;
	struct config config; /* what its file will say */
	struct secret *pass;
};

/* init_files.c */

/* Finds dir, refuses one that holds anything, makes work. */
MUST_USE int init_folder_make(struct init *i, struct err *e);
/* Removes work and all that is in it. */
void init_folder_remove(struct init *i);
/* work becomes dir. */
MUST_USE int init_folder_finish(struct init *i, struct err *e);
/* Configuration, profiles, Mosquitto's files, the passphrase if made. */
MUST_USE int init_files_write(struct init *i, struct err *e);

/* init_authority.c */

/* Runs ms_ssl_signer init in work. */
MUST_USE int init_authority_make(struct init *i, struct err *e);
/* Starts the signer and makes the local entities in work. */
MUST_USE int init_local_make(struct init *i, struct err *e);

/* init_owners.c */

#define SERVICE_USER "ms_ssl"
#define SIGNER_USER  "ms_ssl_signer"

/* Settles user and signer_user: as given, or those two where root makes the
 * installation and they are there. */
MUST_USE int init_owners_check(struct init *i, struct err *e);
/* Gives them what is theirs. */
MUST_USE int init_owners_set(const struct init *i, struct err *e);

#endif
