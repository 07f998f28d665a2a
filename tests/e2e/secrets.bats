#!/usr/bin/env bats
# Where the passphrase and the private keys are while the service works, and
# where they are not. Needs root, which may read any process's memory.
load harness

# Root, and the release build: a runner and a sanitizer keep what was freed.
can_search() {
	[ "$(id -u)" = 0 ] && [ -z "$(sandbox)" ]
}

setup_file() {
	if can_search; then
		suite_start --set log_level=debug
		traffic
	fi
}

teardown_file() {
	! can_search || suite_stop
}

setup() {
	can_search || skip "needs root, and the release build"
	SIGNER=$(pgrep -P "$SERVER_PID" -f ms_ssl_signer)
	SERVICE=$(pgrep -P "$SERVER_PID" -f 'ms_ssl_server serve')
}

WRONG='wrong horse battery staple'

# Right and wrong passphrases, over both doors, in every way to send them.
traffic() {
	collector_create "$DIR" AABBCCDDEEFF
	local body="{\"name\":\"AABBCCDDEEFF\",\"days\":\"5\",\"pass\":\"$PASS\"}"
	post sign "$body" >"$TEST_DIR/signed.json"
	post sign "${body/5/6}" -H 'Transfer-Encoding: chunked' >/dev/null
	post sign "${body/$PASS/$WRONG}" >/dev/null
	# Escaped, so that it is parsed from another text; and broken off after it.
	post sign "${body/correct/\\u0063orrect}" >/dev/null
	post sign "${body%\}},\"pass\":1" >/dev/null
	# In two pieces, the cut within the passphrase.
	{
		printf 'POST /v1/ssl/sign HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
			${#body} "${body%battery*}"
		sleep 0.3
		printf '%s' "battery${body#*battery}"
	} | nc -N 127.0.0.1 "$HTTP_PORT" >/dev/null
	mqtt_ask AABBCCDDEEFF sign "${body/5/7}" >/dev/null
	mqtt_ask AABBCCDDEEFF sign "${body/$PASS/$WRONG}" >/dev/null
	mqtt_ask AABBCCDDEEFF create "{\"name\":\"AABBCCDDEEFF\",\"days\":3,\"pass\":\"$PASS\"}" >/dev/null
	# Paho keeps the last packet that it has read, until the next one.
	mqtt_ask AABBCCDDEEFF sign "{\"name\":\"AABBCCDDEEFF\",\"days\":0,\"unknown\":\"$(printf '%400s' x)\"}" >/dev/null
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
	echo
}

passphrases() {
	local p
	for p in "$PASS" "$WRONG"; do
		printf '%s' "$p" | hex
		printf '%s' "$p" | base64 | head -c 32 | hex
		printf '%s' "$p" | hex | hex # written in hex
	done
}

# of_key FILE [openssl's options]: the private scalar, raw and as PEM's lines.
of_key() {
	openssl pkey "$@" -noout -text | awk '/^priv:/ { on = 1; next } /^pub:/ { on = 0 } on' | tr -d ' :\n' |
		sed 's/^00//'
	echo
	openssl pkey "$@" | sed -n 2p | tr -d '\n' | head -c 60 | hex
}

ca_key() {
	of_key -in "$DIR/ca.key" -passin "pass:$PASS"
}

created_key() {
	of_key -in "$TEST_DIR/AABBCCDDEEFF.key"
}

find_secret() {
	python3 "$BATS_TEST_DIRNAME/find_secret.py" "$@"
}

@test "the search finds what is there: the CA key in the signer, what a test has planted" {
	ca_key | find_secret "$SIGNER"
	printf '%s\n' "$PASS" >"$BATS_TEST_TMPDIR/planted"
	passphrases | find_secret "$BATS_TEST_TMPDIR"
	python3 -c 'import sys; p = sys.argv[1]; print("ready", flush=True); sys.stdin.read()' "$PASS" \
		<"/dev/zero" >"$BATS_TEST_TMPDIR/out" 3>&- &
	local planted=$!
	wait_for "the process" grep -q ready "$BATS_TEST_TMPDIR/out"
	passphrases | find_secret "$planted"
	kill -9 "$planted"
	created_key | find_secret "$TEST_DIR/AABBCCDDEEFF.key"
}

@test "the CA key is in no other process, and in no file in clear" {
	refute find_secret "$SERVICE" "$SERVER_PID" "$DIR" "$DIR.log" < <(ca_key)
}

@test "the passphrase is nowhere once its requests have ended" {
	refute find_secret "$SERVICE" < <(passphrases)
	refute find_secret "$SIGNER" < <(passphrases)
	refute find_secret "$SERVER_PID" "$DIR" "$DIR.log" "$DIR.broker.log" < <(passphrases)
}

@test "a key that was made for a collector is nowhere but in its answer" {
	refute find_secret "$SERVICE" < <(created_key)
	refute find_secret "$SIGNER" < <(created_key)
	refute find_secret "$SERVER_PID" "$DIR" "$DIR.log" < <(created_key)
}

@test "no core can be had" {
	for pid in "$SIGNER" "$SERVICE"; do
		grep -q 'Max core file size *0 *0' "/proc/$pid/limits"
	done
}
