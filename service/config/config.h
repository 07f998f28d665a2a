/*
 * The service's configuration (libconfuse): DIR/ms_ssl_server.conf. Each
 * setting, its default and its bounds are in the table of config.c, which also
 * writes the commented file that `init` makes and answers `--help`.
 */
#ifndef SERVICE_CONFIG_CONFIG_H
#define SERVICE_CONFIG_CONFIG_H

#include "ca/base/log.h"
#include "ca/sandbox/account.h"
#include "ca/policy/limits.h"
#include "service/http/server.h"
#include "service/journal/journal.h"
#include "service/mqtt/link.h"
#include "topics/request.h"

#define CONFIG_PATH_MAX 256

struct config {
	/* Files. Relative paths are relative to the configuration's folder. */
	char dir[CONFIG_PATH_MAX];        /* the installation: ca.key, … */
	char local_dir[CONFIG_PATH_MAX];  /* ca.crt, the local entities */
	char store[CONFIG_PATH_MAX + 16]; /* "sqlite:…" */
	char ledger[CONFIG_PATH_MAX];
	char journal[CONFIG_PATH_MAX];
	struct journal_settings journal_limits;
	char profiles[CONFIG_PATH_MAX]; /* profiles.conf */
	char ca_key[512]; /* "": dir's ca.key; else a pkcs11: URI */
	char pkcs11_module[CONFIG_PATH_MAX];   /* "": OpenSSL's engine's own */
	char passphrase_file[CONFIG_PATH_MAX]; /* "": by the first request */
	char signer_program[CONFIG_PATH_MAX];  /* "": beside this program, or in
						* libexec */
	/* Whom service and signer become where root starts them; "": nobody,
	 * they stay. */
	char user[ACCOUNT_NAME_MAX];
	char signer_user[ACCOUNT_NAME_MAX];
	bool sandbox;
	enum log_level log_level;

	char topic_prefix[64]; /* "ssl" */
	bool mqtt_enabled;
	struct mqtt_settings mqtt;

	bool http_enabled;
	struct http_settings http;
	bool http_plain_elsewhere; /* plain HTTP beyond loopback is allowed */

	unsigned workers; /* threads; 0: one a processor */
	unsigned signer_threads;
	unsigned signer_timeout_ms;
	unsigned signer_check_ec; /* one signature in so many; 0: none */
	unsigned requests_max;    /* under way in all */
	unsigned replay_window_s;
	struct limits_rule limits;

	struct subject defaults; /* for create */
	enum key_type default_key_type;

	unsigned local_renew_days; /* local entities end within: renewed */
	unsigned local_days;
	unsigned authority_days; /* a renewed CA certificate's life */
	char broker_names[512];  /* "dns:localhost,ip:127.0.0.1": its SANs */
	char broker_pid_file[CONFIG_PATH_MAX]; /* SIGHUP goes there; "": none */
	char broker_reload[CONFIG_PATH_MAX];   /* or this command; "": none */
	unsigned drain_ms;
};

/* Called for each thing that is wrong; line 0: none in particular. */
typedef void (*config_problem_fn)(
    void *arg, const char *path, int line, const char *message);

/* Reads path, then the "key=value" settings; checks all of it. -1 if anything
 * was wrong, each told to problem. */
MUST_USE int config_read(const char *path, const char *const *settings,
    size_t n, struct config *out, config_problem_fn problem, void *arg);

/* Reads what path holds from the descriptor fd (its owner's to close): for a
 * process that may not open it. The profiles are not looked at. */
MUST_USE int config_read_fd(const char *path, int fd,
    const char *const *settings, size_t n, struct config *out,
    config_problem_fn problem, void *arg);

/* The commented file of an installation in dir, as `init` writes it. */
MUST_USE int config_write_default(
    const struct config *values, struct buf *out, struct err *e);

/* The defaults, for an installation in dir. */
void config_init(struct config *c, const char *dir);

/* One setting by its name; ERR_BAD_FIELD, for what is no setting, too. */
MUST_USE int config_set(
    struct config *c, const char *name, const char *value, struct err *e);

/* One line a setting for --help: name, default, meaning. */
void config_describe(struct buf *out);

#endif
