#include "ca/policy/profile.h"

#include <string.h>

#define ALL_KEY_TYPES  ((1u << KEY_TYPE_COUNT) - 1)
#define ALL_ATTRIBUTES ((1u << SUBJECT_COUNT) - 1)

/* Key encipherment is for RSA keys; policy_apply leaves it out for others. */
#define USAGE_TLS (USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT)

/* 825 days is the most that common TLS clients accept of a server. */
static const struct profile built_in[] = {
    {
	.name = "collector",
	.usage = USAGE_TLS,
	.extended_usage = EXTENDED_USAGE_CLIENT,
	.days_max = 3650,
	.key_types = ALL_KEY_TYPES,
	.device_uri = true,
	.san_allowed = true,
	/* The cn is the broker's username: ours to give. */
	.csr_subject = ALL_ATTRIBUTES & ~(1u << SUBJECT_CN),
    },
    {
	.name = "server",
	.usage = USAGE_TLS,
	.extended_usage = EXTENDED_USAGE_SERVER,
	.days_max = 825,
	.key_types = ALL_KEY_TYPES,
	.cn_is_host = true,
	.san_allowed = true,
	.csr_subject = ALL_ATTRIBUTES,
    },
    {
	/* A broker is a client, too, where it is bridged to another. */
	.name = "broker",
	.usage = USAGE_TLS,
	.extended_usage = EXTENDED_USAGE_SERVER | EXTENDED_USAGE_CLIENT,
	.days_max = 825,
	.key_types = ALL_KEY_TYPES,
	.san_allowed = true,
	.local = true,
    },
    {
	.name = "service",
	.usage = USAGE_TLS,
	.extended_usage = EXTENDED_USAGE_CLIENT,
	.days_max = 825,
	.key_types = ALL_KEY_TYPES,
	.local = true,
    },
};

#define BUILT_IN_COUNT (sizeof(built_in) / sizeof(built_in[0]))

void
profile_set_init(struct profile_set *set)
{
	memset(set, 0, sizeof(*set));
	memcpy(set->item, built_in, sizeof(built_in));
	set->count = BUILT_IN_COUNT;
}

const struct profile *
profile_find(const struct profile_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (bytes_equal(
			bytes_of_text(set->item[i].name), bytes_of_text(name)))
			return &set->item[i];
	return NULL;
}

unsigned
profile_days_max(const struct profile_set *set)
{
	unsigned days = 0;

	for (size_t i = 0; i < set->count; i++)
		if (!set->item[i].local && set->item[i].days_max > days)
			days = set->item[i].days_max;
	return days;
}

const char *
policy_local_name(const struct profile *p)
{
	if (!p->local)
		return NULL;
	if (strcmp(p->name, "broker") == 0)
		return "broker";
	return strcmp(p->name, "service") == 0 ? "ssl" : NULL;
}
