/*
 * Every file of fixtures/bad-requests, as service/work would take it through
 * the topics (the passphrase's check is that of a table of one): the error and
 * the field must be the file's. The end-to-end suite sends the same files
 * through both doors.
 */
#include <dirent.h>

#include "tests/unit/topics/fixture.h"

#define FOLDER   FIXTURES "/bad-requests"
#define FILE_MAX 65536
#define WORD_MAX 64

struct bad_request {
	char verb[WORD_MAX], error[WORD_MAX], field[WORD_MAX], door[WORD_MAX],
	    status[WORD_MAX];
	struct buf body;
};

/* "# key: value" into the member of that name. */
static void
read_header(struct bad_request *b, struct bytes line, const char *path)
{
	const struct {
		const char *start;
		char *value;
	} headers[] = {{"# verb: ", b->verb}, {"# error: ", b->error},
	    {"# field: ", b->field}, {"# door: ", b->door},
	    {"# status: ", b->status}};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		size_t n = strlen(headers[i].start);

		if (line.len <= n || line.len >= n + WORD_MAX ||
		    memcmp(line.data, headers[i].start, n) != 0)
			continue;
		memcpy(headers[i].value, line.data + n, line.len - n);
		headers[i].value[line.len - n] = '\0';
		return;
	}
	fail_msg("%s: a header that is none", path);
}

static bool
take_line(struct bytes *text, struct bytes *line)
{
	const uint8_t *end = memchr(text->data, '\n', text->len);

	if (end == NULL)
		return false;
	*line = (struct bytes){text->data, (size_t)(end - text->data)};
	*text = (struct bytes){end + 1, text->len - line->len - 1};
	return true;
}

/* base 64 of a file of fixtures/csr, on one line */
static void
append_csr(struct buf *out, struct bytes name)
{
	char path[512];
	struct err e = ERR_INIT;
	struct buf der;

	buf_init(&der, FILE_MAX);
	snprintf(path, sizeof(path), "%s/csr/%.*s", FIXTURES, (int)name.len,
	    (const char *)name.data);
	if (file_read(path, &der, &e) != 0)
		fail_msg("%s", e.message);
	base64_encode(buf_bytes(&der), FILE_MAX, out);
	out->len--; /* its line end */
	buf_clear(&der);
}

/* @PASS@ or @CSR:file@ at the front of text; how much of it that is. */
static size_t
append_placeholder(struct buf *out, struct bytes text)
{
	static const char pass[] = "@PASS@", csr[] = "@CSR:";
	size_t n = sizeof(csr) - 1;
	const uint8_t *end;

	if (text.len >= sizeof(pass) - 1 &&
	    memcmp(text.data, pass, sizeof(pass) - 1) == 0) {
		buf_append_text(out, PASS);
		return sizeof(pass) - 1;
	}
	if (text.len < n || memcmp(text.data, csr, n) != 0)
		return 0;
	end = memchr(text.data + n, '@', text.len - n);
	assert_non_null(end);
	append_csr(
	    out, (struct bytes){text.data + n, (size_t)(end - text.data) - n});
	return (size_t)(end - text.data) + 1;
}

static void
fill_body(struct buf *out, struct bytes text)
{
	size_t i = 0;

	while (i < text.len) {
		size_t n = append_placeholder(
		    out, (struct bytes){text.data + i, text.len - i});

		if (n == 0)
			buf_append_byte(out, text.data[i]);
		i += n == 0 ? 1 : n;
	}
	assert_false(out->failed);
}

static void
read_file(const char *path, struct bad_request *b)
{
	struct err e = ERR_INIT;
	struct bytes text, line;
	struct buf file;

	memset(b, 0, sizeof(*b));
	buf_init(&b->body, FILE_MAX);
	buf_init(&file, FILE_MAX);
	if (file_read(path, &file, &e) != 0)
		fail_msg("%s", e.message);
	text = buf_bytes(&file);
	while (
	    take_line(&text, &line) && !bytes_equal(line, bytes_of_text("---")))
		read_header(b, line, path);
	fill_body(&b->body, text);
	buf_clear(&file);
}

/* What stands between parse and prepare. */
static int
check_pass(struct fixture *f)
{
	if (f->r.pass == NULL)
		return err_set(&f->e, ERR_BAD_FIELD, "pass", "is required");
	if (!bytes_equal(secret_bytes(f->r.pass), bytes_of_text(PASS)))
		return err_set(&f->e, ERR_WRONG_PASS, "pass", "is wrong");
	return 0;
}

static int
take(struct fixture *f, const struct store_certificate *known,
    const struct bad_request *b)
{
	const struct verb *verb = verb_find_topic(bytes_of_text(b->verb));

	assert_non_null(verb);
	f->e = (struct err)ERR_INIT;
	if (b->body.len > verb->body_max)
		return err_set(&f->e, ERR_TOO_LARGE, NULL, "too large");
	if (fixture_parse_bytes(f, b->verb, buf_bytes(&b->body)) != 0 ||
	    check_pass(f) != 0)
		return -1;
	if (strcmp(f->r.name.text, known->name.text) == 0)
		fixture_know(f, known);
	return verb->prepare(&f->r, &f->v, &f->e);
}

/* The answer is JSON that our own scanner takes, with the error's word. */
static bool
answer_is_right(struct fixture *f, const struct bad_request *b)
{
	struct err e = ERR_INIT;
	char start[2 * WORD_MAX];

	snprintf(start, sizeof(start), "{\"error\": \"%s\", ", b->error);
	fixture_new_answer(f);
	answer_refuse(&f->e, &f->r, &f->a);
	return json_scan(buf_bytes(&f->a.body), &e) == 0 && !f->a.body.failed &&
	       buf_has(&f->a.body, start);
}

/* Who may be answered over MQTT is never one of the authority's own. */
static bool
address_is_right(const struct fixture *f)
{
	const char *name = f->r.answer_name;

	return name[0] == '\0' || (name_is_topic_safe(bytes_of_text(name)) &&
				      !policy_name_is_protected(name));
}

static bool
is_right(struct fixture *f, const struct store_certificate *known,
    const struct bad_request *b)
{
	char status[WORD_MAX];

	if (take(f, known, b) != -1)
		return false;
	snprintf(status, sizeof(status), "%u", err_status(f->e.kind));
	return strcmp(err_word(f->e.kind), b->error) == 0 &&
	       strcmp(f->e.field, b->field) == 0 &&
	       strcmp(status, b->status) == 0 && answer_is_right(f, b) &&
	       address_is_right(f);
}

static unsigned
replay(
    struct fixture *f, const struct store_certificate *known, const char *file)
{
	char path[512];
	struct bad_request b;
	bool right;

	snprintf(path, sizeof(path), "%s/%s", FOLDER, file);
	read_file(path, &b);
	right = is_right(f, known, &b);
	if (!right)
		print_error("%s: want %s %s %s, got %s %s: %s\n", file, b.error,
		    b.field, b.status, err_word(f->e.kind), f->e.field,
		    f->e.message);
	buf_clear(&b.body);
	return right ? 0 : 1;
}

static bool
is_bad_request(const char *file)
{
	size_t n = strlen(file);

	return n > 4 && strcmp(file + n - 4, ".req") == 0;
}

static void
every_bad_request_is_refused_as_its_file_says(void **state)
{
	struct fixture *f = *state;
	struct store_certificate known;
	DIR *folder = opendir(FOLDER);
	unsigned files = 0, faults = 0;
	const struct dirent *d;

	assert_non_null(folder);
	store_certificate_init(&known);
	fixture_enter(f,
	    "{\"name\":\"" MAC "\",\"days\":30,\"pass\":\"" PASS "\"}", &known);
	while ((d = readdir(folder)) != NULL) {
		if (!is_bad_request(d->d_name))
			continue;
		files++;
		faults += replay(f, &known, d->d_name);
	}
	closedir(folder);
	store_certificate_clear(&known);
	print_message("%u bad requests\n", files);
	assert_true(files >= 150);
	assert_int_equal(faults, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_bad_request_is_refused_as_its_file_says),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
