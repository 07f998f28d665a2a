/*
 * The keys under another passphrase. Two files, and no moment in which either
 * key is lost, nor one in which no passphrase opens both:
 *
 *	ca.key.new, then escrow.key.new   written, on disk, read back
 *	ca.key.new     -> ca.key          from here on the new passphrase holds
 *	escrow.key.new -> escrow.key
 *
 * Between the two renames authority_load takes escrow.key.new for the escrow
 * key where the passphrase opens that. Killed before the first rename: the old
 * one holds, and the next change begins anew (it finds ca.key.new). Killed
 *after it: the next change first finishes this one (it finds escrow.key.new
 *alone).
 */
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "ca/base/log.h"
#include "ca/signer/authority.h"
#include "ca/signer/files.h"

enum key_file { CA_KEY, ESCROW_KEY, KEY_FILES };

struct change {
	char path[KEY_FILES][FILE_PATH_MAX];
	char next[KEY_FILES][FILE_PATH_MAX];
	struct buf pem; /* of one file at a time */
};

static int
find_paths(struct change *c, const char *dir, struct err *e)
{
	static const char *const names[KEY_FILES][2] = {
	    [CA_KEY] = {FILE_CA_KEY, FILE_CA_KEY_NEXT},
	    [ESCROW_KEY] = {FILE_ESCROW_KEY, FILE_ESCROW_KEY_NEXT},
	};

	for (int i = 0; i < KEY_FILES; i++)
		if (file_path(c->path[i], FILE_PATH_MAX, dir, names[i][0]) !=
			0 ||
		    file_path(c->next[i], FILE_PATH_MAX, dir, names[i][1]) != 0)
			return err_set(
			    e, ERR_INTERNAL, NULL, "%s: too long", dir);
	return 0;
}

static int
read_key(struct change *c, const char *path, const struct secret *pass,
    EVP_PKEY **key, struct err *e)
{
	int rc = -1;

	buf_clear(&c->pem);
	if (file_check_private(path, e) == 0 &&
	    file_read(path, &c->pem, e) == 0)
		rc = private_key_decrypt(buf_bytes(&c->pem), pass, key, e);
	return rc;
}

/* The owner stays: root may change what is another's. */
static int
keep_owner(const char *from, const char *to, struct err *e)
{
	struct stat st;

	if (stat(from, &st) != 0 || chown(to, st.st_uid, st.st_gid) != 0)
		return err_errno(e, "chown", to);
	return 0;
}

static int
write_next(struct change *c, int i, EVP_PKEY *key, const struct secret *pass,
    struct err *e)
{
	EVP_PKEY *again = NULL;
	int rc;

	buf_clear(&c->pem);
	if (private_key_encrypt(key, pass, &c->pem, e) != 0 ||
	    file_write(c->next[i], buf_bytes(&c->pem), 0600, e) != 0 ||
	    keep_owner(c->path[i], c->next[i], e) != 0 ||
	    read_key(c, c->next[i], pass, &again, e) != 0)
		return -1;
	rc = EVP_PKEY_eq(key, again) == 1
		 ? 0
		 : err_set(e, ERR_INTERNAL, NULL, "%s: reads back as another",
		       c->next[i]);
	EVP_PKEY_free(again);
	return rc;
}

static int
take_next(struct change *c, int i, struct err *e)
{
	return file_rename(c->next[i], c->path[i], e);
}

/* What a change that was killed has left. */
static int
settle_earlier(struct change *c, struct err *e)
{
	if (!file_exists(c->next[ESCROW_KEY]) && !file_exists(c->next[CA_KEY]))
		return 0;
	if (!file_exists(c->next[CA_KEY])) {
		log_warn("passphrase", log_text("finishing", "an earlier one"));
		return take_next(c, ESCROW_KEY, e);
	}
	log_warn("passphrase", log_text("discarding", "an earlier one"));
	if (file_exists(c->next[ESCROW_KEY]) &&
	    unlink(c->next[ESCROW_KEY]) != 0)
		return err_errno(e, "unlink", c->next[ESCROW_KEY]);
	return unlink(c->next[CA_KEY]) == 0
		   ? 0
		   : err_errno(e, "unlink", c->next[CA_KEY]);
}

static int
change_files(struct change *c, EVP_PKEY *keys[KEY_FILES],
    const struct secret *pass, struct err *e)
{
	for (int i = 0; i < KEY_FILES; i++)
		if (write_next(c, i, keys[i], pass, e) != 0)
			return -1;
	for (int i = 0; i < KEY_FILES; i++)
		if (take_next(c, i, e) != 0)
			return -1;
	return 0;
}

int
authority_change_passphrase(const char *dir, const struct secret *old,
    const struct secret *pass, struct err *e)
{
	EVP_PKEY *keys[KEY_FILES] = {NULL, NULL};
	struct change c;
	int rc = -1;

	if (authority_check_passphrase(pass, e) != 0 ||
	    find_paths(&c, dir, e) != 0)
		return -1;
	buf_init(&c.pem, FILE_KEY_MAX);
	if (settle_earlier(&c, e) == 0 &&
	    read_key(&c, c.path[CA_KEY], old, &keys[CA_KEY], e) == 0 &&
	    read_key(&c, c.path[ESCROW_KEY], old, &keys[ESCROW_KEY], e) == 0)
		rc = change_files(&c, keys, pass, e);
	EVP_PKEY_free(keys[CA_KEY]);
	EVP_PKEY_free(keys[ESCROW_KEY]);
	buf_clear(&c.pem);
	return rc;
}
