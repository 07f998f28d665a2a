#!/usr/bin/env bats
# Everything that must be refused, over both doors, and HTTP itself.
load harness

setup_file() {
	suite_start --set limits_free_failures=100000
	collector_create "$DIR" AABBCCDDEEFF
}

teardown() {
	[ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || true
}

teardown_file() {
	suite_stop
}

header() { # KEY FILE
	sed -n "/^---\$/q; s/^# $1: //p" "$2"
}

# The body, @PASS@ and @CSR:file@ filled in; binary bytes go through.
body() { # FILE
	PASS="$PASS" FIXTURES="$BATS_TEST_DIRNAME/../fixtures" perl -0777 -e '
		open F, "<:raw", $ARGV[0]; $_ = <F>; s/\A.*?^---\n//ms;
		s/\@PASS\@/$ENV{PASS}/g;
		s{\@CSR:([\w.-]+)\@}{ open C, "<:raw", "$ENV{FIXTURES}/csr/$1"; local $/;
			my $d = <C>; require MIME::Base64; MIME::Base64::encode_base64($d, "") }ge;
		binmode STDOUT; print' "$1"
}

# matches FILE ANSWER: error and field as the file says.
matches() {
	local want got
	want="$(header error "$1") $(header field "$1")"
	got=$(jq -r '"\(.error) \(.field // "")"' "$2" 2>/dev/null)
	[ -z "$(header field "$1")" ] && got="${got%% *} "
	[ "$want" = "$got" ] || {
		echo "$(basename "$1"): want '$want', got '$(head -c 300 "$2")'"
		return 1
	}
}

@test "every bad request is refused over HTTP with its error, field and status" {
	local n=0 bad=0
	for file in "$BATS_TEST_DIRNAME"/../fixtures/bad-requests/*; do
		[ "$(header door "$file")" ] || continue
		[ "$(header door "$file")" = mqtt ] && continue
		n=$((n + 1))
		body "$file" | curl -s -o "$TEST_DIR/answer" -w '%{http_code}' \
			-H 'Content-Type: application/json' -H 'Expect:' --data-binary @- \
			"http://127.0.0.1:$HTTP_PORT/v1/ssl/$(header verb "$file")" >"$TEST_DIR/status"
		[ "$(status)" = "$(header status "$file")" ] && matches "$file" "$TEST_DIR/answer" ||
			{ bad=$((bad + 1)); echo "$file: status $(status)"; }
	done
	echo "$n bad requests, $bad wrong answers"
	[ "$n" -ge 140 ]
	[ "$bad" = 0 ]
}

# Sends FILE as the collector; its answer carries the file's name back.
send_over_mqtt() {
	body "$1" | mosquitto_pub $(collector_tls AABBCCDDEEFF) -V mqttv5 -q 1 \
		-D publish correlation-data "$(basename "$1")" \
		-t "ssl/$(header verb "$1")" -s
}

heard() {
	grep -q "^$1 " "$TEST_DIR/heard"
}

hears() {
	mosquitto_pub $(collector_tls AABBCCDDEEFF) -V mqttv5 -q 1 -t ssl/sign \
		-D publish correlation-data "$1" -m '{"name":"AABBCCDDEEFF"}'
	heard "$1"
}

@test "every bad request is refused over MQTT with the same JSON" {
	local sent=() bad=0
	mosquitto_sub $(collector_tls AABBCCDDEEFF) -V mqttv5 -q 1 -i listener \
		-t ssl/AABBCCDDEEFF -F '%D %p' >"$TEST_DIR/heard" 3>&- &
	listener=$!
	wait_for "the listener" hears first
	for file in "$BATS_TEST_DIRNAME"/../fixtures/bad-requests/*; do
		[ "$(header door "$file")" ] || continue
		[ "$(header door "$file")" = http ] && continue
		send_over_mqtt "$file"
		# Only what names the collector can be answered to it.
		[ "$(body "$file" | jq -r '.name == "AABBCCDDEEFF"' 2>/dev/null)" != true ] || sent+=("$file")
	done
	wait_for "the last answer" hears last
	for file in "${sent[@]}"; do
		wait_for "the answer to $file" heard "$(basename "$file")"
		sed -n "s/^$(basename "$file") //p" "$TEST_DIR/heard" >"$TEST_DIR/answer"
		matches "$file" "$TEST_DIR/answer" || bad=$((bad + 1))
	done
	echo "${#sent[@]} answered, $bad wrong"
	[ "${#sent[@]}" -ge 100 ]
	[ "$bad" = 0 ]
}

@test "bad HTTP is refused with its status, and ends no process" {
	local bad=0
	while read -r name want word; do
		case $name in '' | '#'*) continue ;; esac
		got=$(nc -N -w 30 127.0.0.1 "$HTTP_PORT" <"$BATS_TEST_DIRNAME/../fixtures/bad-http/$name.http" |
			head -n 1 | cut -d' ' -f2 | tr -d '\r')
		[ "$got" = "$want" ] || { echo "$name: want $want $word, got '$got'"; bad=$((bad + 1)); }
	done <"$BATS_TEST_DIRNAME/../fixtures/bad-http/EXPECT"
	[ "$bad" = 0 ]
	server_answers
}

@test "a wrong type, method and path" {
	get /v1/ssl/create -H 'Content-Type: text/plain' --data '{}' >/dev/null
	[ "$(status)" = 415 ]
	jq -e '.error == "bad_type"' "$TEST_DIR/answer"
	get /v1/ssl/create >/dev/null
	[ "$(status)" = 405 ]
	get /nowhere >/dev/null
	[ "$(status)" = 404 ]
	jq -e '.error == "no_route"' "$TEST_DIR/answer"
}

@test "a large body is refused, also when it is announced" {
	head -c 100000 /dev/zero | tr '\0' '[' >"$TEST_DIR/large"
	curl -s -o "$TEST_DIR/answer" -w '%{http_code}' -H 'Content-Type: application/json' \
		--data-binary @"$TEST_DIR/large" "http://127.0.0.1:$HTTP_PORT/v1/ssl/create" >"$TEST_DIR/status"
	[ "$(status)" = 413 ]
	head -c 1000000 /dev/zero | tr '\0' '[' | curl -s -o "$TEST_DIR/answer" -w '%{http_code}' \
		-H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -T - -X POST \
		"http://127.0.0.1:$HTTP_PORT/v1/ssl/create" >"$TEST_DIR/status" || true
	[ "$(status)" = 413 ]
}

@test "no passphrase is in any log" {
	post create "{\"name\":\"020000000060\",\"days\":1,\"pass\":\"$PASS\"}" >/dev/null
	post create "{\"name\":\"020000000061\",\"days\":1,\"pass\":\"wrong but long enough\"}" >/dev/null
	[ "$(status)" = 403 ]
	refute grep -rF "$PASS" "$DIR.log" "$DIR" --include='*' --exclude=passphrase
	refute grep -F "wrong but long" "$DIR.log"
}
