#include "mosquitto/options.h"

#include <string.h>

void
options_init(struct options *o)
{
	memset(o, 0, sizeof(*o));
	memcpy(o->service_name, "ssl", sizeof("ssl"));
}

static int
set_service_name(struct options *o, struct bytes value, struct err *e)
{
	if (!identity_name_is_valid(value))
		return err_set(e, ERR_BAD_FIELD, "service_name",
		    "must be 1 to %d of letters, digits, '.', '_', '-', ':'",
		    IDENTITY_NAME_MAX);
	memcpy(o->service_name, value.data, value.len);
	o->service_name[value.len] = '\0';
	return 0;
}

static int
set_state_file(struct options *o, struct bytes value, struct err *e)
{
	if (value.len == 0 || value.len >= sizeof(o->state_file) ||
	    value.data[0] != '/')
		return err_set(e, ERR_BAD_FIELD, "state_file",
		    "must be a path from the root, of at most %zu bytes",
		    sizeof(o->state_file) - 1);
	memcpy(o->state_file, value.data, value.len);
	o->state_file[value.len] = '\0';
	return 0;
}

static int
set_max_age(struct options *o, struct bytes value, struct err *e)
{
	int64_t n = 0;
	bool good = value.len > 0 && value.len <= 8;

	for (size_t i = 0; good && i < value.len; i++) {
		good = value.data[i] >= '0' && value.data[i] <= '9';
		n = 10 * n + (value.data[i] - '0');
	}
	if (!good || n > OPTIONS_MAX_AGE_S)
		return err_set(e, ERR_BAD_FIELD, "max_age",
		    "must be 0 to %d seconds", OPTIONS_MAX_AGE_S);
	o->max_age_s = n;
	return 0;
}

int
options_set(
    struct options *o, const char *key, const char *value, struct err *e)
{
	struct bytes text = bytes_of_text(value != NULL ? value : "");

	if (strcmp(key, "service_name") == 0)
		return set_service_name(o, text, e);
	if (strcmp(key, "state_file") == 0)
		return set_state_file(o, text, e);
	if (strcmp(key, "max_age") == 0)
		return set_max_age(o, text, e);
	return err_set(e, ERR_BAD_FIELD, "",
	    "plugin_opt_%s: is not one of service_name, state_file, max_age",
	    key);
}

int
options_check(const struct options *o, struct err *e)
{
	if (o->state_file[0] == '\0')
		return err_set(e, ERR_BAD_FIELD, "state_file", "must be given");
	return 0;
}
