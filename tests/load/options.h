/* The command line of msload. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/load/cpu.h"

#define EXPECT_MAX 8

enum door_kind { DOOR_HTTP, DOOR_MQTT, DOOR_CFSSL };
enum verb_kind { VERB_SIGN, VERB_CREATE };

/* Texts are the command line's own. */
struct options {
	enum door_kind door;
	enum verb_kind verb;
	const char *host;
	unsigned port; /* 0: the door's usual one */
	unsigned connections;
	unsigned requests;  /* in all, without warm_up */
	unsigned seconds;   /* 0: until all requests are sent */
	double rate;        /* a second; 0: closed loop */
	unsigned warm_up;   /* requests before the clock starts */
	unsigned timeout_s; /* without any answer */
	const char *days;
	const char *key_type;
	unsigned keys;      /* in the pool */
	const char *prefix; /* of the topics */
	const char *passphrase_file;
	const char *ca, *cert, *key;
	const char *json;               /* file; NULL: none */
	const char *expect[EXPECT_MAX]; /* error words; none: certificates */
	size_t expect_count;
	struct cpu_list cpu;
};

/* 0; 1 where --help was asked for and has been printed; -1 after a complaint.
 */
int options_parse(int argc, char **argv, struct options *o);

const char *door_word(enum door_kind door);
const char *verb_word(enum verb_kind verb);

#endif
