/*
 * Whose files an installation's are, where root makes it for users that service
 * and signer become. The keys stay root's: the signer reads them before it
 * becomes its user, and nobody else can. The service owns the three folders
 * that it and the broker write in, and may read the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/sandbox/account.h"
#include "service/cli/init.h"

static struct account service; /* nftw's callback has no argument */

static int
give(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return lchown(path, service.uid, service.gid);
}

static int
give_folders(const struct init *i, struct err *e)
{
	static const char *const folders[] = {"local", "state", "mosquitto"};
	char path[CONFIG_PATH_MAX + 16];

	for (size_t n = 0; n < 3; n++) {
		snprintf(path, sizeof(path), "%s/%s", i->work, folders[n]);
		if (nftw(path, give, 16, FTW_PHYS) != 0)
			return err_errno(e, "chown", path);
	}
	return 0;
}

/* The supervisor, root without its powers over files, reads the pid file. */
static int
let_root_look(const struct init *i, struct err *e)
{
	char path[CONFIG_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/mosquitto", i->work);
	if (chown(path, service.uid, 0) != 0 || chmod(path, 0750) != 0)
		return err_errno(e, "chown", path);
	return 0;
}

static int
let_read(const struct init *i, struct err *e)
{
	static const char *const files[] = {"mosquitto.conf", "mosquitto.acl"};
	int fd = open(i->work, O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return err_errno(e, "open", i->work);
	rc = fchown(fd, 0, service.gid);
	if (rc == 0)
		rc = fchmod(fd, 0750);
	for (size_t n = 0; rc == 0 && n < 2; n++) {
		rc = fchownat(fd, files[n], 0, service.gid, 0);
		if (rc == 0)
			rc = fchmodat(fd, files[n], 0640, 0);
	}
	if (rc != 0)
		(void)err_errno(e, "chown", i->work);
	close(fd);
	return rc;
}

int
init_owners_check(struct init *i, struct err *e)
{
	struct config *c = &i->config;
	struct account signer;

	if (geteuid() != 0) {
		if (c->user[0] == '\0' && c->signer_user[0] == '\0')
			return 0;
		return err_set(e, ERR_BAD_FIELD, "user",
		    "--user and --signer-user are for root: nobody else can "
		    "become another user");
	}
	if (c->user[0] == '\0' && c->signer_user[0] == '\0' &&
	    getpwnam(SERVICE_USER) != NULL && getpwnam(SIGNER_USER) != NULL) {
		snprintf(c->user, sizeof(c->user), SERVICE_USER);
		snprintf(c->signer_user, sizeof(c->signer_user), SIGNER_USER);
	}
	if (c->user[0] == '\0' && c->signer_user[0] == '\0')
		return 0;
	if (account_find(c->user, "user", &service, e) != 0 ||
	    account_find(c->signer_user, "signer_user", &signer, e) != 0)
		return -1;
	if (service.uid == signer.uid)
		return err_set(e, ERR_BAD_FIELD, "signer_user",
		    "must not be the service's user");
	return 0;
}

int
init_owners_set(const struct init *i, struct err *e)
{
	if (i->config.user[0] == '\0')
		return 0;
	if (give_folders(i, e) != 0 || let_root_look(i, e) != 0)
		return -1;
	return let_read(i, e);
}
