/* `ms_ssl_server init`: an installation, whole or not at all. */
#include "service/cli/init.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/cli/cli.h"
#include "service/cli/passphrase.h"

#define SECURE_HEAP (1u << 20)

enum { /* long options that set the configuration or the subject */
	OPT_DIR = 1,
	OPT_PASSPHRASE_FILE,
	OPT_GENERATE,
	OPT_UNLOCK,
	OPT_KEY_TYPE,
	OPT_CA_KEY,
	OPT_PKCS11_MODULE,
	OPT_CA_DAYS,
	OPT_LOCAL_DAYS,
	OPT_MQTT_LISTEN,
	OPT_MQTT_PORT,
	OPT_HTTP_PORT,
	OPT_BROKER_NAMES,
	OPT_PREFIX,
	OPT_USER,
	OPT_SIGNER_USER,
	OPT_HELP,
	OPT_SUBJECT = 100
};

static const struct option options[] = {
    {"dir", required_argument, NULL, OPT_DIR},
    {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE_FILE},
    {"generate-passphrase", no_argument, NULL, OPT_GENERATE},
    {"unlock-at-start", no_argument, NULL, OPT_UNLOCK},
    {"key-type", required_argument, NULL, OPT_KEY_TYPE},
    {"ca-key", required_argument, NULL, OPT_CA_KEY},
    {"pkcs11-module", required_argument, NULL, OPT_PKCS11_MODULE},
    {"ca-days", required_argument, NULL, OPT_CA_DAYS},
    {"local-days", required_argument, NULL, OPT_LOCAL_DAYS},
    {"mqtt-listen", required_argument, NULL, OPT_MQTT_LISTEN},
    {"mqtt-port", required_argument, NULL, OPT_MQTT_PORT},
    {"http-port", required_argument, NULL, OPT_HTTP_PORT},
    {"broker-names", required_argument, NULL, OPT_BROKER_NAMES},
    {"topic-prefix", required_argument, NULL, OPT_PREFIX},
    {"user", required_argument, NULL, OPT_USER},
    {"signer-user", required_argument, NULL, OPT_SIGNER_USER},
    {"country", required_argument, NULL, OPT_SUBJECT + SUBJECT_COUNTRY},
    {"state", required_argument, NULL, OPT_SUBJECT + SUBJECT_STATE},
    {"locality", required_argument, NULL, OPT_SUBJECT + SUBJECT_LOCALITY},
    {"org", required_argument, NULL, OPT_SUBJECT + SUBJECT_ORG},
    {"unit", required_argument, NULL, OPT_SUBJECT + SUBJECT_UNIT},
    {"cn", required_argument, NULL, OPT_SUBJECT + SUBJECT_CN},
    {"email", required_argument, NULL, OPT_SUBJECT + SUBJECT_EMAIL},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* An option that is a setting of the configuration to be. */
static int
set(struct init *i, const char *name, const char *value)
{
	struct err e = ERR_INIT;

	if (config_set(&i->config, name, value, &e) == 0)
		return 0;
	fprintf(stderr, "ms_ssl_server init: %s\n", e.message);
	return -1;
}

static int
set_mqtt_port(struct init *i, const char *value)
{
	char url[64], *end;
	unsigned long port = strtoul(value, &end, 10);

	if (*end != '\0' || port < 1 || port > 65535) {
		fprintf(stderr,
		    "ms_ssl_server init: --mqtt-port must be 1 to 65535\n");
		return -1;
	}
	i->mqtt_port = value;
	snprintf(url, sizeof(url), "ssl://127.0.0.1:%lu", port);
	return set(i, "mqtt_url", url);
}

static int
set_option(struct init *i, int option, const char *value)
{
	if (option >= OPT_SUBJECT) {
		i->subject[option - OPT_SUBJECT] = value;
		return 0;
	}
	switch (option) {
	case OPT_DIR:
		i->dir_given = value;
		return 0;
	case OPT_PASSPHRASE_FILE:
		i->passphrase_file = value;
		return 0;
	case OPT_GENERATE:
		i->generate = true;
		return 0;
	case OPT_UNLOCK:
		i->unlock_at_start = true;
		return 0;
	case OPT_KEY_TYPE:
		i->key_type = value;
		return 0;
	case OPT_CA_KEY:
		return set(i, "ca_key", value);
	case OPT_PKCS11_MODULE:
		return set(i, "pkcs11_module", value);
	case OPT_CA_DAYS:
		i->ca_days = value;
		return set(i, "authority_days", value);
	case OPT_LOCAL_DAYS:
		return set(i, "local_days", value);
	case OPT_MQTT_LISTEN:
		i->mqtt_listen = value;
		return 0;
	case OPT_MQTT_PORT:
		return set_mqtt_port(i, value);
	case OPT_HTTP_PORT:
		return set(i, "http_port", value);
	case OPT_BROKER_NAMES:
		return set(i, "broker_names", value);
	case OPT_PREFIX:
		return set(i, "topic_prefix", value);
	case OPT_USER:
		return set(i, "user", value);
	case OPT_SIGNER_USER:
		return set(i, "signer_user", value);
	default:
		return -1;
	}
}

static int
check_together(const struct init *i)
{
	const char *wrong = NULL;

	if (i->unlock_at_start && !i->generate)
		wrong = "--unlock-at-start goes with --generate-passphrase";
	if (i->config.ca_key[0] != '\0' && i->generate)
		wrong = "--generate-passphrase: the token of --ca-key has its "
			"PIN";
	if (i->config.ca_key[0] != '\0' && i->key_type != NULL)
		wrong = "--key-type: the key of --ca-key is there already";
	if (i->config.pkcs11_module[0] != '\0' &&
	    i->config.pkcs11_module[0] != '/')
		wrong = "--pkcs11-module: must be an absolute path";
	if (wrong == NULL)
		return 0;
	fprintf(stderr, "ms_ssl_server init: %s\n", wrong);
	return -1;
}

static int
parse(struct init *i, int argc, char **argv)
{
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPT_HELP) {
			puts("usage: ms_ssl_server init --dir DIR [options]");
			cli_help_init();
			exit(0);
		}
		if (set_option(i, option, optarg) != 0)
			return -1;
	}
	if (optind < argc || i->dir_given == NULL) {
		fprintf(stderr, "ms_ssl_server init: --dir DIR is missing\n");
		return -1;
	}
	if (check_together(i) != 0)
		return -1;
	return i->unlock_at_start ? set(i, "passphrase_file", "passphrase") : 0;
}

static int
find_passphrase(struct init *i, struct err *e)
{
	int rc;

	if (i->generate)
		rc = passphrase_generate(&i->pass, e);
	else if (i->passphrase_file != NULL)
		rc = passphrase_from_file(i->passphrase_file, &i->pass, e);
	else
		rc = passphrase_from_terminal(&i->pass, e);
	return rc == 0 ? passphrase_check(i->pass, e) : -1;
}

static int
make(struct init *i, struct err *e)
{
	if (init_owners_check(i, e) != 0 || find_passphrase(i, e) != 0 ||
	    init_folder_make(i, e) != 0 || init_authority_make(i, e) != 0 ||
	    init_files_write(i, e) != 0 || init_local_make(i, e) != 0 ||
	    init_owners_set(i, e) != 0)
		return -1;
	return init_folder_finish(i, e);
}

static void
print_summary(const struct init *i)
{
	printf("An installation is in %s:\n"
	       "  ca.crt               the CA's certificate, for every device\n"
	       "  %s its keys, under the passphrase\n",
	    i->dir,
	    i->config.ca_key[0] == '\0' ? "ca.key, escrow.key  "
					: "escrow.key          ");
	if (i->generate)
		printf("  passphrase           the passphrase: keep it, and "
		       "take it away from here\n");
	printf("  local/               Mosquitto's and the service's own\n"
	       "  state/               the record: ledger and store\n"
	       "  ms_ssl_server.conf   settings; profiles.conf the profiles\n"
	       "  mosquitto.conf       for Mosquitto, with mosquitto.acl\n"
	       "Next:\n"
	       "  mosquitto -c %s/mosquitto.conf\n"
	       "  ms_ssl_server run --config %s/ms_ssl_server.conf\n",
	    i->dir, i->dir);
}

int
cli_init(int argc, char **argv)
{
	static struct init i = {
	    .ca_days = "7300",
	    .mqtt_listen = "0.0.0.0",
	    .mqtt_port = "8883",
	};
	struct err e = ERR_INIT;
	int rc;

	log_set_program("init");
	log_set_level(LOG_LEVEL_WARN);
	config_init(&i.config, ".");
	if (parse(&i, argc, argv) != 0)
		return EXIT_USAGE;
	if (secret_heap_init(SECURE_HEAP, &e) != 0)
		log_warn("secure_heap", log_text("message", e.message));
	rc = make(&i, &e);
	secret_free(i.pass);
	if (rc == 0) {
		print_summary(&i);
		return 0;
	}
	init_folder_remove(&i);
	fprintf(stderr, "ms_ssl_server init: %s\n", e.message);
	return 1;
}
