#include "tests/load/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tests/load/csr_make.h"
#include "tests/load/say.h"

#define RUN_BITS       20
#define NUMBER_AT      7 /* in a name: after 02 and the run */
#define PASSPHRASE_MAX 1024

static int
read_passphrase(const char *file, char *out, int size)
{
	FILE *f;
	int rc = 0;

	out[0] = '\0';
	if (file == NULL)
		return 0;
	f = fopen(file, "re");
	if (f == NULL || fgets(out, size, f) == NULL)
		rc = complain("--passphrase-file %s: cannot be read", file);
	if (f != NULL)
		fclose(f);
	out[strcspn(out, "\r\n")] = '\0';
	return rc;
}

static cJSON *
body_for_cfssl(const struct item *item, const char *csr)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "hostname", item->name);
	cJSON_AddStringToObject(json, "certificate_request", csr);
	return json;
}

static cJSON *
body_for_us(const struct options *o, const struct item *item,
    const char *passphrase, const char *csr)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", item->name);
	cJSON_AddStringToObject(json, "days", o->days);
	cJSON_AddStringToObject(json, "pass", passphrase);
	if (o->verb == VERB_SIGN)
		cJSON_AddStringToObject(json, "csr", csr);
	else
		cJSON_AddStringToObject(json, "key_type", o->key_type);
	return json;
}

/* cJSON takes NULL for an object, and then adds nothing: one check at the end
 * is enough, for what it leaves out a server would miss. */
static int
make_body(const struct options *o, const struct plan *plan, struct item *item,
    const char *passphrase)
{
	char *csr = NULL;
	cJSON *json;

	if (o->verb == VERB_SIGN) {
		csr = csr_make(plan->keys[item->key], item->name);
		if (csr == NULL)
			return complain("a csr could not be made");
	}
	json = o->door == DOOR_CFSSL ? body_for_cfssl(item, csr)
				     : body_for_us(o, item, passphrase, csr);
	item->body = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	free(csr);
	if (item->body == NULL)
		return complain("out of memory");
	item->body_len = strlen(item->body);
	return 0;
}

static int
make_keys(const struct options *o, struct plan *plan)
{
	if (o->verb != VERB_SIGN)
		return 0;
	plan->key_count = o->keys < plan->count ? o->keys : plan->count;
	plan->keys = calloc(plan->key_count, sizeof(EVP_PKEY *));
	if (plan->keys == NULL)
		return complain("out of memory");
	for (size_t i = 0; i < plan->key_count; i++) {
		plan->keys[i] = key_make(o->key_type);
		if (plan->keys[i] == NULL)
			return complain(
			    "--key-type: no key of \"%s\"", o->key_type);
	}
	return 0;
}

static int
make_items(const struct options *o, struct plan *plan, const char *passphrase)
{
	time_t said = time(NULL);
	unsigned run;

	if (RAND_bytes((unsigned char *)&run, sizeof(run)) != 1)
		return complain("no randomness");
	run &= (1u << RUN_BITS) - 1;
	for (size_t i = 0; i < plan->count; i++) {
		struct item *item = &plan->items[i];

		snprintf(item->name, sizeof(item->name), "02%05X%05X", run,
		    (unsigned)i & 0xfffffu);
		item->key =
		    plan->key_count > 0 ? (unsigned)(i % plan->key_count) : 0;
		if (make_body(o, plan, item, passphrase) != 0)
			return -1;
		if (time(NULL) != said || i + 1 == plan->count)
			progress(
			    "prepared %zu of %zu requests", i + 1, plan->count);
		said = time(NULL);
	}
	return 0;
}

int
plan_make(const struct options *o, struct plan *plan)
{
	char passphrase[PASSPHRASE_MAX];
	int rc = -1;

	*plan = (struct plan){0};
	plan->count = (size_t)o->warm_up + o->requests;
	plan->items = calloc(plan->count, sizeof(*plan->items));
	if (plan->items == NULL)
		return complain("out of memory");
	if (read_passphrase(
		o->passphrase_file, passphrase, sizeof(passphrase)) == 0 &&
	    make_keys(o, plan) == 0)
		rc = make_items(o, plan, passphrase);
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
	return rc;
}

static void
item_free(struct item *item)
{
	if (item->body != NULL)
		OPENSSL_cleanse(item->body, item->body_len);
	cJSON_free(item->body);
	free(item->answer);
}

void
plan_free(struct plan *plan)
{
	for (size_t i = 0; plan->items != NULL && i < plan->count; i++)
		item_free(&plan->items[i]);
	free(plan->items);
	for (size_t i = 0; plan->keys != NULL && i < plan->key_count; i++)
		EVP_PKEY_free(plan->keys[i]);
	free(plan->keys);
	*plan = (struct plan){0};
}

struct item *
plan_find(const struct plan *plan, const char *name, size_t len)
{
	char number[NAME_LEN - NUMBER_AT + 1] = {0};
	struct item *item;
	size_t i;

	if (len != NAME_LEN)
		return NULL;
	memcpy(number, name + NUMBER_AT, NAME_LEN - NUMBER_AT);
	i = strtoul(number, NULL, 16);
	if (i >= plan->count)
		return NULL;
	item = &plan->items[i];
	return memcmp(item->name, name, NAME_LEN) == 0 ? item : NULL;
}
