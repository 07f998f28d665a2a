/*
 * Whoever has taken over the service and asks well-formed messages of the real
 * signer gets certificates within the profiles, and nothing else: law.h looks
 * at every certificate that comes, hunt.h at every answer.
 */
#include "tests/unit/ca/signer/hijack.h"

static struct fixture shared;
static struct hunt secrets;
static struct front open_front;

static const struct {
	const char *profile, *name;
} entities[] = {{"collector", "AABBCCDDEEFF"}, {"camera", "cam-1"},
    {"server", "prof.voice.com"}, {"broker", "broker"}, {"service", "ssl"}};

#define ENTITY_COUNT (sizeof(entities) / sizeof(entities[0]))

/* Sets one field to what it may not be. */
typedef void (*spoil_fn)(struct signer_request *m);

static struct signer_request
good_request(size_t entity)
{
	return issue_request(
	    entities[entity].profile, entities[entity].name, KEY_EC_P256);
}

/* Under every profile, with the passphrase, with a wrong one and with none. */
static void
assert_refused_everywhere(spoil_fn spoil)
{
	const struct bytes passes[] = {
	    bytes_of_text(PASS), bytes_of_text(WRONG_PASS), bytes_of_text("")};

	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		struct signer_request m = good_request(i);

		assert_int_equal(front_ask(&open_front, &m), ERR_NONE);
		spoil(&m);
		for (size_t p = 0; p < 3; p++) {
			m.pass = passes[p];
			assert_int_not_equal(
			    front_ask(&open_front, &m), ERR_NONE);
		}
	}
}

#define ASSERT_EACH_REFUSED(list)                                              \
	do {                                                                   \
		for (size_t n = 0; n < sizeof(list) / sizeof((list)[0]); n++)  \
			assert_refused_everywhere((list)[n]);                  \
	} while (0)

static void
lasts_a_hundred_years(struct signer_request *m)
{
	m->fields.not_after_s = m->fields.not_before_s + 36525LL * DAY_S;
}

static void
lasts_a_minute_too_long(struct signer_request *m)
{
	m->fields.not_after_s = m->fields.not_before_s +
				(int64_t)law_of(m->profile)->days * DAY_S +
				HOUR_S + 60;
}

static void
lasts_for_ever(struct signer_request *m)
{
	m->fields.not_after_s = INT64_MAX;
}

static void
lasts_to_the_year_9999(struct signer_request *m)
{
	m->fields.not_after_s = 253402300799;
}

static void
ends_before_it_begins(struct signer_request *m)
{
	m->fields.not_after_s = m->fields.not_before_s - 1;
}

static void
ends_as_it_begins(struct signer_request *m)
{
	m->fields.not_after_s = m->fields.not_before_s;
}

static void
ends_before_all_time(struct signer_request *m)
{
	m->fields.not_after_s = INT64_MIN;
}

static void
begin_at(struct signer_request *m, int64_t start_s)
{
	m->fields.not_before_s = start_s;
	m->fields.not_after_s = start_s + DAY_S;
}

static void
begins_two_days_ago(struct signer_request *m)
{
	begin_at(m, now_s() - 2 * DAY_S);
}

static void
begins_in_an_hour(struct signer_request *m)
{
	begin_at(m, now_s() + HOUR_S);
}

static void
begins_next_year(struct signer_request *m)
{
	begin_at(m, now_s() + 365 * DAY_S);
}

static void
begins_in_1970(struct signer_request *m)
{
	begin_at(m, 0);
}

static void
begins_before_1970(struct signer_request *m)
{
	begin_at(m, -1);
}

static void
begins_before_all_time(struct signer_request *m)
{
	begin_at(m, INT64_MIN);
}

static void
spans_all_time(struct signer_request *m)
{
	m->fields.not_before_s = INT64_MIN;
	m->fields.not_after_s = INT64_MAX;
}

static void
validity_outside_the_profile_is_refused(void **state)
{
	static const spoil_fn list[] = {lasts_a_hundred_years,
	    lasts_a_minute_too_long, lasts_for_ever, lasts_to_the_year_9999,
	    ends_before_it_begins, ends_as_it_begins, ends_before_all_time,
	    begins_two_days_ago, begins_in_an_hour, begins_next_year,
	    begins_in_1970, begins_before_1970, begins_before_all_time,
	    spans_all_time};

	(void)state;
	ASSERT_EACH_REFUSED(list);
}

static void
serial_is_zero(struct signer_request *m)
{
	memset(m->fields.serial.bytes, 0, SERIAL_LEN);
}

static void
serial_is_negative(struct signer_request *m)
{
	m->fields.serial.bytes[0] |= 0x80;
}

static void
serial_is_all_ones(struct signer_request *m)
{
	memset(m->fields.serial.bytes, 0xff, SERIAL_LEN);
}

static void
serial_begins_with_zero(struct signer_request *m)
{
	m->fields.serial.bytes[0] = 0;
}

static void
serial_out_of_form_is_refused(void **state)
{
	static const spoil_fn list[] = {serial_is_zero, serial_is_negative,
	    serial_is_all_ones, serial_begins_with_zero};

	(void)state;
	ASSERT_EACH_REFUSED(list);
}

/* The signer keeps no list: a front end that repeats a serial harms its own
 * record, and still gets no more than the profile. */
static void
repeated_serial_gets_no_more_than_its_profile(void **state)
{
	struct signer_request first = good_request(0), second;

	(void)state;
	assert_int_equal(front_ask(&open_front, &first), ERR_NONE);
	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		second = good_request(i);
		second.fields.serial = first.fields.serial;
		assert_int_equal(front_ask(&open_front, &second), ERR_NONE);
		lasts_a_hundred_years(&second);
		assert_int_not_equal(front_ask(&open_front, &second), ERR_NONE);
	}
}

static void
assert_subject_refused(enum subject_attribute a, const char *value)
{
	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		struct signer_request m = good_request(i);

		snprintf(m.fields.subject.value[a], SUBJECT_VALUE_MAX + 1, "%s",
		    value);
		assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
	}
}

static void
subject_past_its_bounds_is_refused(void **state)
{
	static const struct {
		enum subject_attribute attribute;
		size_t most;
	} bounds[] = {{SUBJECT_COUNTRY, 2}, {SUBJECT_STATE, 128},
	    {SUBJECT_LOCALITY, 128}, {SUBJECT_ORG, 64}, {SUBJECT_UNIT, 64},
	    {SUBJECT_CN, 64}, {SUBJECT_EMAIL, 255}};
	char text[SUBJECT_VALUE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < SUBJECT_COUNT; i++) {
		memset(text, 'A', sizeof(text));
		text[bounds[i].most + 1] = '\0';
		assert_subject_refused(bounds[i].attribute, text);
		text[bounds[i].most + 1] = 'A';
		text[SUBJECT_VALUE_MAX] = '\0';
		assert_subject_refused(bounds[i].attribute, text);
	}
	assert_subject_refused(SUBJECT_COUNTRY, "b");
	assert_subject_refused(SUBJECT_COUNTRY, "b1");
	assert_subject_refused(SUBJECT_EMAIL, "a b@example.com");
}

static void
subject_with_what_does_not_print_is_refused(void **state)
{
	static const char *const values[] = {"a\nb", "a\rb", "a\tb", "\x01",
	    "\x1b[31m", "a\x7f",
	    "a\xc2\x85"
	    "b",
	    "\xe2\x80\xae"
	    "evil",
	    "\xe2\x80\xa8", "\xff\xfe", "\xc0\x80", "\xed\xa0\x80",
	    "\xf4\x90\x80\x80", "\xe2\x82", " a", "a "};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_subject_refused(SUBJECT_STATE, values[i]);
		assert_subject_refused(SUBJECT_ORG, values[i]);
		assert_subject_refused(SUBJECT_CN, values[i]);
		assert_subject_refused(SUBJECT_EMAIL, values[i]);
	}
}

/* Each word as a name and as a cn, under each profile, however it is written;
 * the local profiles take the one of their own. */
static void
protected_names_are_refused_under_every_profile(void **state)
{
	static const char *const words[] = {"broker", "ssl", "ca", "sign",
	    "create", "revoke", "verify", "ocsp", "metrics", "healthz",
	    "ms_ssl_server", "SSL", "Broker", "cA", "v1", "ca.crt"};

	(void)state;
	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
		for (size_t i = 0; i < ENTITY_COUNT; i++) {
			struct signer_request m = issue_request(
			    entities[i].profile, words[w], KEY_EC_P256);
			bool own = strcmp(words[w], entities[i].name) == 0;

			assert_int_equal(
			    front_ask(&open_front, &m) == ERR_NONE, own);
			set_cn(&m, "harmless.example");
			assert_int_not_equal(
			    front_ask(&open_front, &m), ERR_NONE);
			m = good_request(i);
			set_cn(&m, words[w]);
			assert_int_equal(
			    front_ask(&open_front, &m) == ERR_NONE, own);
		}
	}
}

static void
name_is_empty(struct signer_request *m)
{
	m->name.text[0] = '\0';
}

static void
name_is_not_canonical(struct signer_request *m)
{
	snprintf(m->name.text, sizeof(m->name.text), "aa:bb:cc:dd:ee:ff");
}

static void
name_lies_about_a_mac(struct signer_request *m)
{
	m->name.is_mac = !m->name.is_mac;
}

static void
name_is_a_wildcard(struct signer_request *m)
{
	snprintf(m->name.text, sizeof(m->name.text), "#");
}

static void
name_has_levels(struct signer_request *m)
{
	snprintf(m->name.text, sizeof(m->name.text), "a/b");
}

static void
cn_is_another_collector(struct signer_request *m)
{
	set_cn(m, "00:00:00:00:00:01");
}

static void
cn_is_a_topic_filter(struct signer_request *m)
{
	set_cn(m, "+");
}

static void
name_or_cn_of_another_form_is_refused(void **state)
{
	static const spoil_fn list[] = {name_is_empty, name_is_not_canonical,
	    name_lies_about_a_mac, name_is_a_wildcard, name_has_levels,
	    cn_is_another_collector, cn_is_a_topic_filter};

	(void)state;
	ASSERT_EACH_REFUSED(list);
}

static void
entities_of_others_get_no_local_profile(void **state)
{
	static const char *const names[] = {
	    "AABBCCDDEEFF", "prof.voice.com", "cam-1"};

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		for (size_t i = 3; i < ENTITY_COUNT; i++) {
			struct signer_request m = issue_request(
			    entities[i].profile, names[n], KEY_EC_P256);

			assert_int_equal(
			    front_ask(&open_front, &m), ERR_PROTECTED_NAME);
			m = good_request(i);
			set_cn(&m, names[n]);
			assert_int_not_equal(
			    front_ask(&open_front, &m), ERR_NONE);
		}
	}
}

static void
unknown_profiles_are_refused(void **state)
{
	static const char *const names[] = {"", "ca", "authority", "root",
	    "intermediate", "ocsp", "Collector", "collector ", "*", "%s",
	    "abcdefghijklmnopqrstuvwxyzabcdef"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct signer_request m = good_request(0);

		snprintf(m.profile, sizeof(m.profile), "%s", names[i]);
		assert_int_equal(front_ask(&open_front, &m), ERR_BAD_FIELD);
	}
}

static enum err_kind
ask_with_san(size_t entity, enum san_type type, const char *text)
{
	struct signer_request m = good_request(entity);

	m.fields.sans.count = 1;
	m.fields.sans.item[0].type = type;
	snprintf(m.fields.sans.item[0].text, SAN_TEXT_MAX + 1, "%s", text);
	return front_ask(&open_front, &m);
}

/* law.h sees to it that a client's certificate with a server's name in it is
 * still not for a server. */
static void
names_are_for_the_profiles_that_allow_them(void **state)
{
	static const bool allowed[] = {true, false, false, false, false};

	(void)state;
	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		bool server = i == 2; /* the cn's host is added to them */

		assert_int_equal(
		    ask_with_san(i, SAN_DNS, "bank.example.com") == ERR_NONE,
		    allowed[i] || server);
		assert_int_equal(
		    ask_with_san(i, SAN_IP, "192.0.2.1") == ERR_NONE,
		    allowed[i] || server);
	}
}

static void
protected_hosts_are_for_the_local_profiles_alone(void **state)
{
	static const char *const hosts[] = {"broker", "ssl", "ca", "ocsp"};

	(void)state;
	for (size_t h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++) {
		for (size_t i = 0; i < 3; i++)
			assert_int_not_equal(
			    ask_with_san(i, SAN_DNS, hosts[h]), ERR_NONE);
	}
	assert_int_equal(ask_with_san(3, SAN_DNS, hosts[0]), ERR_NONE);
}

/* No passphrase is needed for them: so they are those of the configuration. */
static void
local_entities_have_the_configured_names_alone(void **state)
{
	static const char *const others[] = {"ssl", "bank.example.com",
	    "localhost.example.com", "*.localhost", "Localhost"};

	(void)state;
	assert_int_equal(ask_with_san(3, SAN_DNS, "localhost"), ERR_NONE);
	assert_int_equal(ask_with_san(3, SAN_IP, "127.0.0.1"), ERR_NONE);
	assert_int_not_equal(ask_with_san(3, SAN_IP, "127.0.0.2"), ERR_NONE);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_not_equal(
		    ask_with_san(3, SAN_DNS, others[i]), ERR_NONE);
}

static void
names_out_of_form_are_refused(void **state)
{
	static const char *const hosts[] = {"", "UPPER.example", "a b", "a..b",
	    "-a.example", "*", "*.*.example", "a.*.example", "a_b", "192.0.2.1",
	    "a\nb", "http://a.example", "a.example.", "\xc3\xa9.example"};
	static const char *const addresses[] = {"", "192.0.2", "192.0.2.256",
	    "0192.0.2.1", "192.0.2.1/24", "::1%lo", "2001:DB8::1", ":::"};

	(void)state;
	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		for (size_t n = 0; n < sizeof(hosts) / sizeof(*hosts); n++)
			assert_int_not_equal(
			    ask_with_san(i, SAN_DNS, hosts[n]), ERR_NONE);
		for (size_t n = 0; n < sizeof(addresses) / sizeof(*addresses);
		     n++)
			assert_int_not_equal(
			    ask_with_san(i, SAN_IP, addresses[n]), ERR_NONE);
	}
}

static void
point_is_off_its_curve(struct signer_request *m)
{
	m->fields.key.raw[m->fields.key.len - 1] ^= 1;
}

static void
point_is_zero(struct signer_request *m)
{
	memset(m->fields.key.raw + 1, 0, m->fields.key.len - 1u);
}

static void
point_is_past_the_field(struct signer_request *m)
{
	memset(m->fields.key.raw + 1, 0xff, m->fields.key.len - 1u);
}

static void
point_is_at_infinity(struct signer_request *m)
{
	m->fields.key.raw[0] = 0;
	m->fields.key.len = 1;
}

static void
point_is_compressed(struct signer_request *m)
{
	m->fields.key.raw[0] = 2;
	m->fields.key.len = 33;
}

static void
point_is_hybrid(struct signer_request *m)
{
	m->fields.key.raw[0] = 6;
}

static void
point_is_of_another_curve(struct signer_request *m)
{
	m->fields.key.type = KEY_EC_P384;
}

static void
point_of_another_curve_fits(struct signer_request *m)
{
	fixture_key(KEY_EC_P384, &m->fields.key);
	m->fields.key.raw[50] ^= 1;
}

static void
p521_point_is_off_its_curve(struct signer_request *m)
{
	fixture_key(KEY_EC_P521, &m->fields.key);
	m->fields.key.raw[132] ^= 1;
}

static void
point_has_an_exponent(struct signer_request *m)
{
	m->fields.key.rsa_exponent = 65537;
}

static void
key_is_empty(struct signer_request *m)
{
	m->fields.key.len = 0;
}

static void
ed25519_key_is_short(struct signer_request *m)
{
	fixture_key(KEY_ED25519, &m->fields.key);
	m->fields.key.len--;
}

static void
ed25519_key_is_long(struct signer_request *m)
{
	fixture_key(KEY_ED25519, &m->fields.key);
	m->fields.key.len++;
}

static void
key_that_is_no_key_is_refused(void **state)
{
	static const spoil_fn list[] = {point_is_off_its_curve, point_is_zero,
	    point_is_past_the_field, point_is_at_infinity, point_is_compressed,
	    point_is_hybrid, point_is_of_another_curve,
	    point_of_another_curve_fits, p521_point_is_off_its_curve,
	    point_has_an_exponent, key_is_empty, ed25519_key_is_short,
	    ed25519_key_is_long};

	(void)state;
	ASSERT_EACH_REFUSED(list);
}

static void
rsa_exponent_out_of_bounds_is_refused(void **state)
{
	static const uint32_t exponents[] = {
	    0, 1, 2, 3, 17, 257, 65535, 65536, 65538, UINT32_MAX - 1};

	(void)state;
	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		struct signer_request m = good_request(i);

		fixture_key(KEY_RSA_2048, &m.fields.key);
		for (size_t n = 0; n < sizeof(exponents) / sizeof(*exponents);
		     n++) {
			m.fields.key.rsa_exponent = exponents[n];
			assert_int_not_equal(
			    front_ask(&open_front, &m), ERR_NONE);
		}
	}
}

static void
rsa_has_1024_bits(struct signer_request *m)
{
	fixture_key(KEY_RSA_2048, &m->fields.key);
	m->fields.key.len = 128;
	m->fields.key.raw[127] |= 1;
}

static void
rsa_has_2047_bits(struct signer_request *m)
{
	fixture_key(KEY_RSA_2048, &m->fields.key);
	m->fields.key.raw[0] = 0x7f;
}

static void
rsa_is_not_of_its_type(struct signer_request *m)
{
	fixture_key(KEY_RSA_2048, &m->fields.key);
	m->fields.key.type = KEY_RSA_4096;
}

static void
rsa_begins_with_zero(struct signer_request *m)
{
	fixture_key(KEY_RSA_3072, &m->fields.key);
	m->fields.key.raw[0] = 0;
}

static void
rsa_is_even(struct signer_request *m)
{
	fixture_key(KEY_RSA_2048, &m->fields.key);
	m->fields.key.raw[255] &= 0xfe;
}

static void
rsa_modulus_out_of_bounds_is_refused(void **state)
{
	static const spoil_fn list[] = {rsa_has_1024_bits, rsa_has_2047_bits,
	    rsa_is_not_of_its_type, rsa_begins_with_zero, rsa_is_even};

	(void)state;
	ASSERT_EACH_REFUSED(list);
}

/* law.h has which profile takes which. */
static void
other_key_types_are_the_profiles_to_take(void **state)
{
	(void)state;
	for (int t = 0; t < KEY_TYPE_COUNT; t++) {
		for (size_t i = 0; i < ENTITY_COUNT; i++) {
			struct signer_request m =
			    issue_request(entities[i].profile, entities[i].name,
				(enum key_type)t);
			bool camera = i == 1;

			assert_int_equal(front_ask(&open_front, &m) == ERR_NONE,
			    !camera || t == KEY_EC_P256);
		}
	}
}

static void
without_the_passphrase_only_local_profiles_are_issued(void **state)
{
	const struct bytes passes[] = {bytes_of_text(""),
	    bytes_of_text(WRONG_PASS), bytes_of_text(PASS "x"),
	    {(const uint8_t *)PASS, sizeof(PASS)}};

	(void)state;
	for (size_t p = 0; p < 4; p++) {
		for (size_t i = 0; i < ENTITY_COUNT; i++) {
			struct signer_request m = good_request(i);
			bool local = i >= 3;

			m.pass = passes[p];
			assert_int_equal(
			    front_ask(&open_front, &m) == ERR_NONE, local);
		}
	}
}

static void
locked_signer_does_nothing_without_the_passphrase(void **state)
{
	static const uint8_t sealed[MESSAGE_JOURNAL_KEY] = {1};
	struct front f = front_start(&shared, &secrets, false);

	(void)state;
	for (int op = SIGNER_UNLOCK; op < SIGNER_OP_COUNT; op++) {
		for (size_t i = 0; i < ENTITY_COUNT; i++) {
			struct signer_request m = good_request(i);

			m.op = (enum signer_op)op;
			m.pass = bytes_of_text("");
			m.sealed = (struct bytes){sealed, sizeof(sealed)};
			assert_int_not_equal(front_ask(&f, &m), ERR_NONE);
		}
	}
	assert_int_equal(front_end(&f), 0);
}

static struct signer_request
renewal(int64_t not_before_s, int64_t days)
{
	struct signer_request m = {.op = SIGNER_RENEW_AUTHORITY, .id = 9};
	struct err e = ERR_INIT;

	assert_int_equal(serial_new(&m.fields.serial, &e), 0);
	m.fields.not_before_s = not_before_s;
	m.fields.not_after_s = not_before_s + days * DAY_S;
	return m;
}

static void
authority_is_renewed_within_its_bounds_alone(void **state)
{
	struct front f = front_start(&shared, &secrets, true);
	struct signer_request m;

	(void)state;
	m = renewal(now_s(), 36525);
	assert_int_not_equal(front_ask(&f, &m), ERR_NONE);
	m = renewal(now_s(), 30); /* shorter than the present one */
	assert_int_not_equal(front_ask(&f, &m), ERR_NONE);
	m = renewal(now_s() + 365 * DAY_S, 5000);
	assert_int_not_equal(front_ask(&f, &m), ERR_NONE);
	m = renewal(now_s() - 365 * DAY_S, 5000);
	assert_int_not_equal(front_ask(&f, &m), ERR_NONE);
	m = renewal(now_s(), 5000);
	spans_all_time(&m);
	assert_int_not_equal(front_ask(&f, &m), ERR_NONE);
	m = renewal(now_s(), 5000);
	serial_is_negative(&m);
	assert_int_not_equal(front_ask(&f, &m), ERR_NONE);
	m = renewal(now_s(), 5000);
	assert_int_equal(front_ask(&f, &m), ERR_NONE);
	assert_int_equal(front_end(&f), 0);
}

struct sealed {
	struct signer_request m; /* opens it */
	struct secret *pem;
	struct buf data;
};

static void
sealed_open(struct sealed *s)
{
	struct err e = ERR_INIT;
	EVP_PKEY *key = NULL;

	s->m = good_request(0);
	s->m.op = SIGNER_OPEN_KEY;
	buf_init(&s->data, 8192);
	assert_int_equal(private_key_new(KEY_EC_P256, &key, &e), 0);
	assert_int_equal(private_key_pem(key, &s->pem, &e), 0);
	assert_int_equal(sealed_key_make(shared.escrow_public_key, &s->m.name,
			     &s->m.fields.serial, s->pem, &s->data, &e),
	    0);
	s->m.sealed = buf_bytes(&s->data);
	EVP_PKEY_free(key);
}

static void
sealed_close(struct sealed *s)
{
	secret_free(s->pem);
	buf_clear(&s->data);
}

static void
sealed_key_is_for_its_own_name_serial_and_passphrase(void **state)
{
	struct sealed s;
	struct signer_request m;

	(void)state;
	sealed_open(&s);
	assert_int_equal(front_ask(&open_front, &s.m), ERR_NONE);
	m = s.m;
	m.name.text[0] = 'B';
	assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
	m = s.m;
	m.name.text[NAME_LEN_MAX] = '\0';
	memset(m.name.text, 'A', NAME_LEN_MAX);
	assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
	m = s.m;
	m.fields.serial.bytes[SERIAL_LEN - 1] ^= 1;
	assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
	m = s.m;
	m.pass = bytes_of_text("");
	assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
	m.pass = bytes_of_text(WRONG_PASS);
	assert_int_equal(front_ask(&open_front, &m), ERR_WRONG_PASS);
	sealed_close(&s);
}

static void
changed_sealed_key_does_not_open(void **state)
{
	struct sealed s;

	(void)state;
	sealed_open(&s);
	for (size_t i = 0; i < s.data.len; i++) {
		s.data.data[i] ^= 0x40;
		assert_int_not_equal(front_ask(&open_front, &s.m), ERR_NONE);
		s.data.data[i] ^= 0x40;
		s.m.sealed.len = i;
		assert_int_not_equal(front_ask(&open_front, &s.m), ERR_NONE);
		s.m.sealed.len = s.data.len;
	}
	sealed_close(&s);
}

/* What was sealed for an entity, at the length of a journal's key, and a
 * journal's key, each asked for as the other. */
static void
sealed_for_one_end_does_not_open_for_the_other(void **state)
{
	struct secret *bytes = secret_new(PASS PASS, 32);
	struct signer_request m = good_request(0);
	struct err e = ERR_INIT;
	struct buf entity, journal;

	(void)state;
	assert_non_null(bytes);
	buf_init(&entity, MESSAGE_MAX);
	buf_init(&journal, MESSAGE_MAX);
	assert_int_equal(sealed_key_make(shared.escrow_public_key, &m.name,
			     &m.fields.serial, bytes, &entity, &e),
	    0);
	assert_int_equal(
	    seal(shared.escrow_public_key, bytes_of_text(SEAL_INFO_JOURNAL),
		(struct bytes){NULL, 0},
		(struct bytes){m.fields.key.raw + 1, 32}, &journal, &e),
	    0);
	m.op = SIGNER_OPEN_JOURNAL;
	m.sealed = buf_bytes(&journal);
	assert_int_equal(front_ask(&open_front, &m), ERR_NONE);
	m.sealed = buf_bytes(&entity);
	assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
	m.op = SIGNER_OPEN_KEY;
	m.sealed = buf_bytes(&journal);
	assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
	buf_clear(&entity);
	buf_clear(&journal);
	secret_free(bytes);
}

/* The encrypted files of the authority, as if one had been sealed. */
static void
authoritys_own_files_do_not_open_as_sealed_keys(void **state)
{
	static const char *const names[] = {"ca.key", "escrow.key", "ca.crt"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct signer_request m = good_request(0);
		struct buf file;

		buf_init(&file, 65536);
		fixture_read(&shared, names[i], &file);
		m.op = SIGNER_OPEN_KEY;
		m.sealed = buf_bytes(&file);
		assert_int_not_equal(front_ask(&open_front, &m), ERR_NONE);
		buf_clear(&file);
	}
}

/* A signature by the CRT that went wrong would give the key away, so here the
 * answers of an RSA authority are hunted through. */
static void
rsa_authority_keeps_the_same_law(void **state)
{
	struct fixture f;
	struct hunt hunt;
	struct front front;

	(void)state;
	fixture_open(&f, KEY_RSA_2048);
	fixture_write(&f, "profiles.conf", PROFILES, 0644);
	hunt_open(&hunt, &f);
	front = front_start(&f, &hunt, true);
	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		struct signer_request m = good_request(i);

		assert_int_equal(front_ask(&front, &m), ERR_NONE);
		lasts_a_hundred_years(&m);
		assert_int_not_equal(front_ask(&front, &m), ERR_NONE);
	}
	assert_int_equal(front_end(&front), 0);
	hunt_close(&hunt);
	fixture_close(&f);
}

/* The test's own tools find what they are there to find. */
static void
hunt_finds_a_part_of_the_key(void **state)
{
	struct hunt h = {.count = 0};
	uint8_t secret[32], packet[64];
	struct buf text;

	(void)state;
	assert_int_equal(RAND_bytes(secret, sizeof(secret)), 1);
	assert_int_equal(RAND_bytes(packet, sizeof(packet)), 1);
	hunt_add_secret(&h, secret, sizeof(secret));
	assert_false(hunt_finds(&h, (struct bytes){packet, sizeof(packet)}));
	memcpy(packet + 13, secret + 5, PART_RAW);
	assert_true(hunt_finds(&h, (struct bytes){packet, sizeof(packet)}));
	buf_init(&text, 256);
	memcpy(packet + 11, secret, sizeof(secret));
	base64_encode((struct bytes){packet, sizeof(packet)}, 64, &text);
	assert_true(hunt_finds(&h, buf_bytes(&text)));
	buf_clear(&text);
	hunt_close(&h);
}

static int
setup(void **state)
{
	(void)state;
	fixture_open(&shared, KEY_EC_P256);
	fixture_write(&shared, "profiles.conf", PROFILES, 0644);
	hunt_open(&secrets, &shared);
	open_front = front_start(&shared, &secrets, true);
	return 0;
}

/* After all that it still ends as it should. */
static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(front_end(&open_front), 0);
	hunt_close(&secrets);
	fixture_close(&shared);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hunt_finds_a_part_of_the_key),
	    cmocka_unit_test(validity_outside_the_profile_is_refused),
	    cmocka_unit_test(serial_out_of_form_is_refused),
	    cmocka_unit_test(repeated_serial_gets_no_more_than_its_profile),
	    cmocka_unit_test(subject_past_its_bounds_is_refused),
	    cmocka_unit_test(subject_with_what_does_not_print_is_refused),
	    cmocka_unit_test(protected_names_are_refused_under_every_profile),
	    cmocka_unit_test(name_or_cn_of_another_form_is_refused),
	    cmocka_unit_test(entities_of_others_get_no_local_profile),
	    cmocka_unit_test(unknown_profiles_are_refused),
	    cmocka_unit_test(names_are_for_the_profiles_that_allow_them),
	    cmocka_unit_test(protected_hosts_are_for_the_local_profiles_alone),
	    cmocka_unit_test(local_entities_have_the_configured_names_alone),
	    cmocka_unit_test(names_out_of_form_are_refused),
	    cmocka_unit_test(key_that_is_no_key_is_refused),
	    cmocka_unit_test(rsa_exponent_out_of_bounds_is_refused),
	    cmocka_unit_test(rsa_modulus_out_of_bounds_is_refused),
	    cmocka_unit_test(other_key_types_are_the_profiles_to_take),
	    cmocka_unit_test(
		without_the_passphrase_only_local_profiles_are_issued),
	    cmocka_unit_test(locked_signer_does_nothing_without_the_passphrase),
	    cmocka_unit_test(authority_is_renewed_within_its_bounds_alone),
	    cmocka_unit_test(
		sealed_key_is_for_its_own_name_serial_and_passphrase),
	    cmocka_unit_test(changed_sealed_key_does_not_open),
	    cmocka_unit_test(sealed_for_one_end_does_not_open_for_the_other),
	    cmocka_unit_test(authoritys_own_files_do_not_open_as_sealed_keys),
	    cmocka_unit_test(rsa_authority_keeps_the_same_law),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
