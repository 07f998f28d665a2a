/* Runs a fuzzer's function over each file of the folders named, and over
 * nothing: what once broke it stays mended. */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1 << 20)

#pragma weak LLVMFuzzerInitialize

/* At its exact length, so that a sanitizer sees a read past it. */
static void
run_bytes(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	CLAIM(copy != NULL);
	if (len > 0)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
run_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t len;

	CLAIM(f != NULL);
	len = fread(data, 1, sizeof(data), f);
	CLAIM(ferror(f) == 0 && len < sizeof(data));
	fclose(f);
	run_bytes(data, len);
}

static int
is_shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Named before it runs, so that the last line tells which broke it. */
static unsigned
run_folder(const char *folder)
{
	struct dirent **entry = NULL;
	int n = scandir(folder, &entry, is_shown, alphasort);
	unsigned files = 0;

	CLAIM(n >= 0);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			puts(path);
			fflush(stdout);
			run_file(path);
			files++;
		}
		free(entry[i]);
	}
	free(entry);
	return files;
}

int
main(int argc, char **argv)
{
	unsigned files = 0;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	run_bytes((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		files += run_folder(argv[i]);
	printf("%u files\n", files);
	return files > 0 ? 0 : 1;
}
