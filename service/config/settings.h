/* The table of all settings. Internal to service/config. */
#ifndef SERVICE_CONFIG_SETTINGS_H
#define SERVICE_CONFIG_SETTINGS_H

#include "service/config/config.h"

enum setting_type {
	SETTING_TEXT,   /* char[size] */
	SETTING_PATH,   /* char[size], made absolute; "" stays */
	SETTING_NUMBER, /* unsigned */
	SETTING_SIZE,   /* size_t */
	SETTING_FLAG,   /* bool */
	SETTING_LEVEL,  /* enum log_level */
	SETTING_KEY,    /* enum key_type */
	SETTING_SUBJECT /* an attribute of defaults; offset: which */
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset; /* in struct config */
	size_t size;   /* of a text */
	unsigned min, max;
	const char *standard; /* the default, as it would be written */
	const char *help;
};

extern const struct setting settings[];
extern const size_t settings_count;

/* By name; NULL: none. */
const struct setting *setting_find(const char *name);

/* Parses and checks one value. ERR_BAD_FIELD, field: the setting's name. */
MUST_USE int setting_set(const struct setting *s, const char *value,
    struct config *c, struct err *e);

#endif
