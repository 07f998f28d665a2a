/* The strict scanner, and behind it cJSON and the fields' rules. */
#include "tests/fuzz/fuzz.h"
#include "topics/json.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = {data, size};
	struct err scan = ERR_INIT, read = ERR_INIT;
	struct request r;
	int scanned = json_scan(text, &scan), rc;

	request_init(&r);
	rc = json_read_request(text, (1u << FIELD_COUNT) - 1, &r, &read);
	CLAIM(scanned == 0 || scan.kind == ERR_BAD_JSON);
	CLAIM((rc == 0) == (read.kind == ERR_NONE));
	/* What the scanner lets pass cJSON reads, too. */
	CLAIM(read.kind != ERR_INTERNAL);
	CLAIM((scanned != 0) == (read.kind == ERR_BAD_JSON));
	CLAIM(r.answer_name[0] == '\0' ||
	      name_is_topic_safe(bytes_of_text(r.answer_name)));
	request_clear(&r);
	return 0;
}
