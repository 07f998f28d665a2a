#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "capture.h"

static char folder[] = "/tmp/test_file_XXXXXX";
static char path[64], other[64];
static struct capture c;

static int
make_folder(void **state)
{
	(void)state;
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (mkdtemp(folder) == NULL)
		return -1;
	if (file_path(path, sizeof(path), folder, "file") != 0)
		return -1;
	return file_path(other, sizeof(other), folder, "other");
}

/* How many files the folder holds; removes them if told to. */
static size_t
count_files(bool and_remove)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	char name[512];
	size_t n = 0;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		if (and_remove && unlink(name) != 0)
			rmdir(name);
	}
	closedir(d);
	return n;
}

static int
remove_folder(void **state)
{
	(void)state;
	count_files(true);
	return rmdir(folder);
}

static void
assert_content(const char *at, const char *text)
{
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, 1000000);
	assert_int_equal(file_read(at, &b, &e), 0);
	assert_true(bytes_equal(buf_bytes(&b), bytes_of_text(text)));
	buf_clear(&b);
}

static mode_t
mode_of(const char *at)
{
	struct stat st;

	assert_int_equal(lstat(at, &st), 0);
	return st.st_mode & 07777;
}

static void
file_write_makes_and_replaces(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_write(path, bytes_of_text("one"), 0600, &e), 0);
	assert_content(path, "one");
	assert_int_equal(file_write(path, bytes_of_text("two"), 0644, &e), 0);
	assert_content(path, "two");
	assert_int_equal(
	    file_write(path, (struct bytes){NULL, 0}, 0600, &e), 0);
	assert_content(path, "");
	assert_int_equal(count_files(false), 1);
}

static void
file_write_sets_the_mode_whatever_the_mask(void **state)
{
	mode_t mask = umask(0777);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_write(path, bytes_of_text("x"), 0644, &e), 0);
	umask(0);
	assert_int_equal(file_create(other, bytes_of_text("x"), 0600, &e), 0);
	umask(mask);
	assert_int_equal(mode_of(path), 0644);
	assert_int_equal(mode_of(other), 0600);
}

static void
file_write_replaces_a_link_and_not_its_target(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_write(other, bytes_of_text("safe"), 0600, &e), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(file_write(path, bytes_of_text("new"), 0600, &e), 0);
	assert_content(other, "safe");
	assert_content(path, "new");
}

static void
file_write_into_the_current_folder(void **state)
{
	struct err e = ERR_INIT;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(here >= 0);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(file_write("file", bytes_of_text("x"), 0600, &e), 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_content(path, "x");
}

static void
file_write_leaves_the_old_file_where_it_fails(void **state)
{
	struct rlimit before, little = {10, 0};
	struct err e = ERR_INIT;
	int rc;

	(void)state;
	assert_int_equal(file_write(path, bytes_of_text("old"), 0600, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	capture_start(&c);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	rc = file_write(path, bytes_of_text("more than ten bytes"), 0600, &e);
	setrlimit(RLIMIT_FSIZE, &before);
	capture_stop(&c);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_content(path, "old");
	assert_int_equal(count_files(false), 1);
}

static void
file_write_fails_where_a_folder_is_or_none(void **state)
{
	char deep[128], longer[2000];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	capture_start(&c);
	assert_int_equal(file_write(path, bytes_of_text("x"), 0600, &e), -1);
	assert_int_equal(file_path(deep, sizeof(deep), other, "file"), 0);
	assert_int_equal(file_write(deep, bytes_of_text("x"), 0600, &e), -1);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(file_write(longer, bytes_of_text("x"), 0600, &e), -1);
	capture_stop(&c);
	assert_int_equal(count_files(false), 1);
}

static void
file_create_makes_what_is_not_there(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_create(path, bytes_of_text("one"), 0600, &e), 0);
	assert_content(path, "one");
	assert_int_equal(count_files(false), 1);
}

static void
file_create_never_replaces(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_write(path, bytes_of_text("old"), 0600, &e), 0);
	assert_int_equal(file_create(path, bytes_of_text("new"), 0600, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_non_null(strstr(e.message, "exists"));
	assert_content(path, "old");
	assert_int_equal(symlink("nowhere", other), 0);
	assert_int_equal(
	    file_create(other, bytes_of_text("new"), 0600, &e), -1);
	assert_int_equal(count_files(false), 2);
}

static void *
create_it(void *arg)
{
	struct err e = ERR_INIT;

	return file_create(path, bytes_of_text(arg), 0600, &e) == 0 ? arg
								    : NULL;
}

static void
file_create_has_one_winner(void **state)
{
	char words[4][2] = {"a", "b", "c", "d"};
	pthread_t threads[4];
	const char *winner = NULL;
	void *got;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, create_it, words[i]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &got), 0);
		assert_true(got == NULL || winner == NULL);
		if (got != NULL)
			winner = got;
	}
	assert_non_null(winner);
	assert_content(path, winner);
	assert_int_equal(count_files(false), 1);
}

static void
file_read_appends_the_whole_file(void **state)
{
	static uint8_t data[100001];
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31);
	assert_int_equal(
	    file_write(path, (struct bytes){data, sizeof(data)}, 0600, &e), 0);
	buf_init(&b, sizeof(data) + 1);
	buf_append_byte(&b, '>');
	assert_int_equal(file_read(path, &b, &e), 0);
	assert_int_equal(b.len, sizeof(data) + 1);
	assert_memory_equal(b.data + 1, data, sizeof(data));
	buf_clear(&b);
}

static void
file_read_refuses_a_file_past_the_maximum(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	assert_int_equal(file_write(path, bytes_of_text("1234"), 0600, &e), 0);
	buf_init(&b, 3);
	assert_int_equal(file_read(path, &b, &e), -1);
	assert_non_null(strstr(e.message, "larger than 3 bytes"));
	assert_non_null(strstr(e.message, path));
	buf_clear(&b);
}

static void
file_read_refuses_what_is_no_regular_file(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(file_read(folder, &b, &e), -1);
	assert_non_null(strstr(e.message, "not a regular file"));
	assert_int_equal(file_read("/dev/zero", &b, &e), -1);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(path, &b, &e), -1);
	assert_int_equal(file_read(other, &b, &e), -1);
	assert_non_null(strstr(e.message, "No such file"));
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
file_exists_sees_a_link_to_nowhere(void **state)
{
	(void)state;
	assert_false(file_exists(path));
	assert_int_equal(symlink("nowhere", path), 0);
	assert_true(file_exists(path));
	assert_true(file_exists(folder));
}

static void
file_check_private_tells_the_command_that_mends_it(void **state)
{
	static const mode_t bad[] = {0604, 0640, 0644, 0602, 0610};
	struct err e = ERR_INIT;
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "chmod 600 %s", path);
	assert_int_equal(file_check_private(path, &e), -1);
	assert_int_equal(file_write(path, bytes_of_text("x"), 0600, &e), 0);
	assert_int_equal(file_check_private(path, &e), 0);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(file_check_private(path, &e), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(chmod(path, bad[i]), 0);
		assert_int_equal(file_check_private(path, &e), -1);
		assert_string_equal(
		    e.message + strlen(e.message) - strlen(command), command);
	}
}

static void
file_path_refuses_what_does_not_fit(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(file_path(out, sizeof(out), "abc", "def"), 0);
	assert_string_equal(out, "abc/def");
	assert_int_equal(file_path(out, sizeof(out), "abcd", "def"), -1);
}

#define CASE(test)                                                             \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(file_write_makes_and_replaces),
	    CASE(file_write_sets_the_mode_whatever_the_mask),
	    CASE(file_write_replaces_a_link_and_not_its_target),
	    CASE(file_write_into_the_current_folder),
	    CASE(file_write_leaves_the_old_file_where_it_fails),
	    CASE(file_write_fails_where_a_folder_is_or_none),
	    CASE(file_create_makes_what_is_not_there),
	    CASE(file_create_never_replaces),
	    CASE(file_create_has_one_winner),
	    CASE(file_read_appends_the_whole_file),
	    CASE(file_read_refuses_a_file_past_the_maximum),
	    CASE(file_read_refuses_what_is_no_regular_file),
	    CASE(file_exists_sees_a_link_to_nowhere),
	    CASE(file_check_private_tells_the_command_that_mends_it),
	    CASE(file_path_refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
