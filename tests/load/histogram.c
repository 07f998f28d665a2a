#include "tests/load/histogram.h"

static unsigned
slot_of(uint64_t value)
{
	unsigned top, shift;

	if (value < HISTOGRAM_PARTS)
		return (unsigned)value;
	top = 63u - (unsigned)__builtin_clzll(value);
	shift = top - HISTOGRAM_PART_BITS;
	return (shift + 1) * HISTOGRAM_PARTS +
	       (unsigned)((value >> shift) - HISTOGRAM_PARTS);
}

/* The largest value of a slot. */
static uint64_t
slot_end(unsigned slot)
{
	unsigned shift;
	uint64_t part;

	if (slot < HISTOGRAM_PARTS)
		return slot;
	shift = slot / HISTOGRAM_PARTS - 1;
	part = HISTOGRAM_PARTS + slot % HISTOGRAM_PARTS;
	return (part << shift) + ((UINT64_C(1) << shift) - 1);
}

void
histogram_add(struct histogram *h, uint64_t value)
{
	h->slots[slot_of(value)]++;
	h->count++;
	if (value > h->max)
		h->max = value;
}

uint64_t
histogram_value_at(const struct histogram *h, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)h->count + 0.999999);
	uint64_t seen = 0;

	if (wanted == 0)
		wanted = 1;
	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += h->slots[i];
		if (seen >= wanted && seen > 0)
			return slot_end(i) < h->max ? slot_end(i) : h->max;
	}
	return h->max;
}
