#include "tests/load/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <openssl/pem.h>

#include "tests/load/certificate_check.h"
#include "tests/load/say.h"

struct judge {
	const struct options *o;
	const struct plan *plan;
	struct verdict *v;
	EVP_PKEY *issuer;
	uint8_t (*serials)[SERIAL_SIZE]; /* of the right ones */
};

static const char *
text_in(const cJSON *json, const char *field)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, field);

	return cJSON_IsString(value) ? value->valuestring : NULL;
}

static void
count_word(struct verdict *v, const char *word)
{
	for (size_t i = 0; i < WORDS_MAX; i++) {
		struct word_count *w = &v->words[i];

		if (w->count == 0)
			snprintf(w->word, sizeof(w->word), "%s", word);
		if (strncmp(w->word, word, sizeof(w->word) - 1) == 0) {
			w->count++;
			return;
		}
	}
}

static bool
is_expected(const struct options *o, const char *word)
{
	for (size_t i = 0; i < o->expect_count; i++)
		if (strcmp(o->expect[i], word) == 0)
			return true;
	return false;
}

/* The issuer is --ca's, else what the first answer says it is. */
static const char *
find_issuer(struct judge *j, const char *pem)
{
	X509 *ca;

	if (j->issuer != NULL)
		return NULL;
	ca = pem == NULL ? NULL : certificate_of_pem(pem);
	if (ca == NULL)
		return "there is no certificate of the authority";
	j->issuer = X509_get_pubkey(ca);
	X509_free(ca);
	return j->issuer == NULL ? "the authority's key cannot be read" : NULL;
}

static const char *
judge_pem(
    struct judge *j, const struct item *item, EVP_PKEY *key, const char *pem)
{
	struct certificate_wanted wanted = {item->name, key, j->issuer};
	const char *fault;

	if (pem == NULL)
		return "there is no certificate";
	if (key == NULL)
		return "there is no key";
	fault = certificate_check(pem, &wanted, j->serials[j->v->certificates]);
	if (fault == NULL)
		j->v->certificates++;
	return fault;
}

/* Our own answers: with csr the key is "", with create it is the new one. */
static const char *
judge_ours(struct judge *j, const struct item *item, const cJSON *json)
{
	const char *fault = find_issuer(j, text_in(json, "ca"));
	const char *key_text = text_in(json, "key");
	const char *name = text_in(json, "name");
	EVP_PKEY *key;

	if (fault != NULL)
		return fault;
	if (name == NULL || strcmp(name, item->name) != 0)
		return "the answer has another name";
	if (key_text == NULL ||
	    (key_text[0] == '\0') != (j->o->verb == VERB_SIGN))
		return "\"key\" is not as the verb has it";
	if (j->o->verb == VERB_SIGN)
		return judge_pem(
		    j, item, j->plan->keys[item->key], text_in(json, "crt"));
	key = key_of_pem(key_text);
	fault = judge_pem(j, item, key, text_in(json, "crt"));
	EVP_PKEY_free(key);
	return fault;
}

static const char *
judge_cfssl(struct judge *j, const struct item *item, const cJSON *json)
{
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
	const char *fault = find_issuer(j, NULL);

	if (fault != NULL)
		return fault;
	return judge_pem(
	    j, item, j->plan->keys[item->key], text_in(result, "certificate"));
}

static const char *
judge_json(struct judge *j, const struct item *item, const cJSON *json)
{
	const char *word = text_in(json, "error");

	if (word != NULL) {
		count_word(j->v, word);
		if (!is_expected(j->o, word))
			return "an error";
		j->v->expected++;
		return NULL;
	}
	if (j->o->expect_count > 0)
		return "it is no error";
	if (j->o->door != DOOR_MQTT && item->status != 200 &&
	    item->status != 201)
		return "the HTTP status is neither 200 nor 201";
	return j->o->door == DOOR_CFSSL ? judge_cfssl(j, item, json)
					: judge_ours(j, item, json);
}

static void
judge_item(struct judge *j, const struct item *item)
{
	struct verdict *v = j->v;
	const char *fault, *end = NULL;
	cJSON *json;

	if (item->answer == NULL) {
		v->missing++;
		fault = item->lost != NULL ? item->lost : "no answer came";
	} else {
		json = cJSON_ParseWithOpts(item->answer, &end, true);
		fault =
		    json == NULL ? "it is no JSON" : judge_json(j, item, json);
		cJSON_Delete(json);
		v->wrong += fault != NULL;
	}
	/* Its head says what it is; a key that is in it is further on. */
	if (fault != NULL && v->first_wrong[0] == '\0')
		snprintf(v->first_wrong, sizeof(v->first_wrong),
		    "%s: %s (HTTP %d): %.120s", item->name, fault, item->status,
		    item->answer != NULL ? item->answer : "");
}

static int
compare_serials(const void *a, const void *b)
{
	return memcmp(a, b, SERIAL_SIZE);
}

static void
count_same_serials(struct judge *j)
{
	qsort(j->serials, j->v->certificates, SERIAL_SIZE, compare_serials);
	for (size_t i = 1; i < j->v->certificates; i++)
		if (memcmp(j->serials[i - 1], j->serials[i], SERIAL_SIZE) == 0)
			j->v->same_serial++;
}

static int
load_issuer(struct judge *j)
{
	X509 *ca;
	FILE *f;

	if (j->o->ca == NULL)
		return j->o->door == DOOR_CFSSL
			   ? complain(
				 "--ca is needed: cfssl's answers have none")
			   : 0;
	f = fopen(j->o->ca, "re");
	if (f == NULL)
		return complain("--ca %s: cannot be read", j->o->ca);
	ca = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	if (ca != NULL)
		j->issuer = X509_get_pubkey(ca);
	X509_free(ca);
	if (j->issuer == NULL)
		return complain("--ca %s: there is no certificate", j->o->ca);
	return 0;
}

static void
judge_all(struct judge *j, size_t first)
{
	time_t said = time(NULL);

	for (size_t i = first; i < j->plan->count; i++) {
		if (j->plan->items[i].due_ns != 0) {
			j->v->asked++;
			judge_item(j, &j->plan->items[i]);
		}
		if (time(NULL) != said)
			progress("checked %zu of %zu", i - first + 1,
			    j->plan->count - first);
		said = time(NULL);
	}
	progress_end();
}

int
verify_all(const struct options *o, const struct plan *plan, size_t first,
    struct verdict *v)
{
	struct judge j = {.o = o, .plan = plan, .v = v};

	*v = (struct verdict){0};
	j.serials = calloc(plan->count - first + 1, SERIAL_SIZE);
	if (j.serials == NULL)
		return complain("out of memory");
	if (load_issuer(&j) != 0) {
		free(j.serials);
		return -1;
	}
	judge_all(&j, first);
	count_same_serials(&j);
	EVP_PKEY_free(j.issuer);
	free(j.serials);
	return 0;
}

bool
verdict_is_good(const struct verdict *v)
{
	return v->asked > 0 && v->wrong == 0 && v->missing == 0 &&
	       v->same_serial == 0 && v->certificates + v->expected == v->asked;
}
