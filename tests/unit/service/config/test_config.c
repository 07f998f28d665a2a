#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/config/config.h"
#include "service/config/settings.h"

#define PROBLEMS_MAX 32

static struct {
	unsigned count;
	int line[PROBLEMS_MAX];
	char message[PROBLEMS_MAX][512];
} problems;

static struct config config;
static char folder[64], path[128];

static void
on_problem(void *arg, const char *file, int line, const char *message)
{
	unsigned n = problems.count++;

	assert_ptr_equal(arg, &problems);
	assert_non_null(file);
	if (n >= PROBLEMS_MAX)
		return;
	problems.line[n] = line;
	snprintf(problems.message[n], 512, "%s", message);
}

static void
put(const char *name, const void *data, size_t len, mode_t mode)
{
	char file[160];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, mode), 0);
}

static void
take_away(const char *name)
{
	char file[160];

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	unlink(file);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/config-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ms_ssl_server.conf", folder);
	put("ca.crt", "", 0, 0644);
	put("profiles.conf", "", 0, 0644);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"ca.crt", "profiles.conf", "pass",
	    "ms_ssl_server.conf", "door.key", "ca.key", "escrow.key"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		take_away(names[i]);
	return rmdir(folder);
}

static int
read_with(const char *text, const char *const *set, size_t n)
{
	int rc;

	put("ms_ssl_server.conf", text, strlen(text), 0644);
	memset(&problems, 0, sizeof(problems));
	rc = config_read(path, set, n, &config, on_problem, &problems);
	assert_int_equal(rc, problems.count == 0 ? 0 : -1);
	return rc;
}

static int
read_text(const char *text)
{
	return read_with(text, NULL, 0);
}

static int
read_set(const char *setting)
{
	return read_with("", &setting, 1);
}

/* One problem, on this line, that says this. */
static void
assert_problem(int line, const char *words)
{
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.line[0], line);
	if (strstr(problems.message[0], words) == NULL)
		fail_msg("\"%s\" not in \"%s\"", words, problems.message[0]);
}

static void
config_read_takes_an_empty_file_for_the_defaults(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), 0);
	assert_int_equal(config.http.port, 4444);
	assert_string_equal(config.http.host, "127.0.0.1");
	assert_string_equal(config.mqtt.url, "ssl://127.0.0.1:8883");
	assert_int_equal(config.mqtt.version, 5);
	assert_true(config.mqtt_enabled && config.http_enabled);
	assert_string_equal(config.topic_prefix, "ssl");
	assert_int_equal(config.replay_window_s, 300);
	assert_int_equal(config.http.body_max, 16384);
	assert_int_equal(config.http.drain_ms, config.drain_ms);
	assert_int_equal(config.default_key_type, KEY_EC_P256);
	assert_string_equal(config.passphrase_file, "");
}

static void
config_read_refuses_a_file_that_is_not_there(void **state)
{
	(void)state;
	memset(&problems, 0, sizeof(problems));
	assert_int_equal(config_read("/nonexistent/file.conf", NULL, 0, &config,
			     on_problem, &problems),
	    -1);
	assert_problem(0, "there is no such file");
}

static void
config_read_takes_paths_from_the_folder_of_the_file(void **state)
{
	char wanted[256];

	(void)state;
	assert_int_equal(
	    read_text("ledger = \"other/ledger\"\nstore = \"sqlite:a.db\"\n"
		      "broker_pid_file = \"/run/mosquitto.pid\"\n"),
	    0);
	snprintf(wanted, sizeof(wanted), "%s/other/ledger", folder);
	assert_string_equal(config.ledger, wanted);
	snprintf(wanted, sizeof(wanted), "sqlite:%s/a.db", folder);
	assert_string_equal(config.store, wanted);
	assert_string_equal(config.broker_pid_file, "/run/mosquitto.pid");
	assert_string_equal(config.dir, folder);
	snprintf(wanted, sizeof(wanted), "%s/local/ssl.key", folder);
	assert_string_equal(config.mqtt.key_file, wanted);
	/* Empty is none, not the folder. */
	assert_string_equal(config.http.tls_certificate, "");
}

static void
config_read_refuses_a_path_that_is_too_long(void **state)
{
	char text[400];

	(void)state;
	snprintf(text, sizeof(text), "ledger = \"%0250d\"\n", 0);
	read_text(text);
	assert_problem(0, "a path is too long");
	snprintf(text, sizeof(text), "ledger = \"%0300d\"\n", 0);
	read_text(text);
	assert_problem(1, "ledger: must be at most 255 bytes");
}

/* Each number's bounds are in, what is beyond them is out. */
static void
config_read_keeps_every_number_within_its_bounds(void **state)
{
	char set[128];
	unsigned numbers = 0;

	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];
		struct err e = ERR_INIT;

		if (s->type != SETTING_NUMBER && s->type != SETTING_SIZE)
			continue;
		numbers++;
		snprintf(set, sizeof(set), "%u", s->min);
		assert_int_equal(config_set(&config, s->name, set, &e), 0);
		snprintf(set, sizeof(set), "%u", s->max);
		assert_int_equal(config_set(&config, s->name, set, &e), 0);
		snprintf(set, sizeof(set), "%s=%llu", s->name,
		    (unsigned long long)s->max + 1);
		assert_int_equal(read_set(set), -1);
		assert_non_null(strstr(problems.message[0], s->name));
		if (s->min == 0)
			continue;
		snprintf(set, sizeof(set), "%s=%u", s->name, s->min - 1);
		assert_int_equal(read_set(set), -1);
		assert_non_null(strstr(problems.message[0], s->name));
	}
	assert_true(numbers > 20);
}

static void
config_read_refuses_what_is_not_a_plain_number(void **state)
{
	static const char *const bad[] = {"http_port=", "http_port=-1",
	    "http_port=+80", "http_port= 80", "http_port=80 ", "http_port=0x50",
	    "http_port=8e1", "http_port=99999999999999999999999",
	    "http_port=eighty"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_set(bad[i]), -1);
		assert_problem(0, "http_port: must be 0 to 65535");
	}
}

static void
config_read_refuses_a_flag_that_is_not_true_or_false(void **state)
{
	(void)state;
	assert_int_equal(read_set("http_enabled=false"), 0);
	assert_false(config.http_enabled);
	assert_int_equal(read_set("http_enabled=True"), -1);
	assert_problem(0, "http_enabled: must be true or false, got \"True\"");
}

static void
config_read_refuses_a_text_that_is_too_long(void **state)
{
	char set[256];

	(void)state;
	snprintf(set, sizeof(set), "mqtt_client_id=%063d", 0);
	assert_int_equal(read_set(set), 0);
	snprintf(set, sizeof(set), "mqtt_client_id=%064d", 0);
	assert_int_equal(read_set(set), -1);
	assert_problem(0, "mqtt_client_id: must be at most 63 bytes");
}

static void
config_read_names_the_setting_of_a_default_that_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(read_set("default_country=BR"), 0);
	assert_string_equal(config.defaults.value[SUBJECT_COUNTRY], "BR");
	assert_int_equal(read_set("default_country=BRA"), -1);
	assert_problem(0, "default_country: must be two letters");
	assert_int_equal(read_set("default_key_type=rsa:3072"), 0);
	assert_int_equal(read_set("default_key_type=rsa:1024"), -1);
	assert_problem(0, "default_key_type: must be");
	assert_int_equal(read_set("log_level=loud"), -1);
	assert_problem(0, "log_level: must be debug");
}

static void
config_read_tells_every_problem_with_its_line(void **state)
{
	static const struct {
		int line;
		const char *words;
	} wanted[] = {
	    {3, "http_port: must be 0 to 65535"},
	    {5, "colour: there is no such setting"},
	    {6, "must be: name = value"},
	    {7, "must be: name = value"},
	    {8, "log_level: must be"},
	    {9, "must be: name = value"},
	    {10, "workers: is set already, on line 4"},
	    {11, "section: there is no such setting"},
	    {13, "mqtt_url: must be ssl://HOST:PORT"},
	};

	(void)state;
	read_text("# comments, and blank lines, count as one line each\n"
		  "\n"
		  "http_port = 99999 # like this\n"
		  "workers = 1\n"
		  "colour = blue\n"
		  "http_host\n"
		  "topic_prefix = \"never closed\n"
		  "log_level = loud\n"
		  "http_enabled = {true, false}\n"
		  "workers = 2\n"
		  "section { workers = 3 }\n"
		  "## ##\n"
		  "mqtt_url = \"http://h:1\"\n");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_int_equal(problems.line[i], wanted[i].line);
		if (strstr(problems.message[i], wanted[i].words) == NULL)
			fail_msg(
			    "line %d: %s", wanted[i].line, problems.message[i]);
	}
	assert_int_equal(problems.count, sizeof(wanted) / sizeof(wanted[0]));
}

static void
config_read_takes_quotes_comments_and_other_line_ends(void **state)
{
	(void)state;
	assert_int_equal(read_text("# c\r\nhttp_port = 80\r\n"
				   "default_org = \"A \\\"B\\\" # C\" // d\r\n"
				   "default_unit = 'x' # \"\r\n"
				   "store = sqlite:x.db"),
	    0);
	assert_int_equal(config.http.port, 80);
	assert_string_equal(config.defaults.value[SUBJECT_ORG], "A \"B\" # C");
	assert_string_equal(config.defaults.value[SUBJECT_UNIT], "x");
}

static void
config_read_refuses_a_file_with_a_nul_or_too_large(void **state)
{
	static char large[70000];

	(void)state;
	put("ms_ssl_server.conf", "workers = 1\n\0workers = 2\n", 25, 0644);
	memset(&problems, 0, sizeof(problems));
	assert_int_equal(
	    config_read(path, NULL, 0, &config, on_problem, &problems), -1);
	assert_problem(0, "NUL");
	memset(large, '#', sizeof(large) - 1);
	assert_int_equal(read_text(large), -1);
	assert_problem(0, "larger than");
}

static void
config_read_lets_set_win_over_the_file(void **state)
{
	static const char *const set[] = {
	    "http_port=1", "http_port=2", "default_org=a=b"};

	(void)state;
	assert_int_equal(read_with("http_port = 3\n", set, 3), 0);
	assert_int_equal(config.http.port, 2);
	assert_string_equal(config.defaults.value[SUBJECT_ORG], "a=b");
}

static void
config_read_refuses_a_set_that_is_not_a_setting(void **state)
{
	static const char *const bad[] = {"", "=", "http_port", "=1", "x=1",
	    "http_por=1",
	    "a_name_that_is_longer_than_that_of_any_setting_that_there_is=1"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_set(bad[i]), -1);
		assert_problem(0, "--set ");
	}
}

static void
config_read_refuses_plain_http_beyond_loopback(void **state)
{
	static const char *const set[] = {
	    "http_host=0.0.0.0", "http_plain_elsewhere=true"};

	(void)state;
	assert_int_equal(read_set("http_host=127.0.0.2"), 0);
	assert_int_equal(read_set("http_host=::1"), 0);
	assert_int_equal(read_text("\nhttp_host = \"0.0.0.0\"\n"), -1);
	assert_problem(2, "http_host: beyond loopback");
	assert_int_equal(read_set("http_host=::"), -1);
	assert_int_equal(read_set("http_host=::ffff:10.0.0.1"), -1);
	assert_int_equal(read_with("", set, 2), 0);
	assert_int_equal(read_set("http_host=localhost"), -1);
	assert_problem(0, "must be an IPv4 or IPv6 address");
	assert_int_equal(read_set("http_host=127.0.0.1.example"), -1);
}

static void
config_read_wants_tls_settings_together(void **state)
{
	static const char *const both[] = {"http_tls_certificate=ca.crt",
	    "http_tls_key=door.key", "http_host=0.0.0.0"};

	(void)state;
	put("door.key", "", 0, 0600);
	assert_int_equal(read_with("", both, 3), 0);
	assert_int_equal(read_set("http_tls_certificate=ca.crt"), -1);
	assert_problem(0, "go together");
	assert_int_equal(read_set("http_tls_key=door.key"), -1);
	assert_int_equal(read_set("http_tls_client_required=true"), -1);
	assert_problem(0, "needs http_tls_client_ca");
}

static void
config_read_refuses_a_broker_that_is_not_host_and_port(void **state)
{
	static const char *const bad[] = {"", "ssl://", "ssl://h",
	    "ssl://h:", "ssl://:1", "ssl://h:0", "ssl://h:65536", "ssl://h:1x",
	    "ssl://h:1/x", "ssl://u@h:1", "ssl://[::1]", "ssl://[]:1",
	    "ssl://[::1:1", "wss://h:1", "h:1"};
	char set[64];

	(void)state;
	assert_int_equal(read_set("mqtt_url=tcp://broker.example-1:1"), 0);
	assert_int_equal(read_set("mqtt_url=ssl://[2001:db8::1]:65535"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(set, sizeof(set), "mqtt_url=%s", bad[i]);
		assert_int_equal(read_set(set), -1);
		assert_problem(0, "mqtt_url");
	}
	assert_int_equal(read_set("mqtt_client_id="), -1);
	assert_problem(0, "mqtt_client_id");
}

static void
config_read_refuses_a_prefix_that_is_no_plain_topic(void **state)
{
	static const char *const bad[] = {"", "/", "ssl/", "/ssl", "a//b",
	    "a/#", "+", "$share", "a b", "a\nuser x", "\xc3\xa4"};
	char set[64];

	(void)state;
	assert_int_equal(read_set("topic_prefix=site-1/ssl_2"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(set, sizeof(set), "topic_prefix=%s", bad[i]);
		assert_int_equal(read_set(set), -1);
		assert_problem(0, "topic_prefix");
	}
}

static void
config_read_checks_what_settings_are_together(void **state)
{
	(void)state;
	assert_int_equal(read_text("mqtt_reconnect_min = 5000\n"
				   "mqtt_reconnect_max = 4000\n"),
	    -1);
	assert_problem(1, "mqtt_reconnect_min");
	assert_int_equal(
	    read_text("local_days = 10\n\nlocal_renew_days = 10\n"), -1);
	assert_problem(3, "local_renew_days");
	assert_int_equal(read_set("broker_names=dns:a,ip:1.2.3"), -1);
	assert_problem(0, "broker_names");
	assert_int_equal(read_set("store=postgres:x"), -1);
	assert_problem(0, "store");
	assert_int_equal(read_set("store=sqlite:"), -1);
	assert_int_equal(read_set("ledger="), -1);
	assert_problem(0, "ledger");
}

static void
config_read_tells_of_files_that_are_missing(void **state)
{
	(void)state;
	take_away("ca.crt");
	assert_int_equal(read_text("\ndir = \".\"\n"), -1);
	assert_problem(2, "dir: holds no ca.crt");
	put("ca.crt", "", 0, 0644);
	take_away("profiles.conf");
	assert_int_equal(read_text(""), -1);
	assert_problem(0, "profiles: there is no such file");
	put("profiles.conf", "profile \"Bad Name\" {}\n", 22, 0644);
	assert_int_equal(read_text(""), -1);
	assert_problem(1, "Bad Name");
}

static void
config_read_wants_keys_private_and_folders_unwritable(void **state)
{
	static const char *const both[] = {
	    "http_tls_certificate=ca.crt", "http_tls_key=door.key"};
	static const char *const keys[] = {"ca.key", "escrow.key"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put(keys[i], "", 0, 0640);
		assert_int_equal(read_text(""), -1);
		assert_problem(0, "chmod 600");
		assert_problem(0, keys[i]);
		put(keys[i], "", 0, 0600);
		assert_int_equal(read_text(""), 0);
	}
	put("door.key", "", 0, 0644);
	assert_int_equal(read_with("", both, 2), -1);
	assert_problem(0, "http_tls_key: others may read it: chmod 600");
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(read_text(""), -1);
	assert_problem(0, "dir: others may write in it: chmod go-w");
	assert_int_equal(chmod(folder, 0750), 0);
	assert_int_equal(read_text(""), 0);
}

static void
config_read_wants_the_passphrase_file_private(void **state)
{
	(void)state;
	put("pass", "0123456789abcdef\n", 17, 0600);
	assert_int_equal(read_set("passphrase_file=pass"), 0);
	put("pass", "0123456789abcdef\n", 17, 0640);
	assert_int_equal(read_set("passphrase_file=pass"), -1);
	assert_problem(0, "passphrase_file");
	assert_null(strstr(problems.message[0], "0123456789abcdef"));
	assert_int_equal(read_set("passphrase_file=nowhere"), -1);
}

static void
config_write_default_is_read_back_the_same(void **state)
{
	static struct config before;
	struct err e = ERR_INIT;
	struct buf text;

	(void)state;
	buf_init(&text, 65536);
	config_init(&before, ".");
	assert_int_equal(config_set(&before, "http_port", "5555", &e), 0);
	assert_int_equal(
	    config_set(&before, "default_org", "A \"B\" \\ C", &e), 0);
	assert_int_equal(config_set(&before, "log_level", "debug", &e), 0);
	assert_int_equal(config_write_default(&before, &text, &e), 0);
	assert_int_equal(read_text((const char *)text.data), 0);
	assert_int_equal(config.http.port, 5555);
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(config.defaults.value[SUBJECT_ORG], "A \"B\" \\ C");
	/* Every setting is there to be seen, most of them commented out. */
	for (size_t i = 0; i < settings_count; i++)
		assert_non_null(
		    strstr((const char *)text.data, settings[i].name));
	assert_non_null(strstr((const char *)text.data, "\n# workers = 0\n"));
	assert_non_null(
	    strstr((const char *)text.data, "\nhttp_port = 5555\n"));
	buf_clear(&text);
}

/* What is commented out is what would be set: every line can be uncommented. */
static void
config_write_default_can_be_uncommented(void **state)
{
	static struct config standard;
	struct err e = ERR_INIT;
	struct buf text, bare;

	(void)state;
	buf_init(&text, 65536);
	buf_init(&bare, 65536);
	config_init(&standard, ".");
	assert_int_equal(config_write_default(&standard, &text, &e), 0);
	for (size_t i = 0; i < settings_count; i++) {
		char mark[80];
		const char *at;

		snprintf(mark, sizeof(mark), "\n# %s = ", settings[i].name);
		at = strstr((const char *)text.data, mark);
		assert_non_null(at);
		buf_append(&bare, at + 3, strcspn(at + 3, "\n") + 1);
	}
	assert_int_equal(read_text((const char *)bare.data), 0);
	assert_int_equal(config.http.port, standard.http.port);
	buf_clear(&text);
	buf_clear(&bare);
}

static void
config_describe_names_every_setting(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 65536);
	config_describe(&text);
	assert_false(text.failed);
	for (size_t i = 0; i < settings_count; i++)
		assert_non_null(
		    strstr((const char *)text.data, settings[i].name));
	buf_clear(&text);
}

static void
config_set_refuses_what_is_no_setting(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(config_set(&config, "workers", "3", &e), 0);
	assert_int_equal(config.workers, 3);
	assert_int_equal(config_set(&config, "worker", "3", &e), -1);
	assert_string_equal(e.field, "worker");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(config_read_takes_an_empty_file_for_the_defaults),
	    CASE(config_read_refuses_a_file_that_is_not_there),
	    CASE(config_read_takes_paths_from_the_folder_of_the_file),
	    CASE(config_read_refuses_a_path_that_is_too_long),
	    CASE(config_read_keeps_every_number_within_its_bounds),
	    CASE(config_read_refuses_what_is_not_a_plain_number),
	    CASE(config_read_refuses_a_flag_that_is_not_true_or_false),
	    CASE(config_read_refuses_a_text_that_is_too_long),
	    CASE(config_read_names_the_setting_of_a_default_that_is_wrong),
	    CASE(config_read_tells_every_problem_with_its_line),
	    CASE(config_read_takes_quotes_comments_and_other_line_ends),
	    CASE(config_read_refuses_a_file_with_a_nul_or_too_large),
	    CASE(config_read_lets_set_win_over_the_file),
	    CASE(config_read_refuses_a_set_that_is_not_a_setting),
	    CASE(config_read_refuses_plain_http_beyond_loopback),
	    CASE(config_read_wants_tls_settings_together),
	    CASE(config_read_refuses_a_broker_that_is_not_host_and_port),
	    CASE(config_read_refuses_a_prefix_that_is_no_plain_topic),
	    CASE(config_read_checks_what_settings_are_together),
	    CASE(config_read_tells_of_files_that_are_missing),
	    CASE(config_read_wants_keys_private_and_folders_unwritable),
	    CASE(config_read_wants_the_passphrase_file_private),
	    CASE(config_write_default_is_read_back_the_same),
	    CASE(config_write_default_can_be_uncommented),
	    CASE(config_describe_names_every_setting),
	    CASE(config_set_refuses_what_is_no_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
