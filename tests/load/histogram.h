/*
 * A log-linear histogram: every power of two is cut into 128 equal parts, so a
 * value read back is at most 1/128 (0.8 %) above the one put in, over the whole
 * range of 64 bits and in 58 KB.
 */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_PART_BITS 7
#define HISTOGRAM_PARTS     (1u << HISTOGRAM_PART_BITS)
#define HISTOGRAM_SLOTS     (HISTOGRAM_PARTS * (64 - HISTOGRAM_PART_BITS + 1))

/* All zero is an empty one. */
struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t slots[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *h, uint64_t value);

/* The smallest value that share (0 to 1) of all values do not exceed, rounded
 * up to the end of its slot but never above the maximum; 0 of an empty one. */
uint64_t histogram_value_at(const struct histogram *h, double share);

#endif
