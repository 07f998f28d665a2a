#include "service/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/file.h"
#include "ca/policy/profile_file.h"
#include "service/config/check.h"
#include "service/config/read.h"
#include "service/config/settings.h"

int
check_line(const struct check *c, const char *name)
{
	for (size_t i = 0; i < settings_count; i++)
		if (strcmp(settings[i].name, name) == 0)
			return c->line[i];
	return 0;
}

void
config_init(struct config *c, const char *dir)
{
	struct err e = ERR_INIT;

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < settings_count; i++)
		(void)!setting_set(&settings[i], settings[i].standard, c, &e);
	snprintf(c->dir, sizeof(c->dir), "%s", dir);
}

/* Paths are relative to the configuration's folder. */
static int
make_absolute(char *path, size_t size, const char *folder)
{
	char text[CONFIG_PATH_MAX];
	int n;

	if (path[0] == '\0' || path[0] == '/')
		return 0;
	if (strcmp(path, ".") == 0)
		n = snprintf(text, sizeof(text), "%s", folder);
	else
		n = snprintf(text, sizeof(text), "%s/%s", folder, path);
	if (n < 0 || (size_t)n >= size || (size_t)n >= sizeof(text))
		return -1;
	memcpy(path, text, (size_t)n + 1);
	return 0;
}

static int
resolve_store(struct config *c, const char *folder)
{
	static const char scheme[] = "sqlite:";
	size_t n = sizeof(scheme) - 1;

	if (strncmp(c->store, scheme, n) != 0)
		return 0;
	return make_absolute(c->store + n, sizeof(c->store) - n, folder);
}

static int
resolve_paths(struct config *c, const char *folder)
{
	int rc = resolve_store(c, folder);

	if (make_absolute(c->ledger, sizeof(c->ledger), folder) != 0)
		rc = -1;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];

		if (s->type == SETTING_PATH &&
		    make_absolute((char *)c + s->offset, s->size, folder) != 0)
			rc = -1;
	}
	return rc;
}

static int
folder_of(const char *path, char out[CONFIG_PATH_MAX])
{
	char *real = realpath(path, NULL), *slash;
	int rc = -1;

	if (real == NULL)
		return -1;
	slash = strrchr(real, '/');
	if (slash == real)
		slash++;
	if (slash != NULL && slash - real < CONFIG_PATH_MAX) {
		*slash = '\0';
		memcpy(out, real, (size_t)(slash - real) + 1);
		rc = 0;
	}
	free(real);
	return rc;
}

static void
tell(struct check *c, const char *message)
{
	c->problem(c->arg, c->path, 0, message);
	c->problems++;
}

/* "key=value" */
static void
apply_setting(struct check *c, const char *text, struct config *out)
{
	const char *equals = strchr(text, '=');
	const struct setting *s = NULL;
	char name[64], message[512];
	struct err e = ERR_INIT;

	if (equals != NULL && (size_t)(equals - text) < sizeof(name)) {
		snprintf(
		    name, sizeof(name), "%.*s", (int)(equals - text), text);
		s = setting_find(name);
	}
	if (s == NULL) {
		snprintf(message, sizeof(message),
		    "--set %s: must be a setting, \"=\" and its value", text);
		tell(c, message);
	} else if (setting_set(s, equals + 1, out, &e) != 0) {
		snprintf(message, sizeof(message), "--set %s", e.message);
		tell(c, message);
	}
}

static void
on_profile_problem(void *arg, const char *path, int line, const char *message)
{
	struct check *c = arg;

	c->problem(c->arg, path, line, message);
	c->problems++;
}

static void
check_profiles(struct check *c, const struct config *v)
{
	struct profile_set set;

	if (file_exists(v->profiles))
		(void)!profile_file_read(
		    v->profiles, &set, on_profile_problem, c);
}

int
config_read(const char *path, const char *const *settings_given, size_t n,
    struct config *out, config_problem_fn problem, void *arg)
{
	return config_read_fd(path, -1, settings_given, n, out, problem, arg);
}

int
config_read_fd(const char *path, int fd, const char *const *settings_given,
    size_t n, struct config *out, config_problem_fn problem, void *arg)
{
	struct check c = {
	    .path = path, .fd = fd, .problem = problem, .arg = arg};
	char folder[CONFIG_PATH_MAX];

	config_init(out, ".");
	if (folder_of(path, folder) != 0) {
		tell(&c, "there is no such file; make an installation with: "
			 "ms_ssl_server init --dir DIR");
		return -1;
	}
	config_file_read(&c, out);
	for (size_t i = 0; i < n; i++)
		apply_setting(&c, settings_given[i], out);
	if (resolve_paths(out, folder) != 0)
		tell(&c, "a path is too long");
	out->http.drain_ms = out->drain_ms;
	check_together(&c, out);
	if (fd < 0)
		check_profiles(&c, out);
	return c.problems == 0 ? 0 : -1;
}
