#include <stdlib.h>
#include <string.h>

#include "ca/base/file.h"
#include "ca/signer/hsm.h"

#define CONF        "/etc/softhsm/softhsm2.conf"
#define CONF_MAX    65536
#define CONF_FOLDER "directories.tokendir"
#define SOFTHSM     "/libsofthsm" /* how the module's name begins */

/* The value of "directories.tokendir = VALUE"; "" where there is none. */
static void
find_folder(char *text, char *out, size_t size)
{
	char *rest = NULL;

	out[0] = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		line += strspn(line, " \t");
		if (strncmp(line, CONF_FOLDER, sizeof(CONF_FOLDER) - 1) != 0)
			continue;
		line += sizeof(CONF_FOLDER) - 1;
		line += strspn(line, " \t=");
		line[strcspn(line, " \t\r#")] = '\0';
		if (strlen(line) < size)
			memcpy(out, line, strlen(line) + 1);
	}
}

int
hsm_folder(const char *module, char *out, size_t size, struct err *e)
{
	const char *name = module == NULL ? NULL : strrchr(module, '/');
	const char *conf = getenv("SOFTHSM2_CONF");
	struct buf text;
	int rc;

	out[0] = '\0';
	if (name == NULL || strncmp(name, SOFTHSM, sizeof(SOFTHSM) - 1) != 0)
		return 0;
	buf_init(&text, CONF_MAX);
	rc = file_read(conf == NULL ? CONF : conf, &text, e);
	if (rc == 0 && text.len > 0)
		find_folder((char *)text.data, out, size);
	buf_clear(&text);
	if (rc == 0 && out[0] == '\0')
		rc = err_set(e, ERR_INTERNAL, NULL,
		    "%s: no folder in " CONF_FOLDER,
		    conf == NULL ? CONF : conf);
	return rc;
}
