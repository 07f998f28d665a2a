#!/usr/bin/env bats
# The command line: init, check, help, version, and what they refuse. Nothing is
# started here but where a test says so.
load harness

setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	SERVER=$MS_BIN_DIR/ms_ssl_server
	printf '%s\n' "$PASS" >"$TEST_DIR/pass"
	chmod 600 "$TEST_DIR/pass"
	SERVER_PID=
	BROKER_PID=
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
}

init() { # [init's options]
	"$SERVER" init --dir "$DIR" --passphrase-file "$TEST_DIR/pass" "$@"
}

# Neither an installation nor the beginnings of one.
assert_nothing_left() {
	[ ! -e "$DIR" ]
	[ -z "$(find "$TEST_DIR" -maxdepth 1 -name 'ca*')" ]
}

sums() {
	find "$DIR" -type f -exec sha256sum {} + | sort
}

subject() {
	openssl x509 -in "$DIR/ca.crt" -noout -subject -nameopt RFC2253
}

opens_ca_key() { # PASSPHRASE
	openssl pkey -in "$DIR/ca.key" -passin "pass:$1" -noout 2>/dev/null
}

# terminal LINE…: init on a terminal of its own, each line typed at a prompt;
# what was seen there, then the terminal's settings, is in the file seen, the
# exit status in STATUS.
terminal() {
	local line text
	coproc TTY { script -qefc "'$SERVER' init --dir '$DIR'; s=\$?; stty -a; exit \$s" /dev/null 2>&1; }
	local pid=$TTY_PID in=${TTY[1]} out=${TTY[0]}
	: >"$TEST_DIR/seen"
	for line; do
		text=
		until [[ $text == *": " ]]; do
			IFS= read -r -N 1 -t "$WAIT_S" -u "$out" char || break
			text+=$char
		done
		printf '%s' "$text" >>"$TEST_DIR/seen"
		printf '%s\n' "$line" >&"$in"
	done
	cat <&"$out" >>"$TEST_DIR/seen" || true
	STATUS=0
	wait "$pid" || STATUS=$?
}

@test "--help names every command, option and setting, and ends with 0" {
	run "$SERVER" --help
	[ "$status" = 0 ]
	for word in init run check --dir --passphrase-file --generate-passphrase \
		--unlock-at-start --key-type --ca-days --local-days --cn --country \
		--mqtt-listen --mqtt-port --http-port --broker-names --set --config \
		http_port mqtt_url broker_reload drain_timeout --version; do
		grep -q -- "$word" <<<"$output" || { echo "no $word"; return 1; }
	done
	run "$SERVER" init --help
	[ "$status" = 0 ]
	grep -q -- --passphrase-file <<<"$output"
}

@test "every setting that init writes is in --help" {
	init >/dev/null
	sed -nE 's/^(# )?([a-z_]+) = .*/\2/p' "$DIR/ms_ssl_server.conf" | sort -u >"$TEST_DIR/written"
	[ "$(wc -l <"$TEST_DIR/written")" -gt 40 ]
	"$SERVER" --help >"$TEST_DIR/help"
	while read -r name; do
		grep -q "^  $name " "$TEST_DIR/help" || { echo "no $name"; return 1; }
	done <"$TEST_DIR/written"
}

@test "--version says name and version, and so does the signer's" {
	run "$SERVER" --version
	[ "$status" = 0 ]
	[[ $output =~ ^ms_ssl_server\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run "$MS_BIN_DIR/ms_ssl_signer" --version
	[[ $output =~ ^ms_ssl_signer\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "what is no command, or lacks an option, ends with 2 and a hint" {
	for words in "" "bogus" "init" "run" "check" "run --config" "check --bogus x" \
		"init --dir" "init --dir $DIR --bogus" "init --dir $DIR more" \
		"init --dir $DIR --mqtt-port 0" "init --dir $DIR --http-port x" \
		"init --dir $DIR --unlock-at-start"; do
		# shellcheck disable=SC2086
		run "$SERVER" $words
		[ "$status" = 2 ] || { echo "\"$words\" ended with $status"; return 1; }
		[ -n "$output" ]
	done
	assert_nothing_left
}

@test "init makes a whole installation, its keys private and encrypted" {
	run init
	[ "$status" = 0 ]
	[ "$(stat -c %a "$DIR")" = 700 ]
	for name in ca.key escrow.key local/broker.key local/ssl.key; do
		[ "$(stat -c %a "$DIR/$name")" = 600 ]
	done
	for name in ca.crt escrow.pub local/broker.crt local/ssl.crt ms_ssl_server.conf profiles.conf \
		mosquitto.conf mosquitto.acl; do
		[ -s "$DIR/$name" ]
	done
	[ ! -e "$DIR/passphrase" ]
	head -n 1 "$DIR/ca.key" | grep -qx -- '-----BEGIN ENCRYPTED PRIVATE KEY-----'
	head -n 1 "$DIR/escrow.key" | grep -qx -- '-----BEGIN ENCRYPTED PRIVATE KEY-----'
	opens_ca_key "$PASS"
	refute opens_ca_key "not the passphrase"
	refute grep -rqF "$PASS" "$DIR"
	[ "$(openssl pkey -in "$DIR/ca.key" -passin "pass:$PASS" -pubout)" = \
		"$(openssl x509 -in "$DIR/ca.crt" -noout -pubkey)" ]
	openssl x509 -in "$DIR/ca.crt" -noout -text | grep -q 'NIST CURVE: P-256'
	openssl verify -x509_strict -CAfile "$DIR/ca.crt" "$DIR/local/broker.crt" "$DIR/local/ssl.crt"
	"$SERVER" check --config "$DIR/ms_ssl_server.conf"
}

@test "an installation is never overwritten" {
	init >/dev/null
	sums >"$TEST_DIR/before"
	run init
	[ "$status" = 1 ]
	grep -q 'nothing was changed' <<<"$output"
	sums | cmp - "$TEST_DIR/before"
	# What is left of one is not, either.
	find "$DIR" -type f ! -name ca.key -delete
	run init
	[ "$status" = 1 ]
	opens_ca_key "$PASS"
}

@test "init takes an empty folder, and refuses a file, a used one, one without a parent" {
	mkdir "$DIR"
	init >/dev/null
	DIR=$TEST_DIR/ca-file
	echo mine >"$DIR"
	run init
	[ "$status" = 1 ]
	[ "$(cat "$DIR")" = mine ]
	DIR=$TEST_DIR/ca-used
	mkdir "$DIR"
	echo mine >"$DIR/note"
	run init
	[ "$status" = 1 ]
	[ "$(ls -A "$DIR")" = note ]
	DIR=$TEST_DIR/nowhere/ca
	run init
	[ "$status" = 1 ]
	grep -q 'parent' <<<"$output"
}

@test "a passphrase below 12 characters is refused, and nothing is left" {
	for pass in '' 'elevenchars' 'äöüäöüäöüäö'; do
		printf '%s\n' "$pass" >"$TEST_DIR/pass"
		run init
		[ "$status" = 1 ]
		grep -q 'at least 12 characters' <<<"$output"
		[ -z "$pass" ] || refute grep -qF "$pass" <<<"$output"
		assert_nothing_left
	done
	printf 'twelve chars' >"$TEST_DIR/pass" # without a line end, too
	init >/dev/null
	opens_ca_key 'twelve chars'
}

@test "a passphrase file that is missing or endless is refused" {
	rm "$TEST_DIR/pass"
	run init
	[ "$status" = 1 ]
	grep -q "$TEST_DIR/pass" <<<"$output"
	head -c 5000 /dev/zero | tr '\0' a >"$TEST_DIR/pass"
	run init
	[ "$status" = 1 ]
	assert_nothing_left
}

@test "a made passphrase is long, private, said to be there, and not shown" {
	run "$SERVER" init --dir "$DIR" --generate-passphrase
	[ "$status" = 0 ]
	[ "$(stat -c %a "$DIR/passphrase")" = 600 ]
	grep -Eqx '[0-9a-f]{32,}' "$DIR/passphrase"
	opens_ca_key "$(cat "$DIR/passphrase")"
	grep -q passphrase <<<"$output"
	refute grep -qF "$(cat "$DIR/passphrase")" <<<"$output"
	# Locked until the first request, if nothing else was said.
	refute grep -q '^passphrase_file' "$DIR/ms_ssl_server.conf"
	mv "$DIR" "$DIR.first"
	"$SERVER" init --dir "$DIR" --generate-passphrase >/dev/null
	refute cmp "$DIR/passphrase" "$DIR.first/passphrase"
}

@test "on a terminal the passphrase is asked for twice, and not echoed" {
	terminal "$PASS" "$PASS"
	[ "$STATUS" = 0 ]
	opens_ca_key "$PASS"
	refute grep -qF "$PASS" "$TEST_DIR/seen"
	[ "$(grep -c ': ' "$TEST_DIR/seen")" -ge 2 ]
}

@test "on a terminal two that differ, or a short one, are refused" {
	terminal "$PASS" "$PASS."
	[ "$STATUS" = 1 ]
	grep -q 'differ' "$TEST_DIR/seen"
	terminal "short" "short"
	[ "$STATUS" = 1 ]
	assert_nothing_left
}

@test "Ctrl-C at the prompt ends init, nothing left, the terminal's echo on again" {
	terminal $'\003'
	[ "$STATUS" = 1 ]
	grep -q 'no passphrase was given' "$TEST_DIR/seen"
	grep -q ' isig .* echo ' <(tr '\r\n' '  ' <"$TEST_DIR/seen")
	assert_nothing_left
}

@test "without a terminal init says what else there is" {
	run setsid -w "$SERVER" init --dir "$DIR" </dev/null
	[ "$status" = 1 ]
	grep -q -- '--passphrase-file' <<<"$output"
	assert_nothing_left
}

@test "the CA's key type is chosen; what it may not be is refused" {
	init --key-type rsa:2048 >/dev/null
	openssl x509 -in "$DIR/ca.crt" -noout -text | grep -q 'Public-Key: (2048 bit)'
	openssl verify -x509_strict -CAfile "$DIR/ca.crt" "$DIR/local/broker.crt"
	rm -r "$DIR"
	init --key-type ec:P-384 >/dev/null
	openssl x509 -in "$DIR/ca.crt" -noout -text | grep -q 'NIST CURVE: P-384'
	rm -r "$DIR"
	for type in rsa:1024 ed25519 dsa ''; do
		run init --key-type "$type"
		[ "$status" -ne 0 ]
		assert_nothing_left
	done
	init >/dev/null # a refusal blocks no second try
}

@test "subject and lifetimes are options" {
	init --cn 'Fleet CA' --org 'Example, Inc.' --country BR --state SP \
		--ca-days 100 --local-days 50 >/dev/null
	subject | grep -q 'CN=Fleet CA'
	subject | grep -qF 'O=Example\, Inc.'
	subject | grep -q 'C=BR'
	openssl x509 -in "$DIR/ca.crt" -noout -checkend $((99 * 86400))
	refute openssl x509 -in "$DIR/ca.crt" -noout -checkend $((100 * 86400 + 3600))
	openssl x509 -in "$DIR/local/broker.crt" -noout -checkend $((49 * 86400))
	refute openssl x509 -in "$DIR/local/broker.crt" -noout -checkend $((50 * 86400 + 3600))
	rm -r "$DIR"
	for wrong in "--country BRA" "--ca-days 0" "--ca-days x" "--local-days 99999"; do
		# shellcheck disable=SC2086
		run init $wrong
		[ "$status" -ne 0 ]
		assert_nothing_left
	done
}

@test "the broker's names, ports and the prefix are in the files" {
	init --mqtt-port 18883 --mqtt-listen 127.0.0.1 --http-port 14444 \
		--broker-names dns:broker.example,ip:192.0.2.1 --topic-prefix site/ssl >/dev/null
	grep -qx 'listener 18883 127.0.0.1' "$DIR/mosquitto.conf"
	grep -qx 'topic write site/ssl/#' "$DIR/mosquitto.acl"
	grep -qx 'pattern read site/ssl/%u' "$DIR/mosquitto.acl"
	grep -qx 'http_port = 14444' "$DIR/ms_ssl_server.conf"
	grep -qx 'mqtt_url = "ssl://127.0.0.1:18883"' "$DIR/ms_ssl_server.conf"
	openssl x509 -in "$DIR/local/broker.crt" -noout -checkhost broker.example | grep -q 'does match'
	openssl x509 -in "$DIR/local/broker.crt" -noout -checkip 192.0.2.1 | grep -q 'does match'
	"$SERVER" check --config "$DIR/ms_ssl_server.conf"
	DIR=$TEST_DIR/ca-bad
	run init --topic-prefix 'a/#'
	[ "$status" -ne 0 ]
	[ ! -e "$DIR" ]
}

@test "check says all that is wrong, by line, and ends with 1" {
	init >/dev/null
	conf=$DIR/ms_ssl_server.conf
	run "$SERVER" check --config "$conf"
	[ "$status" = 0 ]
	last=$(wc -l <"$conf")
	printf '%s\n' 'http_port = 99999' '# a comment' 'colour = "blue"' \
		'http_host = "0.0.0.0"' 'mqtt_url = "never closed' 'log_level = loud' >>"$conf"
	run "$SERVER" check --config "$conf"
	[ "$status" = 1 ]
	for want in "$((last + 1)): http_port: must be 0 to 65535" \
		"$((last + 3)): colour: there is no such setting" \
		"$((last + 4)): http_host: beyond loopback" \
		"$((last + 5)): must be: name = value" \
		"$((last + 6)): log_level: must be"; do
		grep -qF "$conf:$want" <<<"$output" || { echo "no: $want" "$output"; return 1; }
	done
	# It is told from what is set above it, too.
	run "$SERVER" check --config "$conf" --set bogus=1
	grep -q -- '--set bogus=1' <<<"$output"
}

@test "check reads the profiles, too" {
	init >/dev/null
	printf 'profile "camera" {\n\tdays_max = 0\n}\n' >"$DIR/profiles.conf"
	run "$SERVER" check --config "$DIR/ms_ssl_server.conf"
	[ "$status" = 1 ]
	grep -q 'profiles.conf:2: ' <<<"$output"
}

@test "run with a wrong configuration starts nothing and ends with 78" {
	init >/dev/null
	run "$SERVER" run --config "$DIR/ms_ssl_server.conf" --set http_port=x
	[ "$status" = 78 ]
	grep -q 'nothing was started' <<<"$output"
	run "$SERVER" run --config "$TEST_DIR/nowhere.conf"
	[ "$status" = 78 ]
}

@test "--unlock-at-start: ready without a request" {
	HTTP_PORT=$(free_port)
	"$SERVER" init --dir "$DIR" --generate-passphrase --unlock-at-start \
		--http-port "$HTTP_PORT" >/dev/null
	grep -qx 'passphrase_file = "passphrase"' "$DIR/ms_ssl_server.conf"
	start_server "$DIR" --set mqtt_enabled=false
	wait_for "an open key" is_open
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

is_open() {
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$HTTP_PORT/healthz")" = 200 ]
}
