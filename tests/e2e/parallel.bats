#!/usr/bin/env bats
# A thousand requests from fifty clients, at each door: each answered, each
# once, no serial twice.
load harness

CLIENTS=50
EACH=20

setup_file() {
	suite_start
	for i in $(seq $CLIENTS); do
		collector_create "$DIR" "$(printf '0200000001%02X' "$i")"
	done
}

teardown_file() {
	suite_stop
}

mqtt_client() { # NUMBER
	local name
	name=$(printf '0200000001%02X' "$1")
	for n in $(seq $EACH); do
		mqtt_ask "$name" sign "{\"name\":\"$name\",\"days\":$n,\"pass\":\"$PASS\"}" >"$OUT/$name.$n"
	done
}

http_client() { # NUMBER
	local name
	name=$(printf '0200000002%02X' "$1")
	for n in $(seq $EACH); do
		printf '{"name":"%s","days":%d,"pass":"%s"}' "$name" "$n" "$PASS" |
			curl -s -H 'Content-Type: application/json' --data-binary @- -o "$OUT/$name.$n" \
				"http://127.0.0.1:$HTTP_PORT/v1/ssl/create"
	done
}

run_clients() { # FUNCTION
	local pids=()
	OUT=$TEST_DIR/$1
	mkdir -p "$OUT"
	for i in $(seq $CLIENTS); do
		"$1" "$i" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
}

all_answered_once() { # FUNCTION
	cat "$TEST_DIR/$1"/* | jq -r .serial | sort >"$TEST_DIR/serials"
	[ "$(wc -l <"$TEST_DIR/serials")" = $((CLIENTS * EACH)) ]
	refute grep -q null "$TEST_DIR/serials"
	[ -z "$(uniq -d "$TEST_DIR/serials")" ]
}

@test "1,000 requests of 50 MQTT clients" {
	run_clients mqtt_client
	all_answered_once mqtt_client
}

@test "1,000 requests of 50 HTTP clients" {
	run_clients http_client
	all_answered_once http_client
}

@test "the store and the ledger hold each of them, and none twice" {
	serials=$(sqlite3 "$DIR"/state/*.db 'select lower(hex(serial)) from certificates')
	[ -z "$(echo "$serials" | sort | uniq -d)" ]
	for door in mqtt_client http_client; do
		cat "$TEST_DIR/$door"/* | jq -r .serial | sort >"$TEST_DIR/told"
		[ -z "$(comm -23 "$TEST_DIR/told" <(echo "$serials" | sort))" ]
		grep -oE ' intent .*serial=[0-9a-f]+' "$DIR"/state/ledger* | grep -oE 'serial=[0-9a-f]+' |
			cut -d= -f2 | sort >"$TEST_DIR/intents"
		[ -z "$(comm -23 "$TEST_DIR/told" "$TEST_DIR/intents")" ]
	done
}

@test "the same request from 20 clients at once is one certificate" {
	same() {
		curl -s -H 'Content-Type: application/json' -d "{\"name\":\"0200000003AA\",\"days\":5,\"pass\":\"$PASS\"}" \
			-o "$TEST_DIR/same.$1" "http://127.0.0.1:$HTTP_PORT/v1/ssl/create"
	}
	pids=()
	for i in $(seq 20); do
		same "$i" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat "$TEST_DIR"/same.* | jq -r .serial | sort -u | wc -l)" = 1 ]
	[ "$(cat "$TEST_DIR"/same.* | jq -r .key | sort -u | grep -c BEGIN)" = 1 ]
}
