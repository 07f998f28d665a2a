/* Folder and files of a new installation. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "service/broker/mosquitto_conf.h"
#include "service/cli/init.h"

#define TEXT_MAX 65536

/* Missing or empty is fine; anything in it is not. */
static int
refuse_used(const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int rc = 0;

	if (d == NULL)
		return errno == ENOENT ? 0 : err_errno(e, "open", dir);
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		rc = err_set(e, ERR_INTERNAL, NULL,
		    "%s is not empty (an installation?): nothing was changed",
		    dir);
	}
	closedir(d);
	return rc;
}

/* The parent must be there; the folder itself need not. */
static int
make_absolute(const char *given, char out[CONFIG_PATH_MAX], struct err *e)
{
	char copy[PATH_MAX], parent[PATH_MAX];
	char *slash;
	int n;

	n = snprintf(
	    copy, sizeof(copy), "%s%s", given[0] == '/' ? "" : "./", given);
	while (n > 1 && (size_t)n < sizeof(copy) && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	*slash = '\0';
	if (realpath(copy[0] == '\0' ? "/" : copy, parent) == NULL)
		return err_set(e, ERR_INTERNAL, NULL,
		    "--dir %s: its parent folder is not there", given);
	n = snprintf(out, CONFIG_PATH_MAX, "%s/%s",
	    strcmp(parent, "/") == 0 ? "" : parent, slash + 1);
	return n > 0 && n < CONFIG_PATH_MAX - 32
		   ? 0
		   : err_set(
			 e, ERR_INTERNAL, NULL, "--dir: the path is too long");
}

int
init_folder_make(struct init *i, struct err *e)
{
	if (make_absolute(i->dir_given, i->dir, e) != 0 ||
	    refuse_used(i->dir, e) != 0)
		return -1;
	/* a quarter of a path is kept free above */
	if (strlen(i->dir) + 12 > sizeof(i->work))
		return err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	memcpy(i->work, i->dir, strlen(i->dir));
	memcpy(i->work + strlen(i->dir), ".tmp-XXXXXX", 12);
	if (mkdtemp(i->work) == NULL) {
		i->work[0] = '\0';
		return err_errno(e, "mkdir", i->dir);
	}
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

void
init_folder_remove(struct init *i)
{
	if (i->work[0] != '\0')
		nftw(i->work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
init_folder_finish(struct init *i, struct err *e)
{
	if (rename(i->work, i->dir) != 0) /* over an empty folder, too */
		return err_errno(e, "rename", i->dir);
	i->work[0] = '\0';
	return 0;
}

/* The folders that the service writes in; ca.crt moves there, and stays to be
 * found beside the key. */
static int
make_folders(struct init *i, struct err *e)
{
	static const char *const folders[] = {"local", "state", "mosquitto"};
	int fd = open(i->work, O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return err_errno(e, "open", i->work);
	for (size_t n = 0; rc == 0 && n < 3; n++)
		rc = mkdirat(fd, folders[n], 0700);
	if (rc == 0)
		rc = renameat(fd, "ca.crt", fd, "local/ca.crt");
	if (rc == 0)
		rc = symlinkat("local/ca.crt", fd, "ca.crt");
	if (rc != 0)
		(void)err_errno(e, "folders of", i->work);
	close(fd);
	return rc;
}

static int
put(const struct init *i, const char *name, struct buf *text, mode_t mode,
    struct err *e)
{
	char path[CONFIG_PATH_MAX];
	int rc = buf_check(text, name, e);

	if (rc == 0 && file_path(path, sizeof(path), i->work, name) != 0)
		rc = err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	if (rc == 0)
		rc = file_write(path, buf_bytes(text), mode, e);
	buf_clear(text);
	return rc;
}

static int
put_mosquitto(const struct init *i, struct err *e)
{
	const struct passwd *who = getpwuid(geteuid());
	struct mosquitto_plan plan = {
	    .dir = i->dir,
	    .listen = i->mqtt_listen,
	    .port = (unsigned)strtoul(i->mqtt_port, NULL, 10),
	    .prefix = i->config.topic_prefix,
	    .user = getpwnam(i->config.user) != NULL ? i->config.user
		    : who != NULL                    ? who->pw_name
						     : "",
	};
	struct buf text;

	buf_init(&text, TEXT_MAX);
	mosquitto_conf_write(&plan, &text);
	if (put(i, "mosquitto.conf", &text, 0600, e) != 0)
		return -1;
	mosquitto_acl_write(&plan, &text);
	return put(i, "mosquitto.acl", &text, 0600, e);
}

static const char profiles[] =
    "# What certificates of each kind may hold. Read by signer and service at\n"
    "# start. The built-in profiles stand here with their values; a section\n"
    "# changes one, or adds one that starts as a copy of \"collector\".\n"
    "#\n"
    "# profile \"collector\" {\n"
    "#	days_max = 3650\n"
    "#	extended_usage = {\"client\"}\n"
    "#	device_uri = true\n"
    "# }\n"
    "# profile \"server\" {\n"
    "#	days_max = 825\n"
    "#	extended_usage = {\"server\"}\n"
    "#	cn_is_host = true\n"
    "# }\n"
    "# profile \"camera\" {\n"
    "#	days_max = 90\n"
    "#	key_types = {\"ec:P-256\"}\n"
    "# }\n";

static int
put_passphrase(const struct init *i, struct err *e)
{
	struct bytes pass = secret_bytes(i->pass);
	struct buf text;

	if (!i->generate)
		return 0;
	buf_init(&text, TEXT_MAX);
	buf_append(&text, pass.data, pass.len);
	buf_append_byte(&text, '\n');
	return put(i, "passphrase", &text, 0600, e);
}

int
init_files_write(struct init *i, struct err *e)
{
	struct buf text;

	if (make_folders(i, e) != 0)
		return -1;
	buf_init(&text, TEXT_MAX);
	if (config_write_default(&i->config, &text, e) != 0) {
		buf_clear(&text);
		return -1;
	}
	if (put(i, "ms_ssl_server.conf", &text, 0644, e) != 0)
		return -1;
	buf_append_text(&text, profiles);
	if (put(i, "profiles.conf", &text, 0644, e) != 0 ||
	    put_passphrase(i, e) != 0)
		return -1;
	return put_mosquitto(i, e);
}
