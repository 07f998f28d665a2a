#include "tests/load/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load/say.h"

/* What a closed loop that is bounded by time alone prepares for each second. */
#define PREPARED_EACH_SECOND 4000u
#define REQUESTS_USUAL       1000u
/* The names' counter has five hexadecimal digits. */
#define REQUESTS_MAX 1000000u

static const char help[] =
    "usage: msload --door http|mqtt|cfssl [options]\n"
    "\n"
    "Asks ms_ssl_server (or cfssl) for certificates, one name a request, and\n"
    "checks every answer: the certificate is there, is of the authority, has\n"
    "the request's key and name, and no serial comes twice. Keys and requests\n"
    "are made before the clock starts, answers are checked after it stops.\n"
    "Exit status: 0 where every answer is right, 1 where one is wrong or\n"
    "missing, 2 where it could not be run.\n"
    "\n"
    "What is asked\n"
    "  --door http|mqtt|cfssl  POST /v1/ssl/VERB; a publish on PREFIX/VERB "
    "with\n"
    "                          its answer on PREFIX/NAME, QoS 1, MQTT 5; or\n"
    "                          POST /api/v1/cfssl/sign (http)\n"
    "  --verb sign|create      (sign; with a csr)\n"
    "  --passphrase-file FILE  of the CA key; its first line\n"
    "  --days N                of each certificate (90)\n"
    "  --key-type TYPE         ec:P-256 (default), ec:P-384, ed25519, "
    "rsa:2048,\n"
    "                          rsa:3072, rsa:4096: of the csr, or of create\n"
    "  --keys N                different keys in all the csr (64)\n"
    "  --expect WORD           the answer that is right is this error; may be\n"
    "                          given several times (--expect wrong_pass\n"
    "                          --expect slow_down)\n"
    "\n"
    "Where\n"
    "  --host HOST             address (127.0.0.1)\n"
    "  --port N                (4444; mqtt: 8883; cfssl: 8888)\n"
    "  --prefix TEXT           of the topics (ssl)\n"
    "  --ca FILE               the authority; for mqtt also whom TLS trusts.\n"
    "                          Without it an answer's own \"ca\" is believed.\n"
    "  --cert FILE --key FILE  the client's, for mqtt. The broker must let it\n"
    "                          publish on PREFIX/VERB and read PREFIX/+.\n"
    "                          (No --ca: MQTT without TLS.)\n"
    "\n"
    "How much, how fast\n"
    "  --connections N         kept alive (8)\n"
    "  --requests N            (1000; with --seconds: as many as fit)\n"
    "  --seconds S             sends no more after that\n"
    "  --rate R                open loop: R a second, come what may; a "
    "latency\n"
    "                          counts from the moment that a request was due.\n"
    "                          Without it: closed loop, each connection asks\n"
    "                          again when it has its answer.\n"
    "  --warm-up N             requests before the clock starts (1 a "
    "connection);\n"
    "                          they are checked, but not counted\n"
    "  --timeout S             without any answer, then it ends (30)\n"
    "\n"
    "What is told\n"
    "  --pid NAME=PID          the CPU time of that process; several times\n"
    "  --json FILE             the result for programs\n"
    "  --help                  this\n"
    "A line a second on stderr while it runs, a table on stdout at the end.\n";

enum {
	OPT_DOOR = 256,
	OPT_VERB,
	OPT_HOST,
	OPT_PORT,
	OPT_CONNECTIONS,
	OPT_REQUESTS,
	OPT_SECONDS,
	OPT_RATE,
	OPT_WARM_UP,
	OPT_TIMEOUT,
	OPT_DAYS,
	OPT_KEY_TYPE,
	OPT_KEYS,
	OPT_PREFIX,
	OPT_PASSPHRASE,
	OPT_CA,
	OPT_CERT,
	OPT_KEY,
	OPT_JSON,
	OPT_EXPECT,
	OPT_PID,
	OPT_HELP,
};

static const struct option long_options[] = {
    {"door", required_argument, NULL, OPT_DOOR},
    {"verb", required_argument, NULL, OPT_VERB},
    {"host", required_argument, NULL, OPT_HOST},
    {"port", required_argument, NULL, OPT_PORT},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"requests", required_argument, NULL, OPT_REQUESTS},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"rate", required_argument, NULL, OPT_RATE},
    {"warm-up", required_argument, NULL, OPT_WARM_UP},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"days", required_argument, NULL, OPT_DAYS},
    {"key-type", required_argument, NULL, OPT_KEY_TYPE},
    {"keys", required_argument, NULL, OPT_KEYS},
    {"prefix", required_argument, NULL, OPT_PREFIX},
    {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
    {"ca", required_argument, NULL, OPT_CA},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"json", required_argument, NULL, OPT_JSON},
    {"expect", required_argument, NULL, OPT_EXPECT},
    {"pid", required_argument, NULL, OPT_PID},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static const char *const doors[] = {"http", "mqtt", "cfssl"};
static const char *const verbs[] = {"sign", "create"};

const char *
door_word(enum door_kind door)
{
	return doors[door];
}

const char *
verb_word(enum verb_kind verb)
{
	return verbs[verb];
}

static int
take_word(const char *option, const char *text, const char *const *words,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	return complain("--%s: there is no \"%s\"; see --help", option, text);
}

static int
take_number(const char *option, const char *text, unsigned max, unsigned *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' ||
	    n > max)
		return complain(
		    "--%s: must be 0 to %u, got \"%s\"", option, max, text);
	*out = (unsigned)n;
	return 0;
}

static int
take_rate(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (end == text || *end != '\0' || !(*out > 0) || *out > 1e6)
		return complain("--rate: must be above 0, got \"%s\"", text);
	return 0;
}

static int
take_expected(struct options *o, const char *word)
{
	if (o->expect_count == EXPECT_MAX)
		return complain("--expect: at most %d times", EXPECT_MAX);
	o->expect[o->expect_count++] = word;
	return 0;
}

static int
take_door(struct options *o, const char *word)
{
	int i = take_word("door", word, doors, 3);

	if (i < 0)
		return -1;
	o->door = (enum door_kind)i;
	return 0;
}

static int
take_verb(struct options *o, const char *word)
{
	int i = take_word("verb", word, verbs, 2);

	if (i < 0)
		return -1;
	o->verb = (enum verb_kind)i;
	return 0;
}

/* Options whose argument is kept as it is. */
static const char **
text_of(struct options *o, int option)
{
	switch (option) {
	case OPT_HOST:
		return &o->host;
	case OPT_DAYS:
		return &o->days;
	case OPT_KEY_TYPE:
		return &o->key_type;
	case OPT_PREFIX:
		return &o->prefix;
	case OPT_PASSPHRASE:
		return &o->passphrase_file;
	case OPT_CA:
		return &o->ca;
	case OPT_CERT:
		return &o->cert;
	case OPT_KEY:
		return &o->key;
	case OPT_JSON:
		return &o->json;
	default:
		return NULL;
	}
}

static int
take_other(struct options *o, int option, const char *arg)
{
	const char **text = text_of(o, option);

	if (text != NULL) {
		*text = arg;
		return 0;
	}
	switch (option) {
	case OPT_PORT:
		return take_number("port", arg, 65535, &o->port);
	case OPT_CONNECTIONS:
		return take_number("connections", arg, 10000, &o->connections);
	case OPT_REQUESTS:
		return take_number("requests", arg, REQUESTS_MAX, &o->requests);
	case OPT_SECONDS:
		return take_number("seconds", arg, 86400, &o->seconds);
	case OPT_WARM_UP:
		return take_number("warm-up", arg, 10000, &o->warm_up);
	case OPT_TIMEOUT:
		return take_number("timeout", arg, 3600, &o->timeout_s);
	case OPT_KEYS:
		return take_number("keys", arg, 100000, &o->keys);
	default:
		return -1; /* getopt has complained */
	}
}

static int
take(struct options *o, int option, const char *arg)
{
	switch (option) {
	case OPT_DOOR:
		return take_door(o, arg);
	case OPT_VERB:
		return take_verb(o, arg);
	case OPT_RATE:
		return take_rate(arg, &o->rate);
	case OPT_EXPECT:
		return take_expected(o, arg);
	case OPT_PID:
		return cpu_list_add(&o->cpu, arg);
	case OPT_HELP:
		fputs(help, stdout);
		return 1;
	default:
		return take_other(o, option, arg);
	}
}

static unsigned
requests_for_seconds(const struct options *o)
{
	double each = o->rate > 0 ? o->rate : PREPARED_EACH_SECOND;
	double all = each * o->seconds;

	return all < REQUESTS_MAX ? (unsigned)(all + 0.5) : REQUESTS_MAX;
}

static void
set_defaults(struct options *o)
{
	static const unsigned ports[] = {4444, 8883, 8888};

	if (o->port == 0)
		o->port = ports[o->door];
	if (o->requests == 0)
		o->requests =
		    o->seconds > 0 ? requests_for_seconds(o) : REQUESTS_USUAL;
	if (o->warm_up == UINT_MAX)
		o->warm_up = o->expect_count > 0 ? 0 : o->connections;
}

static int
check(const struct options *o)
{
	if (o->connections == 0 || o->keys == 0)
		return complain("--connections and --keys: at least 1");
	if (o->door == DOOR_CFSSL && o->verb != VERB_SIGN)
		return complain("--verb: cfssl is only asked to sign");
	if (o->door != DOOR_CFSSL && o->passphrase_file == NULL)
		return complain("--passphrase-file is missing");
	if (o->door == DOOR_MQTT && (o->cert == NULL) != (o->key == NULL))
		return complain("--cert and --key go together");
	if (o->door == DOOR_MQTT && o->cert != NULL && o->ca == NULL)
		return complain("--cert: needs --ca");
	return 0;
}

int
options_parse(int argc, char **argv, struct options *o)
{
	bool has_door = false;
	int option, rc;

	*o = (struct options){.host = "127.0.0.1",
	    .connections = 8,
	    .warm_up = UINT_MAX,
	    .timeout_s = 30,
	    .days = "90",
	    .key_type = "ec:P-256",
	    .keys = 64,
	    .prefix = "ssl"};
	while (
	    (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		has_door = has_door || option == OPT_DOOR;
		rc = take(o, option, optarg);
		if (rc != 0)
			return rc;
	}
	if (optind < argc)
		return complain("\"%s\" is no option", argv[optind]);
	if (!has_door)
		return complain("--door is missing; see --help");
	set_defaults(o);
	return check(o);
}
