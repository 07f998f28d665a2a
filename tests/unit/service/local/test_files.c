/* The key files of the local entities. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "service/local/internal.h"

struct fixture {
	struct config config;
	struct local local;
	char key[CONFIG_PATH_MAX + 16];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->config.local_dir, "/tmp/local-XXXXXX");
	assert_non_null(mkdtemp(f->config.local_dir));
	snprintf(f->key, sizeof(f->key), "%s/ssl.key", f->config.local_dir);
	f->local.config = &f->config;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	remove(f->key);
	assert_int_equal(remove(f->config.local_dir), 0);
	free(f);
	return 0;
}

static EVP_PKEY *
load(struct fixture *f, bool *is_new, struct err *e)
{
	EVP_PKEY *key = NULL;

	if (local_key_load(&f->local, LOCAL_SERVICE, &key, is_new, e) != 0)
		return NULL;
	assert_non_null(key);
	return key;
}

static void
local_key_is_made_once_and_read_again(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct stat st;
	bool is_new;
	EVP_PKEY *made = load(f, &is_new, &e), *again;

	assert_true(is_new);
	assert_int_equal(local_key_save(&f->local, LOCAL_SERVICE, made, &e), 0);
	assert_int_equal(stat(f->key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	again = load(f, &is_new, &e);
	assert_false(is_new);
	assert_int_equal(EVP_PKEY_eq(made, again), 1);
	EVP_PKEY_free(made);
	EVP_PKEY_free(again);
}

static void
local_key_that_others_can_read_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	bool is_new;
	EVP_PKEY *made = load(f, &is_new, &e);

	assert_int_equal(local_key_save(&f->local, LOCAL_SERVICE, made, &e), 0);
	EVP_PKEY_free(made);
	assert_int_equal(chmod(f->key, 0640), 0);
	assert_null(load(f, &is_new, &e));
	assert_non_null(strstr(e.message, "chmod 600"));
}

static void
local_key_that_is_none_is_refused_and_left(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	FILE *file = fopen(f->key, "we");
	struct stat st;
	bool is_new;

	assert_non_null(file);
	fputs("no key\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(f->key, 0600), 0);
	assert_null(load(f, &is_new, &e));
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(stat(f->key, &st), 0);
	assert_int_equal(st.st_size, 7);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(local_key_is_made_once_and_read_again),
	    TEST(local_key_that_others_can_read_is_refused),
	    TEST(local_key_that_is_none_is_refused_and_left),
	};
	struct err e = ERR_INIT;

	if (secret_heap_init((size_t)1 << 16, &e) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
