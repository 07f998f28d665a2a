#!/usr/bin/env bats
# What the broker handed over is answered, whatever is killed.
load harness

setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	SERVER_PID=
	BROKER_PID=
	make_installation "$DIR"
	cp "$DIR.pass" "$DIR/passphrase"
	start_all "$DIR" --set passphrase_file=passphrase
	collector_create "$DIR" AABBCCDDEEFF
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
	[ -z "$BROKER_PID" ] || kill -9 "$BROKER_PID" 2>/dev/null || true
}

signer() {
	pgrep -P "$SERVER_PID" -f ms_ssl_signer
}

service() {
	pgrep -P "$SERVER_PID" -f 'ms_ssl_server serve'
}

listen() { # COUNT: the collector's answers, each in a line
	# shellcheck disable=SC2046
	mosquitto_sub $(collector_tls AABBCCDDEEFF) -q 1 -i listener -c -t ssl/AABBCCDDEEFF \
		-C "$1" -W "$WAIT_S" -F '%p' >"$TEST_DIR/answers" 3>&- &
	LISTENER=$!
	wait_for "the listener" grep -q 'as listener' "$DIR.broker.log"
}

ask() { # DAYS: acknowledged by the broker
	# shellcheck disable=SC2046
	mosquitto_pub $(collector_tls AABBCCDDEEFF) -q 1 -t ssl/sign \
		-m "{\"name\":\"AABBCCDDEEFF\",\"days\":$1,\"pass\":\"$PASS\"}"
}

kept() { # COUNT: so many requests are in the journal
	[ "$(curl -s "http://127.0.0.1:$HTTP_PORT/healthz" | jq .requests_kept)" -ge "$1" ]
}

@test "requests of a killed service are answered by the next one" {
	listen 5
	kill -STOP "$(signer)"
	for days in 1 2 3 4 5; do
		ask "$days"
	done
	wait_for "the requests at the service" kept 5
	kill -9 "$(service)"
	wait "$LISTENER"
	[ "$(jq -r .not_after "$TEST_DIR/answers" | sort -u | wc -l)" = 5 ]
	stop_all
}

@test "no passphrase is on disk meanwhile" {
	kill -STOP "$(signer)"
	ask 1
	wait_for "the request at the service" kept 1
	[ -s "$DIR"/state/journal/segment-00 ]
	refute grep -rqF "$PASS" "$DIR/state"
	kill -CONT "$(signer)"
	stop_all
}

@test "an answer that the broker did not acknowledge is given again, the same" {
	kill -STOP "$(signer)"
	ask 7
	wait_for "the request at the service" kept 1
	kill -STOP "$BROKER_PID"
	kill -CONT "$(signer)"
	wait_for "the certificate" grep -q 'door=mqtt verb=sign .*status=201' "$DIR.log"
	kept 1
	kill -9 "$(service)"
	kill -CONT "$BROKER_PID"
	listen 1
	wait "$LISTENER"
	[ "$(jq -r .serial "$TEST_DIR/answers")" = \
		"$(curl -s "http://127.0.0.1:$HTTP_PORT/v1/ssl/AABBCCDDEEFF" | jq -r .serial)" ]
	[ "$(sqlite3 "$DIR/state/store.db" "select count(*) from certificates c join entities e on e.id = c.entity where e.name = 'AABBCCDDEEFF'")" = 2 ]
	stop_all
}

@test "what is done leaves nothing to take up" {
	mqtt_ask AABBCCDDEEFF sign "{\"name\":\"AABBCCDDEEFF\",\"days\":9,\"pass\":\"$PASS\"}" | jq -e .crt
	stop_server
	start_server "$DIR" --set passphrase_file=passphrase
	refute grep -q 'journal_recovery' "$DIR.log"
	stop_all
}

@test "what was about to be signed keeps the serial and the dates of its intent" {
	local csr serial
	csr=$(openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$TEST_DIR/own.key" -subj /CN=AABBCCDDEEFF 2>/dev/null | openssl req -outform DER | base64 -w0)
	listen 1
	kill -STOP "$(signer)"
	# shellcheck disable=SC2046
	mosquitto_pub $(collector_tls AABBCCDDEEFF) -q 1 -t ssl/sign \
		-m "{\"name\":\"AABBCCDDEEFF\",\"days\":9,\"pass\":\"$PASS\",\"csr\":\"$csr\"}"
	wait_for "the intent" grep -q ' intent .*door=mqtt' "$DIR/state/ledger"
	serial=$(grep ' intent .*door=mqtt' "$DIR/state/ledger" | grep -oE 'serial=[0-9a-f]+')
	kill -9 "$(service)"
	wait "$LISTENER"
	[ "serial=$(jq -r .serial "$TEST_DIR/answers")" = "$serial" ]
	grep -q 'intents_settled .*open=1' "$DIR.log"
	[ "$(grep ' intent .*door=mqtt' "$DIR/state/ledger" | grep -oE 'serial=[0-9a-f]+' | sort -u | wc -l)" = 1 ]
	[ "$(grep ' intent .*door=mqtt' "$DIR/state/ledger" | grep -oE 'not_after=[^ ]+' | sort -u | wc -l)" = 1 ]
	# All of it has an end now: the next start finds nothing open.
	stop_server
	start_server "$DIR" --set passphrase_file=passphrase
	[ "$(grep -c intents_settled "$DIR.log")" = 1 ]
	stop_all
}
