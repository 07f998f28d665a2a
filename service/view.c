#include "service/view.h"

#include <stdlib.h>
#include <string.h>

#include "ca/base/file.h"
#include "ca/base/hex.h"
#include "ca/base/seal.h"
#include "ca/policy/profile_file.h"

#define AUTHORITY_PEM_MAX 65536

/* The newest certificate stands first; older ones follow. */
static int
on_certificate(void *arg, struct bytes der, struct err *e)
{
	struct authority_view *v = arg;
	struct certificate_summary s;

	if (v->not_after_s != 0)
		return 0;
	if (certificate_summarize(der, &s, e) != 0)
		return -1;
	v->not_after_s = s.not_after_s;
	return 0;
}

static int
view_read_authority(const char *dir, struct authority_view *v, struct err *e)
{
	char path[CONFIG_PATH_MAX];

	if (file_path(path, sizeof(path), dir, "ca.crt") != 0)
		return err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	if (file_read(path, &v->pem, e) != 0)
		return -1;
	return certificate_pem_each(buf_bytes(&v->pem), on_certificate, v, e);
}

static int
view_read_escrow(const char *dir, struct authority_view *v, struct err *e)
{
	char path[CONFIG_PATH_MAX];
	struct buf text;
	int rc;

	if (file_path(path, sizeof(path), dir, "escrow.pub") != 0)
		return err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	buf_init(&text, 2 * SEAL_KEY_LEN + 2);
	rc = file_read(path, &text, e);
	if (rc == 0 && text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	if (rc == 0 && hex_decode(buf_bytes(&text), v->escrow_public_key,
			   SEAL_KEY_LEN) != 0)
		rc = err_set(
		    e, ERR_INTERNAL, NULL, "escrow.pub: must be 64 hex digits");
	buf_clear(&text);
	return rc;
}

static void
on_problem(void *arg, const char *path, int line, const char *message)
{
	(void)arg;
	log_error("profile", log_text("path", path), log_number("line", line),
	    log_text("message", message));
}

static int
view_read(const struct config *c, struct authority_view *v, struct err *e)
{
	if (profile_file_read(c->profiles, &v->profiles, on_problem, NULL) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "the profiles cannot be read; see `check`");
	if (view_read_authority(c->local_dir, v, e) != 0)
		return -1;
	return view_read_escrow(c->dir, v, e);
}

static struct authority_view *
view_new(const struct config *c, struct err *e)
{
	struct authority_view *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		(void)err_set(e, ERR_INTERNAL, NULL, "out of memory");
		return NULL;
	}
	buf_init(&v->pem, AUTHORITY_PEM_MAX);
	v->defaults = c->defaults;
	v->default_key_type = c->default_key_type;
	v->replay_window_ms = (int64_t)c->replay_window_s * 1000;
	return v;
}

int
view_load(const struct config *c, struct authority_view **out, struct err *e)
{
	struct authority_view *v = view_new(c, e);

	if (v == NULL)
		return -1;
	if (view_read(c, v, e) != 0) {
		view_free(v);
		return -1;
	}
	*out = v;
	return 0;
}

int
view_reload(const struct config *c, const struct authority_view *old,
    struct authority_view **out, struct err *e)
{
	struct authority_view *v = view_new(c, e);

	if (v == NULL)
		return -1;
	if (view_read_authority(c->local_dir, v, e) != 0) {
		view_free(v);
		return -1;
	}
	v->profiles = old->profiles;
	memcpy(v->escrow_public_key, old->escrow_public_key,
	    sizeof(v->escrow_public_key));
	*out = v;
	return 0;
}

void
view_free(struct authority_view *v)
{
	if (v == NULL)
		return;
	buf_clear(&v->pem);
	free(v);
}

int
view_renewed(const struct authority_view *v, struct bytes der,
    struct authority_view **out, struct err *e)
{
	struct authority_view *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	*n = *v;
	n->not_after_s = 0;
	buf_init(&n->pem, AUTHORITY_PEM_MAX);
	certificate_pem(der, &n->pem);
	buf_append(&n->pem, v->pem.data, v->pem.len);
	if (buf_check(&n->pem, "ca.crt", e) != 0 ||
	    on_certificate(n, der, e) != 0) {
		view_free(n);
		return -1;
	}
	*out = n;
	return 0;
}
