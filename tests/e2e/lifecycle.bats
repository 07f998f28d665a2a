#!/usr/bin/env bats
# Starts, stops, losses and renewals: each test has an installation of its own.
load harness

setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	BROKER_PID=
	SERVER_PID=
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
	[ -z "$BROKER_PID" ] || kill -9 "$BROKER_PID" 2>/dev/null || true
}

create() { # NAME DAYS [curl's options]
	local name=$1 days=$2
	shift 2
	post create "{\"name\":\"$name\",\"days\":$days,\"pass\":\"$PASS\"}" "$@"
}

child_of() { # PID PROGRAM
	pgrep -P "$1" -f "$2"
}

answers() {
	create "$1" 1 >/dev/null
	[ "$(status)" = 201 ]
}

local_end() { # FILE: seconds since 1970
	date -d "$(openssl x509 -in "$DIR/$1" -noout -enddate | cut -d= -f2)" +%s
}

@test "the broker may be down at start; the service says so once and recovers" {
	make_installation "$DIR"
	start_server "$DIR"
	answers 020000000001
	[ "$(grep -c mqtt_waiting "$DIR.log")" -le 1 ]
	start_broker "$DIR"
	wait_for "the service at the broker" mqtt_is_up
	[ "$(grep -c 'mqtt_up' "$DIR.log")" = 1 ]
	stop_all
	[ "$SERVER_STATUS" = 0 ]
}

@test "SIGTERM answers what is under way and ends with 0" {
	make_installation "$DIR"
	start_server "$DIR"
	# RSA takes long enough to be under way when the signal comes.
	post create "{\"name\":\"slow\",\"days\":1,\"pass\":\"$PASS\",\"key_type\":\"rsa:3072\"}" >/dev/null 3>&- &
	asking=$!
	wait_for "the request under way" request_is_under_way
	kill "$SERVER_PID"
	wait "$asking"
	[ "$(status)" = 201 ]
	wait "$SERVER_PID"
	SERVER_PID=
}

request_is_under_way() {
	[ -s "$TEST_DIR/status" ] || curl -s "http://127.0.0.1:$HTTP_PORT/healthz" | jq -e '.requests_waiting > 1'
}

@test "an earlier answer is found again after a restart" {
	make_installation "$DIR"
	start_server "$DIR"
	create 020000000001 5 >"$TEST_DIR/before"
	[ "$(status)" = 201 ]
	stop_server
	start_server "$DIR"
	create 020000000001 5 >"$TEST_DIR/after"
	[ "$(status)" = 200 ]
	cmp "$TEST_DIR/before" "$TEST_DIR/after"
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "locked until the first right passphrase" {
	make_installation "$DIR"
	start_server "$DIR"
	get /healthz >/dev/null
	[ "$(status)" = 503 ]
	jq -e '.status == "locked"' "$TEST_DIR/answer"
	post create '{"name":"020000000001","days":1}' >/dev/null
	[ "$(status)" = 503 ]
	jq -e '.error == "locked"' "$TEST_DIR/answer"
	post create '{"name":"020000000001","days":1,"pass":"not the passphrase"}' >/dev/null
	[ "$(status)" = 403 ]
	jq -e '.error == "wrong_pass"' "$TEST_DIR/answer"
	answers 020000000001
	post create '{"name":"020000000001","days":1}' >/dev/null
	[ "$(status)" = 422 ]
	stop_server
}

@test "wrong passphrases are backed off, and the right one waits, too" {
	make_installation "$DIR"
	start_server "$DIR" --set limits_free_failures=2
	for n in 1 2 3 4; do
		post create "{\"name\":\"020000000001\",\"days\":$n,\"pass\":\"not the passphrase\"}" -D "$TEST_DIR/head" >/dev/null
	done
	[ "$(status)" = 429 ]
	jq -e '.error == "slow_down" and .retry_after > 0' "$TEST_DIR/answer"
	grep -qi '^retry-after: [0-9]' "$TEST_DIR/head"
	stop_server
}

@test "a killed signer or service is started again by the supervisor" {
	make_installation "$DIR"
	start_server "$DIR"
	answers 020000000001
	for victim in ms_ssl_signer 'ms_ssl_server serve'; do
		pid=$(child_of "$SERVER_PID" "$victim")
		kill -9 "$pid"
		wait_for "the end of $victim" is_gone "$pid"
		wait_for "the service again" server_answers
		answers "0200000000${#victim}"
	done
	stop_server
}

@test "a killed supervisor leaves nobody behind" {
	make_installation "$DIR"
	start_server "$DIR"
	signer=$(child_of "$SERVER_PID" ms_ssl_signer)
	service=$(child_of "$SERVER_PID" 'ms_ssl_server serve')
	kill -9 "$SERVER_PID"
	wait_for "the signer's end" is_gone "$signer"
	wait_for "the service's end" is_gone "$service"
	SERVER_PID=
}

@test "local certificates are renewed before they end, and the broker takes them up" {
	make_installation "$DIR"
	start_all "$DIR" --set local_renew_days=800 --set local_days=820
	before=$(local_end local/broker.crt)
	serial=$(openssl x509 -in "$DIR/local/broker.crt" -noout -serial)
	# Nothing is due as long as the key is locked; the first request opens it.
	answers 020000000001
	wait_for "renewed files" broker_serial_differs "$serial"
	wait_for "the broker with its new certificate" broker_shows_new "$serial"
	stop_all
	[ "$SERVER_STATUS" = 0 ]
}

broker_serial_differs() {
	[ "$(openssl x509 -in "$DIR/local/broker.crt" -noout -serial)" != "$1" ]
}

broker_shows_new() {
	[ "$(openssl s_client -connect "127.0.0.1:$MQTT_PORT" </dev/null 2>/dev/null |
		openssl x509 -noout -serial)" != "$1" ]
}

@test "the CA certificate is renewed with its key and name before it cuts one short" {
	make_installation "$DIR" --ca-days 400
	key=$(openssl x509 -in "$DIR/ca.crt" -noout -pubkey)
	[[ $MS_BIN_DIR != *san/bin ]] || skip "sanitizers do not bear a false clock"
	# A clock that is 300 days ahead, as the fleet will have it one day.
	export FAKETIME_DONT_FAKE_MONOTONIC=1
	MS_RUNNER="env LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1) FAKETIME=+300d" start_server "$DIR"
	answers 020000000001
	wait_for "the renewal" grep -q authority_renewed "$DIR.log"
	[ "$(grep -c 'BEGIN CERTIFICATE' "$DIR/ca.crt")" = 2 ]
	[ "$(openssl x509 -in "$DIR/ca.crt" -noout -pubkey)" = "$key" ]
	create 020000000002 2 | jq -rj .ca | cmp - "$DIR/ca.crt"
	jq -r .crt "$TEST_DIR/answer" >"$TEST_DIR/new.crt"
	faketime -f +300d openssl verify -x509_strict -CAfile "$DIR/ca.crt" "$TEST_DIR/new.crt"
	# What was issued before verifies under the new certificate alone, too.
	openssl x509 -in "$DIR/ca.crt" -out "$TEST_DIR/newest.crt"
	faketime -f +300d openssl verify -CAfile "$TEST_DIR/newest.crt" "$DIR/local/broker.crt"
	stop_server
}

@test "SIGHUP reloads: the log's level, the certificates, and goes on serving" {
	make_installation "$DIR"
	start_server "$DIR"
	kill -HUP "$SERVER_PID"
	wait_for "the reload" grep -q ' reloaded' "$DIR.log"
	answers 020000000001
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

# A write may still find room where a larger one did not.
fails_and_says_so() {
	create 0200000300AA >/dev/null
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$HTTP_PORT/healthz")" = 503 ]
}

@test "a full disk: internal, nothing half written, well again when there is room" {
	[ "$(id -u)" = 0 ] || skip "needs root, to mount a small file system"
	mkdir "$TEST_DIR/small"
	mount -t tmpfs -o size=6m tmpfs "$TEST_DIR/small" || skip "cannot mount here"
	DIR=$TEST_DIR/small/ca
	make_installation "$DIR"
	start_server "$DIR"
	answers 020000000001
	dd if=/dev/zero of="$TEST_DIR/small/fill" bs=4096 2>/dev/null || true
	for n in $(seq 40); do
		create "$(printf '0200000100%02X' "$n")" 1 >/dev/null
		[ "$(status)" != 500 ] || break
	done
	[ "$(status)" = 500 ]
	jq -e '.error == "internal"' "$TEST_DIR/answer"
	wait_for "the health to tell" fails_and_says_so
	rm "$TEST_DIR/small/fill"
	wait_for "the service to be well again" answers 0200000200AA
	stop_server
	[ "$SERVER_STATUS" = 0 ]
	sqlite3 "$DIR"/state/*.db 'pragma integrity_check' | grep -qx ok
	umount "$TEST_DIR/small"
}

@test "TLS on the HTTP door, with client certificates where they are required" {
	make_installation "$DIR"
	start_broker "$DIR"
	start_server "$DIR"
	post create "{\"name\":\"door\",\"days\":30,\"pass\":\"$PASS\",\"profile\":\"server\",\"cn\":\"localhost\",\"san\":[\"ip:127.0.0.1\"]}" >/dev/null
	jq -r .crt "$TEST_DIR/answer" >"$TEST_DIR/door.crt"
	(umask 077 && jq -r .key "$TEST_DIR/answer" >"$TEST_DIR/door.key")
	[ "$(id -u)" != 0 ] || chown 61001 "$TEST_DIR/door.key"
	collector_create "$DIR" AABBCCDDEEFF
	stop_server
	SERVER_PID=
	"$MS_BIN_DIR/ms_ssl_server" run --config "$DIR/ms_ssl_server.conf" \
		$(sandbox) --set "http_tls_certificate=$TEST_DIR/door.crt" --set "http_tls_key=$TEST_DIR/door.key" \
		--set "http_tls_client_ca=$DIR/ca.crt" --set http_tls_client_required=true \
		>>"$DIR.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the HTTPS door" curl -s --cacert "$DIR/ca.crt" --cert "$TEST_DIR/AABBCCDDEEFF.crt" \
		--key "$TEST_DIR/AABBCCDDEEFF.key" "https://127.0.0.1:$HTTP_PORT/healthz" -o /dev/null
	refute curl -s --cacert "$DIR/ca.crt" "https://127.0.0.1:$HTTP_PORT/healthz" -o /dev/null
	refute curl -s "http://127.0.0.1:$HTTP_PORT/healthz" -o /dev/null
	stop_all
}
