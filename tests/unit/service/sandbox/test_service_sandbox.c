/* What the service cannot do once its doors are open. */
#include "tests/unit/refusals.h"

#include <sys/stat.h>

#include "ca/base/file.h"
#include "ca/sandbox/landlock.h"
#include "service/sandbox.h"

#define PORT_OPEN 39111 /* of the configuration; nobody listens */

static struct config config;
static char config_path[CONFIG_PATH_MAX];

static int
enter(void)
{
	struct err e = ERR_INIT;

	log_set_level(LOG_LEVEL_ERROR);
	return sandbox_enter(&config, config_path, &e);
}

static const char *
path_of(const char *name)
{
	static char path[128];

	if (file_path(path, sizeof(path), config.dir, name) != 0)
		abort();
	return path;
}

static bool
try_read_the_key(void)
{
	return can_open(path_of("ca.key"), O_RDONLY);
}

static bool
try_replace_the_key(void)
{
	char to[CONFIG_PATH_MAX];

	snprintf(to, sizeof(to), "%s", path_of("ca.key"));
	return can_open(path_of("state/new"), O_WRONLY | O_CREAT) &&
	       rename(path_of("state/new"), to) == 0;
}

static bool
try_remove_the_key(void)
{
	return unlink(path_of("ca.key")) == 0;
}

static bool
try_change_the_profiles(void)
{
	return can_open(path_of("profiles.conf"), O_WRONLY);
}

static bool
try_truncate_the_configuration(void)
{
	return truncate(config_path, 0) == 0;
}

static bool
has_ports(void)
{
	struct landlock l;
	struct err e = ERR_INIT;
	bool tcp = landlock_begin(&l, true, &e) == 0 && l.tcp;

	if (l.fd >= 0)
		close(l.fd);
	return tcp;
}

/* EACCES: refused by the sandbox, not by the other side. */
static bool
port_is_allowed(
    int (*call)(int, const struct sockaddr *, socklen_t), unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return call(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ||
	       errno != EACCES;
}

static bool
try_listen_elsewhere(void)
{
	return port_is_allowed(bind, PORT_OPEN + 1);
}

static bool
try_connect_elsewhere(void)
{
	return port_is_allowed(connect, 22);
}

static bool
use_listen(void)
{
	return port_is_allowed(bind, PORT_OPEN);
}

static bool
use_connect(void)
{
	return port_is_allowed(connect, PORT_OPEN);
}

static bool
use_state(void)
{
	char from[CONFIG_PATH_MAX];
	int fd;

	snprintf(from, sizeof(from), "%s", path_of("state/a.tmp"));
	fd = open(from, O_RDWR | O_CREAT, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0 &&
	       fsync(fd) == 0 && rename(from, path_of("state/a")) == 0 &&
	       unlink(path_of("state/a")) == 0;
}

static bool
use_public_files(void)
{
	return can_open(path_of("profiles.conf"), O_RDONLY) &&
	       can_open(path_of("escrow.pub"), O_RDONLY) &&
	       can_open(path_of("local/ca.crt"), O_RDWR) &&
	       can_open(config_path, O_RDONLY) &&
	       can_open("/etc/hosts", O_RDONLY);
}

static bool
use_sockets(void)
{
	return try_internet_socket();
}

static void
service_is_refused_the_keys_and_the_rest_of_the_system(void **state)
{
	static const struct attempt list[] = {
	    {"read the key", try_read_the_key, true},
	    {"replace the key", try_replace_the_key, true},
	    {"remove the key", try_remove_the_key, true},
	    {"change the profiles", try_change_the_profiles, true},
	    {"truncate the configuration", try_truncate_the_configuration,
		true},
	    {NULL, NULL, false},
	};

	(void)state;
	expect_refused(attempts_of_an_intruder);
	expect_refused(list);
}

static void
service_is_refused_other_ports(void **state)
{
	static const struct attempt list[] = {
	    {"listen elsewhere", try_listen_elsewhere, true},
	    {"connect elsewhere", try_connect_elsewhere, true},
	    {NULL, NULL, false},
	};

	(void)state;
	if (!has_ports())
		skip(); /* a kernel before 6.7 */
	expect_refused(list);
}

static void
service_keeps_what_it_serves_with(void **state)
{
	static const struct attempt list[] = {
	    {"its state", use_state, true},
	    {"public files", use_public_files, true},
	    {"sockets", use_sockets, true},
	    {"its port", use_listen, true},
	    {"the broker's port", use_connect, true},
	    {"a thread", use_thread, true},
	    {"memory", use_memory, true},
	    {NULL, NULL, false},
	};

	(void)state;
	expect_works(list);
}

static void
put(const char *name)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text\n", 5), 5);
	close(fd);
}

static int
set_up(void **state)
{
	char dir[] = "/tmp/sandbox-XXXXXX", set[CONFIG_PATH_MAX];
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	config_init(&config, dir);
	assert_int_equal(mkdir(path_of("state"), 0700), 0);
	assert_int_equal(mkdir(path_of("local"), 0700), 0);
	put("ca.key");
	put("profiles.conf");
	put("escrow.pub");
	put("local/ca.crt");
	put("ms_ssl_server.conf");
	snprintf(config_path, sizeof(config_path), "%s",
	    path_of("ms_ssl_server.conf"));
	snprintf(
	    config.local_dir, sizeof(config.local_dir), "%s", path_of("local"));
	snprintf(config.profiles, sizeof(config.profiles), "%s",
	    path_of("profiles.conf"));
	snprintf(config.ledger, sizeof(config.ledger), "%s",
	    path_of("state/ledger"));
	snprintf(config.store, sizeof(config.store), "sqlite:%s",
	    path_of("state/store.db"));
	snprintf(set, sizeof(set), "tcp://127.0.0.1:%d", PORT_OPEN);
	assert_int_equal(config_set(&config, "mqtt_url", set, &e), 0);
	snprintf(set, sizeof(set), "%d", PORT_OPEN);
	return config_set(&config, "http_port", set, &e);
}

static int
tear_down(void **state)
{
	char command[CONFIG_PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", config.dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		service_is_refused_the_keys_and_the_rest_of_the_system),
	    cmocka_unit_test(service_is_refused_other_ports),
	    cmocka_unit_test(service_keeps_what_it_serves_with),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
