/*
 * What both processes do with a passphrase once the key is open: tag it, and
 * compare the tag with the accepted one's.
 *
 *	compare_pass ACCEPTED CANDIDATE…
 *
 * Each candidate twice; the first time fetches what OpenSSL loads once. 0: the
 * last one was the accepted.
 */
#include <string.h>

#include "ca/base/secret.h"

/* Instructions are counted in here. */
__attribute__((noinline)) static bool
candidate_is_right(const char *text, const unsigned char *accepted)
{
	struct err e = ERR_INIT;
	unsigned char tag[SECRET_TAG_LEN];
	struct secret *s = secret_new(text, strlen(text));
	bool right = s != NULL && secret_tag(s, tag, &e) == 0 &&
		     secret_tag_equal(tag, accepted);

	secret_free(s);
	return right;
}

static int
tag_of(const char *text, unsigned char tag[SECRET_TAG_LEN])
{
	struct err e = ERR_INIT;
	struct secret *s = secret_new(text, strlen(text));
	int rc = s == NULL ? -1 : secret_tag(s, tag, &e);

	secret_free(s);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned char accepted[SECRET_TAG_LEN];
	struct err e = ERR_INIT;
	bool right = false;

	if (argc < 3 || secret_heap_init((size_t)1 << 16, &e) != 0)
		return 2;
	for (int i = 1; i < argc; i++) /* warm */
		if (tag_of(argv[i], accepted) != 0)
			return 2;
	if (tag_of(argv[1], accepted) != 0)
		return 2;
	for (int i = 2; i < argc; i++)
		right = candidate_is_right(argv[i], accepted);
	return right ? 0 : 1;
}
