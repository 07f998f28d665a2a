/* What the fuzzers share. Each is one file with LLVMFuzzerTestOneInput, and
 * runs under libFuzzer (preset "fuzz") or over its corpus (replay.c). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/buf.h"

/* libFuzzer's names. data is of the heap at exactly this length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What must hold for every input; stays in every build. */
#define CLAIM(x)                                                               \
	do {                                                                   \
		if (!(x)) {                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n",          \
			    __FILE__, __LINE__, #x);                           \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
