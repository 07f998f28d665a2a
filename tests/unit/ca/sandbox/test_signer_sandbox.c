/* What the signer cannot do once it serves. */
#include "tests/unit/refusals.h"

#include "ca/base/log.h"
#include "ca/signer/sandbox.h"

static int pair[2];

static const char *token_folder; /* NULL: the key is in memory */

static int
enter(void)
{
	struct err e = ERR_INIT;

	log_set_level(LOG_LEVEL_ERROR);
	return sandbox_enter(token_folder, &e);
}

static bool
try_connect(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons(22),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};

	return connect(pair[0], (struct sockaddr *)&a, sizeof(a)) == 0;
}

static bool
try_remove(void)
{
	return unlink("/tmp/refusals-none") == 0 || errno == ENOENT;
}

static bool
use_socket(void)
{
	char byte = 'x';

	return send(pair[0], &byte, 1, 0) == 1 &&
	       recv(pair[1], &byte, 1, 0) == 1;
}

static bool
use_log(void)
{
	log_set_level(LOG_LEVEL_INFO);
	log_info("works", log_number("n", 1));
	return true;
}

static void
signer_is_refused_everything_else(void **state)
{
	static const struct attempt list[] = {
	    {"remove a file", try_remove, false},
	    {"an internet socket", try_internet_socket, false},
	    {"connect", try_connect, false},
	    {NULL, NULL, false},
	};

	(void)state;
	token_folder = NULL;
	expect_refused(attempts_of_an_intruder);
	expect_refused(list);
	token_folder = "/nonexistent";
	expect_refused(attempts_of_an_intruder);
	expect_refused(list);
}

static void
signer_keeps_what_it_serves_with(void **state)
{
	static const struct attempt list[] = {
	    {"its socket", use_socket, true},
	    {"a thread", use_thread, true},
	    {"memory", use_memory, true},
	    {"its log", use_log, true},
	    {NULL, NULL, false},
	};

	(void)state;
	token_folder = NULL;
	expect_works(list);
}

static bool
use_token_file(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/object", token_folder);
	return can_open(path, O_RDWR | O_CREAT);
}

static void
signer_with_a_token_keeps_its_folder(void **state)
{
	static const struct attempt list[] = {
	    {"a token's file", use_token_file, true},
	    {"a thread", use_thread, true},
	    {NULL, NULL, false},
	};
	char folder[] = "/tmp/token-XXXXXX", object[64];

	(void)state;
	token_folder = mkdtemp(folder);
	assert_non_null(token_folder);
	expect_works(list);
	snprintf(object, sizeof(object), "%s/object", folder);
	assert_int_equal(unlink(object), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* The attempts can succeed: it is the sandbox that refuses them. */
static void
attempts_succeed_without_a_sandbox(void **state)
{
	(void)state;
	assert_true(try_read_a_system_file());
	assert_true(try_make_a_file());
	assert_int_equal(unlink("/tmp/refusals"), 0);
	assert_true(try_fork());
	assert_true(try_map_executable());
	assert_true(try_make_executable());
	assert_true(try_signal_the_parent());
	assert_true(try_internet_socket());
	assert_true(try_unix_socket());
	assert_true(try_remove());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signer_is_refused_everything_else),
	    cmocka_unit_test(signer_keeps_what_it_serves_with),
	    cmocka_unit_test(signer_with_a_token_keeps_its_folder),
	    cmocka_unit_test(attempts_succeed_without_a_sandbox),
	};

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
