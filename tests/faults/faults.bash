# shellcheck shell=bash
# What the fault tests share, beside the end-to-end harness: the shim, requests
# whose answers are kept, and the oracle that compares them with the record.

load ../e2e/harness

FAULTS=$BATS_TEST_DIRNAME
SHIM=${MS_FAULT_SHIM:-$MS_BIN_DIR/../tests/libms_faults.so}

# The shim under a sanitizer would come before the sanitizer's own library.
need_shim() {
	[[ $MS_BIN_DIR != *san/bin ]] || skip "the shim does not go with sanitizers"
	[ -r "$SHIM" ] || { echo "not built: $SHIM" >&2; return 1; }
}

# The service (not its supervisor, nor the signer) runs under the shim.
start_with_shim() { # DIR [options of run]
	ARM=$TEST_DIR/arm
	CALLS=$TEST_DIR/calls
	rm -f "$ARM"
	: >"$CALLS"
	chmod 666 "$CALLS" # the service may be another user
	MS_RUNNER="env LD_PRELOAD=$SHIM MS_FAULT_PROCESS=serve MS_FAULT_ARM=$ARM MS_FAULT_LOG=$CALLS" \
		start_server "$@"
}

# arm FUNCTION:N:KIND[:PREFIX]: from here on calls are counted, from 1.
arm() {
	: >"$CALLS"
	echo "$1" >"$ARM.next"
	mv "$ARM.next" "$ARM"
}

disarm() {
	rm -f "$ARM"
}

was_hit() {
	grep -q ' HIT$' "$CALLS"
}

# A request for signing that any name may use: what is asked is only a key.
make_csr() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$TEST_DIR/device.key" -subj /CN=device 2>/dev/null |
		jq -Rs . >"$TEST_DIR/csr"
}

# ask NAME: signs; what was told is kept for the oracle. Status 000: no answer.
ask() {
	post sign "{\"name\":\"$1\",\"days\":5,\"pass\":\"$PASS\",\"csr\":$(<"$TEST_DIR/csr")}" \
		-H "Idempotency-Key: $1" -m "$WAIT_S" >/dev/null || true
	case $(status) in
	200 | 201) jq -r "\"$1 \" + .name + \" \" + .serial" "$TEST_DIR/answer" >>"$TEST_DIR/told" ;;
	esac
}

is_answered() { # NAME
	ask "$1"
	[[ $(status) == 20[01] ]]
}

# An answer that a client can act on: a certificate, or a refusal of ours that
# says "not now".
is_proper_answer() {
	case $(status) in
	200 | 201) jq -e .serial "$TEST_DIR/answer" >/dev/null ;;
	500) jq -e '.error == "internal"' "$TEST_DIR/answer" >/dev/null ;;
	503) jq -e '.error == "busy"' "$TEST_DIR/answer" >/dev/null ;;
	*) return 1 ;;
	esac
}

# Each certificate that was told is given by GET, and the record has no fault.
record_agrees() {
	local name serial
	while read -r _ name serial; do
		[ "$(get "/v1/ssl/$name" | jq -r .serial)" = "$serial" ] || {
			echo "$name was told $serial; GET says: $(cat "$TEST_DIR/answer")" >&2
			return 1
		}
	done < <(sort -u "$TEST_DIR/told")
	oracle_agrees
}

oracle_agrees() {
	python3 "$FAULTS/oracle.py" --dir "$DIR" --told "$TEST_DIR/told"
}

service_pid() {
	pgrep -P "$SERVER_PID" -f 'ms_ssl_server serve'
}
