#include "ca/x509/csr_parts.h"
#include "ca/x509/der.h"
#include "ca/x509/oid.h"

#define EXTENSIONS_MAX 16

struct extension {
	struct bytes oid;
	bool critical;
	struct bytes value; /* DER, inside its OCTET STRING */
};

/* RFC 5280, 4.1 and 4.2.1.9: a device that asks for CA:TRUE is refused in so
 * many words; nothing of the answer could please it. */
static int
check_basic_constraints(struct bytes value, struct err *e)
{
	struct bytes seq, flag;
	if (der_take(&value, DER_SEQUENCE, &seq))
		return csr_refuse(
		    e, "RFC 5280, 4.2.1.9: malformed basic constraints");
	if (seq.len == 0)
		return 0;
	if (der_take(&seq, DER_BOOLEAN, &flag) || flag.data[0] == 0)
		return csr_refuse(
		    e, "RFC 5280, 4.2.1.9: malformed basic constraints");
	return csr_refuse(e, "basic constraints ask for CA:TRUE");
}

static bool
is_harmless(struct bytes oid)
{
	return bytes_equal(oid, oid_key_usage) ||
	       bytes_equal(oid, oid_extended_key_usage) ||
	       bytes_equal(oid, oid_subject_key_id);
}

static int
read_extension(const struct extension *x, struct san_list *out, struct err *e)
{
	struct bytes names, value = x->value;
	if (bytes_equal(x->oid, oid_basic_constraints))
		return check_basic_constraints(value, e);
	if (bytes_equal(x->oid, oid_subject_alt_name)) {
		if (der_take(&value, DER_SEQUENCE, &names))
			return csr_refuse(
			    e, "RFC 5280, 4.2.1.6: malformed names");
		return csr_read_names(names, out, e);
	}
	/* The profile alone decides what these will be. */
	if (is_harmless(x->oid) || !x->critical)
		return 0;
	return csr_refuse(
	    e, "RFC 5280, 4.2: an unknown extension that is critical");
}

/* RFC 5280, 4.1: critical is FALSE by default, so in DER it is TRUE or not
 * there. */
static int
take_extension(struct bytes *list, struct extension *out, struct err *e)
{
	struct bytes seq, flag;
	bool ok = !der_take(list, DER_SEQUENCE, &seq) &&
		  !der_take(&seq, DER_OID, &out->oid);
	out->critical = ok && der_peek(seq) == DER_BOOLEAN;
	if (out->critical)
		ok = !der_take(&seq, DER_BOOLEAN, &flag) && flag.data[0] != 0;
	if (!ok || der_take(&seq, DER_OCTET_STRING, &out->value) ||
	    seq.len > 0 || !der_is_well_formed(out->value))
		return csr_refuse(e, "RFC 5280, 4.1: a malformed extension");
	return 0;
}

static int
read_extensions(struct bytes list, struct san_list *out, struct err *e)
{
	struct bytes seen[EXTENSIONS_MAX];
	size_t count = 0;
	while (list.len > 0) {
		struct extension x;
		if (take_extension(&list, &x, e))
			return -1;
		for (size_t i = 0; i < count; i++) {
			if (bytes_equal(x.oid, seen[i]))
				return csr_refuse(e, "RFC 5280, 4.2: the same "
						     "extension twice");
		}
		if (count == EXTENSIONS_MAX)
			return csr_refuse(e, "more than 16 extensions");
		seen[count++] = x.oid;
		if (read_extension(&x, out, e))
			return -1;
	}
	return 0;
}

/* RFC 2985, 5.4.2: single-valued. */
static int
read_extension_request(struct bytes values, struct san_list *out, struct err *e)
{
	struct bytes list;
	if (der_take(&values, DER_SEQUENCE, &list) || values.len > 0 ||
	    list.len == 0)
		return csr_refuse(
		    e, "RFC 2985, 5.4.2: a malformed extension request");
	return read_extensions(list, out, e);
}

int
csr_read_attributes(
    struct bytes attributes, struct san_list *out, struct err *e)
{
	bool seen = false;
	while (attributes.len > 0) {
		struct bytes seq, oid, values;
		if (der_take(&attributes, DER_SEQUENCE, &seq) ||
		    der_take(&seq, DER_OID, &oid) ||
		    der_take(&seq, DER_SET, &values) || values.len == 0 ||
		    seq.len > 0)
			return csr_refuse(
			    e, "RFC 2986, 4.1: a malformed attribute");
		/* Challenge passwords and the like say nothing to us. */
		if (!bytes_equal(oid, oid_extension_request))
			continue;
		if (seen)
			return csr_refuse(
			    e, "RFC 2985, 5.4.2: two extension requests");
		seen = true;
		if (read_extension_request(values, out, e))
			return -1;
	}
	return 0;
}
