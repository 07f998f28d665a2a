#!/usr/bin/env bats
# The keys under another passphrase, whatever is killed meanwhile.
load harness

NEW='another horse battery staple'

setup() {
	[ -z "$MS_RUNNER" ] || skip "not under $MS_RUNNER"
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	SERVER_PID=
	make_installation "$DIR"
	printf '%s\n' "$NEW" >"$TEST_DIR/new"
	chmod 600 "$TEST_DIR/new"
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
}

change() { # [options]
	"$MS_BIN_DIR/ms_ssl_server" passphrase --change --config "$DIR/ms_ssl_server.conf" \
		--passphrase-file "$DIR.pass" "$@"
}

# opens PASS: the signer opens both keys with it.
opens() {
	printf '%s\n' "$1" >"$TEST_DIR/try"
	chmod 600 "$TEST_DIR/try"
	timeout 20 "$MS_BIN_DIR/ms_ssl_signer" --fd 3 --dir "$DIR" --profiles "$DIR/profiles.conf" \
		--passphrase-file "$TEST_DIR/try" 3<"$TEST_DIR/try" 2>"$TEST_DIR/opens.log" </dev/null || true
	grep -q 'key=open' "$TEST_DIR/opens.log"
}

@test "the new one opens the keys, the old one no more" {
	change --new-passphrase-file "$TEST_DIR/new"
	openssl pkey -in "$DIR/ca.key" -passin "pass:$NEW" -noout
	openssl pkey -in "$DIR/escrow.key" -passin "pass:$NEW" -noout
	refute openssl pkey -in "$DIR/ca.key" -passin "pass:$PASS" -noout
	[ "$(stat -c '%a %u' "$DIR/ca.key" "$DIR/escrow.key" | sort -u)" = "600 $(id -u)" ]
	[ -z "$(find "$DIR" -name '*.new')" ]
	opens "$NEW"
	refute opens "$PASS"
}

@test "a service is told to be restarted, and goes by the old one until then" {
	"$MS_BIN_DIR/ms_ssl_server" run --config "$DIR/ms_ssl_server.conf" --set mqtt_enabled=false $(sandbox) \
		>>"$DIR.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the HTTP door" server_answers
	post create "{\"name\":\"020000000001\",\"days\":1,\"pass\":\"$PASS\"}" >"$TEST_DIR/first"
	change --new-passphrase-file "$TEST_DIR/new" | grep -q 'restart it'
	post create "{\"name\":\"020000000002\",\"days\":1,\"pass\":\"$PASS\"}" | jq -e .crt
	kill "$SERVER_PID"
	wait "$SERVER_PID"
	"$MS_BIN_DIR/ms_ssl_server" run --config "$DIR/ms_ssl_server.conf" --set mqtt_enabled=false $(sandbox) \
		>>"$DIR.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the HTTP door" server_answers
	post create "{\"name\":\"020000000003\",\"days\":1,\"pass\":\"$PASS\"}" | jq -e '.error == "wrong_pass"'
	# A key that was sealed before opens under the new one.
	post sign "{\"name\":\"020000000001\",\"days\":2,\"pass\":\"$NEW\"}" | jq -r .key |
		cmp - <(jq -r .key "$TEST_DIR/first")
	kill "$SERVER_PID"
	wait "$SERVER_PID"
	SERVER_PID=
}

@test "a wrong present one, a short new one, a new one twice: refused, nothing changed" {
	cp "$DIR/ca.key" "$TEST_DIR/before"
	printf 'wrong wrong wrong\n' >"$TEST_DIR/wrong"
	run "$MS_BIN_DIR/ms_ssl_server" passphrase --change --config "$DIR/ms_ssl_server.conf" \
		--passphrase-file "$TEST_DIR/wrong" --new-passphrase-file "$TEST_DIR/new"
	[ "$status" = 1 ]
	grep -q 'wrong\|not the passphrase\|does not open' <<<"$output"
	printf 'short\n' >"$TEST_DIR/short"
	run change --new-passphrase-file "$TEST_DIR/short"
	[ "$status" = 1 ]
	grep -q 'at least 12 characters' <<<"$output"
	run change --new-passphrase-file "$TEST_DIR/new" --generate-passphrase
	[ "$status" = 2 ]
	cmp "$DIR/ca.key" "$TEST_DIR/before"
	[ -z "$(find "$DIR" -name '*.new')" ]
}

@test "a passphrase that is made here is written where the service reads it" {
	change --generate-passphrase | grep -q "$DIR/passphrase"
	[ "$(stat -c %a "$DIR/passphrase")" = 600 ]
	opens "$(cat "$DIR/passphrase")"
	[ ! -e "$DIR/passphrase.new" ]
}

# Each call that changes a file, in turn, is the last that the signer makes.
@test "killed at any step, one of the two opens both keys, and once more finishes it" {
	local calls call n
	for call in rename fsync unlink; do
		for n in $(seq 8); do
			rm -rf "$DIR"
			make_installation "$DIR"
			ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -qq -o "$TEST_DIR/strace" -e "trace=$call" \
				-e "inject=$call:signal=KILL:when=$n" \
				"$MS_BIN_DIR/ms_ssl_signer" change-passphrase --dir "$DIR" \
				--passphrase-fd 4 --new-passphrase-fd 5 4<"$DIR.pass" 5<"$TEST_DIR/new" || true
			calls=$(grep -c "$call(" "$TEST_DIR/strace" || true)
			if opens "$NEW"; then
				refute opens "$PASS"
				# The present one is the new one now.
				"$MS_BIN_DIR/ms_ssl_signer" change-passphrase --dir "$DIR" --passphrase-fd 4 \
					--new-passphrase-fd 5 4<"$TEST_DIR/new" 5<"$DIR.pass"
				opens "$PASS"
			else
				opens "$PASS"
				change --new-passphrase-file "$TEST_DIR/new"
				opens "$NEW"
			fi
			[ -z "$(find "$DIR" -name '*.new')" ]
			[ "$calls" -ge "$n" ] || break
		done
	done
}
