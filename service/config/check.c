/* What settings must be together, after each is right by itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "ca/base/file.h"
#include "service/config/check.h"
#include "service/config/settings.h"

static void
tell(struct check *c, const char *name, const char *message)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %s", name, message);
	c->problem(c->arg, c->path, check_line(c, name), text);
	c->problems++;
}

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static bool
is_address(const char *host)
{
	struct sockaddr_in6 a;

	return uv_ip4_addr(host, 0, (struct sockaddr_in *)(void *)&a) == 0 ||
	       uv_ip6_addr(host, 0, &a) == 0;
}

static void
check_http(struct check *c, const struct config *v)
{
	bool tls = v->http.tls_certificate[0] != '\0';
	struct err e = ERR_INIT;

	if (!v->http_enabled)
		return;
	if (!is_address(v->http.host))
		tell(c, "http_host", "must be an IPv4 or IPv6 address");
	else if (!tls && !v->http_plain_elsewhere && !is_loopback(v->http.host))
		tell(c, "http_host",
		    "beyond loopback needs http_tls_certificate, or "
		    "http_plain_elsewhere = true");
	if (tls != (v->http.tls_key[0] != '\0'))
		tell(c, "http_tls_key",
		    "http_tls_certificate and http_tls_key go together");
	if (v->http.tls_client_required && v->http.tls_client_ca[0] == '\0')
		tell(c, "http_tls_client_required", "needs http_tls_client_ca");
	if (tls && !file_exists(v->http.tls_certificate))
		tell(c, "http_tls_certificate", "there is no such file");
	if (v->http.tls_key[0] != '\0' &&
	    file_check_private(v->http.tls_key, &e) != 0)
		tell(c, "http_tls_key", e.message);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* HOST:PORT, [ADDRESS]:PORT */
static bool
is_host_and_port(const char *text)
{
	bool bracket = text[0] == '[';
	const char *host = text + bracket;
	size_t n = strspn(
	    host, bracket ? DIGITS "abcdefABCDEF:." : LETTERS DIGITS ".-_");
	const char *port = host + n + bracket + 1;
	unsigned long number;

	if (n == 0 || (bracket && host[n] != ']') || host[n + bracket] != ':' ||
	    strspn(port, DIGITS) != strlen(port) || strlen(port) > 5)
		return false;
	number = strtoul(port, NULL, 10);
	return number >= 1 && number <= 65535;
}

/* It goes into topics, and into the broker's ACL file. */
static bool
is_prefix(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && strspn(text, LETTERS DIGITS "._-/") == n &&
	       text[0] != '/' && text[n - 1] != '/' &&
	       strstr(text, "//") == NULL;
}

static void
check_mqtt(struct check *c, const struct config *v)
{
	if (!v->mqtt_enabled)
		return;
	if ((strncmp(v->mqtt.url, "ssl://", 6) != 0 &&
		strncmp(v->mqtt.url, "tcp://", 6) != 0) ||
	    !is_host_and_port(v->mqtt.url + 6))
		tell(c, "mqtt_url",
		    "must be ssl://HOST:PORT or tcp://HOST:PORT");
	if (v->mqtt.reconnect_min_ms > v->mqtt.reconnect_max_ms)
		tell(c, "mqtt_reconnect_min",
		    "must not be more than mqtt_reconnect_max");
	if (!is_prefix(v->topic_prefix))
		tell(c, "topic_prefix",
		    "must be letters, digits, '.', '_', '-', and '/' between");
	if (v->mqtt.client_id[0] == '\0')
		tell(c, "mqtt_client_id", "must not be empty");
}

static void
check_names(struct check *c, const struct config *v)
{
	struct san_list sans = {.count = 0};
	struct err e = ERR_INIT;

	if (san_list_add_all(&sans, v->broker_names, &e) != 0)
		tell(c, "broker_names", e.message);
}

/* What others may read or replace protects nothing. */
static void
check_rights(struct check *c, const struct config *v)
{
	static const char *const keys[] = {"ca.key", "escrow.key"};
	char path[CONFIG_PATH_MAX];
	struct err e = ERR_INIT;

	if (file_exists(v->dir) && file_check_folder(v->dir, &e) != 0)
		tell(c, "dir", e.message);
	if (file_exists(v->local_dir) &&
	    file_check_folder(v->local_dir, &e) != 0)
		tell(c, "local_dir", e.message);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (file_path(path, sizeof(path), v->dir, keys[i]) == 0 &&
		    file_exists(path) && file_check_private(path, &e) != 0)
			tell(c, "dir", e.message);
}

static void
check_files(struct check *c, const struct config *v)
{
	struct err e = ERR_INIT;
	char path[CONFIG_PATH_MAX];

	if (file_path(path, sizeof(path), v->dir, "ca.crt") != 0 ||
	    !file_exists(path))
		tell(c, "dir",
		    "holds no ca.crt; make an installation with: "
		    "ms_ssl_server init --dir DIR");
	check_rights(c, v);
	if (!file_exists(v->profiles))
		tell(c, "profiles", "there is no such file");
	if (v->passphrase_file[0] != '\0' &&
	    file_check_private(v->passphrase_file, &e) != 0)
		tell(c, "passphrase_file", e.message);
	if (strncmp(v->store, "sqlite:", 7) != 0 || v->store[7] == '\0')
		tell(c, "store", "must be sqlite:PATH");
	if (v->ledger[0] == '\0')
		tell(c, "ledger", "must not be empty");
	if (v->local_renew_days >= v->local_days)
		tell(c, "local_renew_days", "must be less than local_days");
}

/* The signer checks the rest of the URI, but a PIN goes no further than this:
 * the signer's command line is for everybody to see. */
static void
check_ca_key(struct check *c, const struct config *v)
{
	if (v->ca_key[0] == '\0')
		return;
	if (strncmp(v->ca_key, "pkcs11:", 7) != 0)
		tell(c, "ca_key", "must be empty or begin with pkcs11:");
	if (strstr(v->ca_key, "pin-value") != NULL ||
	    strstr(v->ca_key, "pin-source") != NULL)
		tell(c, "ca_key",
		    "must hold no PIN: the passphrase of a request, or "
		    "passphrase_file, is it");
	if (v->pkcs11_module[0] != '\0' && !file_exists(v->pkcs11_module))
		tell(c, "pkcs11_module", "there is no such file");
}

void
check_together(struct check *c, const struct config *v)
{
	check_http(c, v);
	check_mqtt(c, v);
	check_names(c, v);
	check_ca_key(c, v);
	check_files(c, v);
}
