/* The law of profiles; see profile.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ca/policy/profile.h"

#define DAY_S 86400

/* Under the topic prefix these words are the service's, or may be one day;
 * over HTTP they and the ca.… files stand where an entity's name stands. */
static const char *const protected_names[] = {
    "audit",
    "authority",
    "broker",
    "ca",
    "ca.crl",
    "ca.crl.pem",
    "ca.crt",
    "ca.key",
    "create",
    "crl",
    "enrol",
    "enroll",
    "escrow",
    "get",
    "health",
    "healthz",
    "issue",
    "ledger",
    "list",
    "metrics",
    "ms_ssl_server",
    "ms_ssl_signer",
    "ocsp",
    "profiles",
    "renew",
    "revoke",
    "service",
    "sign",
    "signer",
    "ssl",
    "status",
    "unlock",
    "v1",
    "v2",
    "verify",
};

#define PROTECTED_COUNT (sizeof(protected_names) / sizeof(protected_names[0]))

bool
policy_name_is_protected(const char *name)
{
	for (size_t i = 0; i < PROTECTED_COUNT; i++)
		if (strcasecmp(protected_names[i], name) == 0)
			return true;
	return false;
}

static bool
text_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* The host of a cn "host" or "host/info". */
static struct bytes
cn_host(const char *cn)
{
	struct bytes host = bytes_of_text(cn);
	const void *slash = memchr(cn, '/', host.len);

	if (slash != NULL)
		host.len = (size_t)((const char *)slash - cn);
	return host;
}

/* The cn's host as the one item of out. */
static int
cn_san(const char *cn, struct san_list *out, struct err *e)
{
	struct err why = ERR_INIT;

	out->count = 0;
	if (san_list_add_host(out, cn_host(cn), &why) == 0)
		return 0;
	return err_set(e, ERR_BAD_FIELD, "cn",
	    "must be a host name or address, or host/info");
}

static unsigned
usage_for(const struct profile *p, const struct public_key *key)
{
	switch (key->type) {
	case KEY_RSA_2048:
	case KEY_RSA_3072:
	case KEY_RSA_4096:
		return p->usage;
	default:
		return p->usage & ~USAGE_KEY_ENCIPHERMENT;
	}
}

static void
device_uri_for(const struct profile *p, const struct name *name,
    char out[NAME_DEVICE_URI_LEN])
{
	char mac[13];

	out[0] = '\0';
	if (p->device_uri && name_mac_parse(bytes_of_text(name->text), mac))
		name_device_uri(mac, out);
}

int
policy_apply(const struct profile *p, const struct name *name,
    struct certificate_fields *fields, struct err *e)
{
	char *cn = fields->subject.value[SUBJECT_CN];
	struct san_list host;

	fields->usage = usage_for(p, &fields->key);
	fields->extended_usage = p->extended_usage;
	device_uri_for(p, name, fields->device_uri);
	if (cn[0] == '\0')
		snprintf(cn, SUBJECT_VALUE_MAX + 1, "%s", name->text);
	if (!p->cn_is_host)
		return 0;
	if (cn_san(cn, &host, e) != 0)
		return -1;
	return san_list_add_host(&fields->sans, cn_host(cn), e);
}

static int
check_name(const struct profile *p, const struct name *name, struct err *e)
{
	const char *own = policy_local_name(p);
	struct name again;

	if (name_parse(bytes_of_text(name->text), &again, e) != 0)
		return -1;
	if (!text_equal(again.text, name->text) || again.is_mac != name->is_mac)
		return err_set(
		    e, ERR_BAD_FIELD, "name", "is not in its canonical form");
	if (p->local && (own == NULL || !text_equal(own, name->text)))
		return err_set(e, ERR_PROTECTED_NAME, "name",
		    "profile \"%s\" is for the authority's own entity alone",
		    p->name);
	if (!p->local && policy_name_is_protected(name->text))
		return err_set(e, ERR_PROTECTED_NAME, "name",
		    "\"%s\" is the authority's own", name->text);
	return 0;
}

static bool
cn_is_protected(const struct profile *p, const char *cn)
{
	char host[SUBJECT_VALUE_MAX + 1];
	struct bytes b = cn_host(cn);

	if (policy_name_is_protected(cn))
		return true;
	if (!p->cn_is_host)
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)b.len, cn);
	return policy_name_is_protected(host);
}

/*
 * A client's cn becomes its username at the broker (use_identity_as_username),
 * and its username opens a topic (`pattern read ssl/%u`): it must not be
 * another collector, a word of the authority's, or more than one topic level.
 */
static int
check_cn(const struct profile *p, const struct name *name, const char *cn,
    struct err *e)
{
	char mac[13];

	if (cn[0] == '\0')
		return err_set(e, ERR_BAD_FIELD, "cn", "is missing");
	if (p->local) {
		if (text_equal(cn, name->text))
			return 0;
		return err_set(e, ERR_BAD_FIELD, "cn",
		    "must be \"%s\" for profile \"%s\"", name->text, p->name);
	}
	if (cn_is_protected(p, cn))
		return err_set(
		    e, ERR_PROTECTED_NAME, "cn", "is the authority's own");
	if (name_mac_parse(bytes_of_text(cn), mac) &&
	    !text_equal(mac, name->text))
		return err_set(
		    e, ERR_BAD_FIELD, "cn", "is the MAC of another collector");
	if ((p->extended_usage & EXTENDED_USAGE_CLIENT) != 0 &&
	    cn[strcspn(cn, "/+#")] != '\0')
		return err_set(e, ERR_BAD_FIELD, "cn",
		    "must not contain '/', '+' or '#': a client's cn is its "
		    "topic");
	return 0;
}

static int
check_dates(const struct profile *p, const struct certificate_fields *f,
    int64_t issuer_not_after_s, struct err *e)
{
	int64_t most_s = (int64_t)p->days_max * DAY_S + POLICY_BACKDATE_MAX_S;

	if (f->not_before_s < 0 || f->not_after_s <= f->not_before_s)
		return err_set(
		    e, ERR_BAD_FIELD, "days", "must be 1 to %u", p->days_max);
	if (f->not_after_s - f->not_before_s > most_s)
		return err_set(e, ERR_BAD_FIELD, "days",
		    "must be 1 to %u for profile \"%s\"", p->days_max, p->name);
	if (f->not_after_s > issuer_not_after_s)
		return err_set(e, ERR_BAD_FIELD, "days",
		    "must not outlive the authority's certificate");
	return 0;
}

static int
check_key(const struct profile *p, const struct public_key *key, struct err *e)
{
	if (public_key_check(key, e) != 0)
		return -1;
	if ((p->key_types & (1u << key->type)) == 0)
		return err_set(e, ERR_BAD_FIELD, "key_type",
		    "\"%s\" is not for profile \"%s\"",
		    key_type_word(key->type), p->name);
	return 0;
}

/* Clients of the authority's own servers may know them by these words. */
static int
check_protected_sans(
    const struct profile *p, const struct san_list *l, struct err *e)
{
	for (size_t i = 0; !p->local && i < l->count; i++)
		if (policy_name_is_protected(l->item[i].text))
			return err_set(e, ERR_PROTECTED_NAME, "san",
			    "\"%s\" is the authority's own", l->item[i].text);
	return 0;
}

static int
check_sans(
    const struct profile *p, const struct certificate_fields *f, struct err *e)
{
	struct san_list host = {.count = 0};

	if (san_list_check(&f->sans, e) != 0 ||
	    check_protected_sans(p, &f->sans, e) != 0)
		return -1;
	if (p->cn_is_host) {
		if (cn_san(f->subject.value[SUBJECT_CN], &host, e) != 0)
			return -1;
		if (!san_list_has(&f->sans, &host.item[0]))
			return err_set(e, ERR_BAD_FIELD, "san",
			    "must have the cn's host among its names");
	}
	if (!p->san_allowed && f->sans.count != host.count)
		return err_set(e, ERR_BAD_FIELD, "san",
		    "is not for profile \"%s\"", p->name);
	return 0;
}

/* What policy_apply put in: different only where a caller went round it. */
static int
check_applied(const struct profile *p, const struct name *name,
    const struct certificate_fields *f, struct err *e)
{
	char uri[NAME_DEVICE_URI_LEN];

	device_uri_for(p, name, uri);
	if (f->usage != usage_for(p, &f->key) ||
	    f->extended_usage != p->extended_usage ||
	    !text_equal(f->device_uri, uri))
		return err_set(e, ERR_INTERNAL, NULL,
		    "usages or device URI are not profile \"%s\"'s", p->name);
	return 0;
}

int
policy_check(const struct profile *p, const struct name *name,
    const struct certificate_fields *fields, int64_t issuer_not_after_s,
    struct err *e)
{
	const char *cn = fields->subject.value[SUBJECT_CN];

	if (check_name(p, name, e) != 0 ||
	    check_dates(p, fields, issuer_not_after_s, e) != 0 ||
	    subject_check(&fields->subject, e) != 0 ||
	    check_cn(p, name, cn, e) != 0 ||
	    check_key(p, &fields->key, e) != 0 ||
	    check_sans(p, fields, e) != 0 ||
	    check_applied(p, name, fields, e) != 0)
		return -1;
	if (!serial_is_valid(&fields->serial))
		return err_set(e, ERR_INTERNAL, NULL,
		    "the serial number breaks RFC 5280, 4.1.2.2");
	return 0;
}
