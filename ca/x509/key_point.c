/* Whether a point lies on its curve, without making a key of it: a tenth of
 * what public_key_load costs. */
#include <openssl/ec.h>
#include <pthread.h>

#include "ca/x509/key_kind.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EC_GROUP *groups[KEY_TYPE_COUNT];

static void
make_groups(void)
{
	for (unsigned t = 0; t < KEY_TYPE_COUNT; t++) {
		const struct key_kind *kind = key_kind((enum key_type)t);
		if (kind->family == KEY_FAMILY_EC)
			groups[t] = EC_GROUP_new_by_curve_name(kind->curve_nid);
	}
}

/* EC_POINT_oct2point solves the curve's equation (SEC 1, 2.3.4). */
static int
check_on(const EC_GROUP *group, const struct public_key *k, struct err *e)
{
	EC_POINT *point = EC_POINT_new(group);
	int on = point &&
		 EC_POINT_oct2point(group, point, k->raw, k->len, NULL) == 1;
	EC_POINT_free(point);
	return on ? 0 : key_load_blame(e);
}

int
public_key_check_point(const struct public_key *k, struct err *e)
{
	if (public_key_check(k, e))
		return -1;
	if (key_kind(k->type)->family != KEY_FAMILY_EC)
		return 0;
	if (pthread_once(&once, make_groups) || !groups[k->type])
		return err_openssl(e, "a curve");
	return check_on(groups[k->type], k, e);
}
