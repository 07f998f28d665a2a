#!/usr/bin/env bats
# The CA key in a token (SoftHSM): each test has an installation of its own, and
# all share the token but those that change its PIN.
load harness

MODULE=/usr/lib/softhsm/libsofthsm2.so
TOKEN=ms-ssl

setup_file() {
	command -v softhsm2-util pkcs11-tool >/dev/null || skip "no SoftHSM here"
	token_make "$BATS_FILE_TMPDIR/hsm"
}

setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	SERVER_PID=
	export SOFTHSM2_CONF=$BATS_FILE_TMPDIR/hsm/softhsm2.conf
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
}

# token_make FOLDER: a token with an EC and an RSA key, under PASS as its PIN.
token_make() {
	local folder=$1
	mkdir -p "$folder/tokens"
	printf '%s\n' "directories.tokendir = $folder/tokens" \
		"objectstore.backend = file" "log.level = ERROR" >"$folder/softhsm2.conf"
	export SOFTHSM2_CONF=$folder/softhsm2.conf
	softhsm2-util --init-token --free --label "$TOKEN" --pin "$PASS" \
		--so-pin 12345678
	token_tool --login --pin "$PASS" --keypairgen --key-type EC:prime256v1 \
		--label ca-ec --id 01
	token_tool --login --pin "$PASS" --keypairgen --key-type rsa:2048 \
		--label ca-rsa --id 02
	token_give "$folder"
}

# To whom the signer becomes: SoftHSM opens its files at each signature.
token_give() { # FOLDER
	[ "$(id -u)" != 0 ] || chown -R 61002 "$1"
	chmod o+x "$(dirname "$1")"
}

token_tool() {
	pkcs11-tool --module "$MODULE" --token-label "$TOKEN" "$@"
}

# A token counts the wrong PINs since the last right one.
token_was_shown_a_wrong_pin() {
	token_tool --list-slots | grep -q 'user PIN count low'
}

token_public_key() { # LABEL
	token_tool --read-object --type pubkey --label "$1" -o "$TEST_DIR/$1.der"
	openssl pkey -pubin -inform DER -in "$TEST_DIR/$1.der"
}

init() { # LABEL [init's options]
	local label=$1
	shift
	make_installation "$DIR" --ca-key "pkcs11:token=$TOKEN;object=$label" \
		--pkcs11-module "$MODULE" "$@"
}

start() {
	start_server "$DIR" --set mqtt_enabled=false "$@"
}

create() { # NAME [PASS]
	post create "{\"name\":\"$1\",\"days\":5,\"pass\":\"${2-$PASS}\"}" >/dev/null
}

is_certified() { # NAME: by the last answer
	[ "$(status)" = 201 ] || { cat "$TEST_DIR/answer" >&2; return 1; }
	jq -r .crt "$TEST_DIR/answer" >"$TEST_DIR/$1.crt"
	openssl verify -x509_strict -CAfile "$DIR/ca.crt" "$TEST_DIR/$1.crt"
}

health() {
	get /healthz >/dev/null
	jq -r .status "$TEST_DIR/answer"
}

@test "init uses the token's key and writes none of its own" {
	init ca-ec
	[ ! -e "$DIR/ca.key" ]
	[ -s "$DIR/escrow.key" ]
	grep -q "^ca_key = \"pkcs11:token=$TOKEN;object=ca-ec\"" "$DIR/ms_ssl_server.conf"
	grep -q "^pkcs11_module = \"$MODULE\"" "$DIR/ms_ssl_server.conf"
	openssl x509 -in "$DIR/ca.crt" -noout -pubkey >"$TEST_DIR/ca.pub"
	token_public_key ca-ec | cmp - "$TEST_DIR/ca.pub"
	openssl verify -x509_strict -CAfile "$DIR/ca.crt" \
		"$(find "$DIR" -name broker.crt)" "$(find "$DIR" -name ssl.crt)"
	"$MS_BIN_DIR/ms_ssl_server" check --config "$DIR/ms_ssl_server.conf"
}

@test "no file of the installation holds the CA's private key" {
	init ca-ec
	openssl x509 -in "$DIR/ca.crt" -noout -pubkey >"$TEST_DIR/ca.pub"
	keys=0
	while read -r file; do
		openssl pkey -in "$file" -passin "pass:$PASS" -pubout -out "$TEST_DIR/a.pub"
		refute cmp -s "$TEST_DIR/a.pub" "$TEST_DIR/ca.pub"
		keys=$((keys + 1))
	done < <(grep -rl 'PRIVATE KEY' "$DIR")
	[ "$keys" = 3 ] # escrow.key, ssl.key, broker.key
	token_tool --login --pin "$PASS" --list-objects --type privkey |
		grep -q 'sensitive, always sensitive, never extractable'
}

@test "locked until the first request with the PIN, which signs" {
	init ca-ec
	start
	[ "$(health)" = locked ]
	post create '{"name":"020000000001","days":5}' >/dev/null
	jq -e '.error == "locked"' "$TEST_DIR/answer"
	create 020000000001
	is_certified 020000000001
	[ "$(health)" = ok ]
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "a wrong PIN is refused, locked or not, and the token never sees it" {
	init ca-ec
	start
	for n in 1 2 3; do
		create "02000000000$n" "not the PIN of it"
		[ "$(status)" = 403 ]
		jq -e '.error == "wrong_pass"' "$TEST_DIR/answer"
	done
	[ "$(health)" = locked ]
	refute token_was_shown_a_wrong_pin
	create 020000000001
	is_certified 020000000001
	create 020000000002 "not the PIN of it"
	[ "$(status)" = 403 ]
	refute token_was_shown_a_wrong_pin
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "a request for a certificate is signed, and the same one after a restart" {
	init ca-ec
	start
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$TEST_DIR/own.key" -subj /CN=020000000001 -out "$TEST_DIR/own.csr"
	request=$(jq -nc --rawfile csr "$TEST_DIR/own.csr" --arg pass "$PASS" \
		'{name:"020000000001",days:5,csr:$csr,pass:$pass}')
	post sign "$request" >/dev/null
	is_certified 020000000001
	cp "$TEST_DIR/answer" "$TEST_DIR/before"
	stop_server
	start
	[ "$(health)" = locked ]
	post sign "$request" >/dev/null
	[ "$(status)" = 200 ]
	cmp "$TEST_DIR/answer" "$TEST_DIR/before"
	create 020000000002
	is_certified 020000000002
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "an RSA key in the token signs, too" {
	init ca-rsa
	openssl x509 -in "$DIR/ca.crt" -noout -text | grep -q sha256WithRSAEncryption
	start
	create 020000000001
	is_certified 020000000001
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

create_apart() { # NAME: with files of its own
	TEST_DIR=$TEST_DIR/$1
	mkdir "$TEST_DIR"
	create "$1"
}

@test "many requests at once are each signed" {
	init ca-ec --local-days 30
	start --set signer_threads=4
	names=(02000000000{0..9} 02000000001{0..9})
	asking=()
	for name in "${names[@]}"; do
		create_apart "$name" 3>&- &
		asking+=($!)
	done
	wait "${asking[@]}"
	for name in "${names[@]}"; do
		cp "$TEST_DIR/$name/answer" "$TEST_DIR/$name/status" "$TEST_DIR/"
		is_certified "$name"
	done
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "passphrase_file opens the token at start" {
	init ca-ec
	start --set passphrase_file="$DIR.pass"
	[ "$(health)" = ok ]
	create 020000000001
	is_certified 020000000001
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "a PIN that was changed in the token is shown to it once, by no restart again" {
	token_make "$TEST_DIR/hsm"
	init ca-ec
	token_tool --login --pin "$PASS" --change-pin --new-pin "another PIN of it"
	token_give "$TEST_DIR/hsm"
	start --set passphrase_file="$DIR.pass"
	[ "$(health)" = locked ]
	[ "$(grep -c 'wrong_pin count=1' "$DIR.log")" = 1 ]
	create 020000000001
	[ "$(status)" = 403 ]
	[ "$(grep -c wrong_pin "$DIR.log")" = 1 ]
	refute grep -q starting_again "$DIR.log"
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "a request with the PIN of before its change does not end the signer" {
	token_make "$TEST_DIR/hsm"
	init ca-ec
	token_tool --login --pin "$PASS" --change-pin --new-pin "another PIN of it"
	token_give "$TEST_DIR/hsm"
	start
	for n in 1 2; do
		create "02000000000$n"
		[ "$(status)" = 403 ]
	done
	[ "$(grep -c wrong_pin "$DIR.log")" = 1 ]
	refute grep -q starting_again "$DIR.log"
	[ "$(health)" = locked ]
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "a changed PIN opens the token once the escrow key is under it, too" {
	token_make "$TEST_DIR/hsm"
	init ca-ec
	token_tool --login --pin "$PASS" --change-pin --new-pin "another PIN of it"
	token_give "$TEST_DIR/hsm"
	openssl pkcs8 -topk8 -in "$DIR/escrow.key" -passin "pass:$PASS" \
		-passout "pass:another PIN of it" -v2 aes-256-cbc \
		-v2prf hmacWithSHA256 -iter 600000 -out "$DIR/escrow.new"
	cat "$DIR/escrow.new" >"$DIR/escrow.key" # its owner and mode stay
	rm "$DIR/escrow.new"
	start
	create 020000000001
	[ "$(status)" = 403 ]
	create 020000000001 "another PIN of it"
	is_certified 020000000001
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

@test "the CA certificate is renewed with the token's key" {
	[[ $MS_BIN_DIR != *san/bin ]] || skip "sanitizers do not bear a false clock"
	init ca-ec --ca-days 400
	key=$(openssl x509 -in "$DIR/ca.crt" -noout -pubkey)
	export FAKETIME_DONT_FAKE_MONOTONIC=1
	MS_RUNNER="env LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1) FAKETIME=+300d" start
	create 020000000001
	[ "$(status)" = 201 ]
	wait_for "the renewal" grep -q authority_renewed "$DIR.log"
	[ "$(grep -c 'BEGIN CERTIFICATE' "$DIR/ca.crt")" = 2 ]
	[ "$(openssl x509 -in "$DIR/ca.crt" -noout -pubkey)" = "$key" ]
	create 020000000002
	jq -r .crt "$TEST_DIR/answer" >"$TEST_DIR/new.crt"
	faketime -f +300d openssl verify -x509_strict -CAfile "$DIR/ca.crt" "$TEST_DIR/new.crt"
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

refuses_init() { # WHAT-IT-SAYS init's options…
	local says=$1
	shift
	refute make_installation "$DIR" --pkcs11-module "$MODULE" "$@"
	grep -q -- "$says" "$DIR.init.log"
	[ ! -e "$DIR" ]
	[ -z "$(find "$TEST_DIR" -name 'ca.tmp-*')" ]
}

@test "init refuses what names no key of a token, and leaves nothing" {
	refuses_init 'not one token' --ca-key 'pkcs11:token=another;object=ca-ec'
	refuses_init 'no private key' --ca-key "pkcs11:token=$TOKEN;object=another"
	refuses_init 'name the key' --ca-key "pkcs11:token=$TOKEN"
	refuses_init 'ca_key: may hold' \
		--ca-key "pkcs11:token=$TOKEN;object=ca-ec?pin-value=$PASS"
	refuses_init 'begin with pkcs11:' --ca-key /etc/ca.key
	refuses_init '--key-type' --ca-key "pkcs11:token=$TOKEN;object=ca-ec" \
		--key-type ec:P-384
	refuses_init '--generate-passphrase' \
		--ca-key "pkcs11:token=$TOKEN;object=ca-ec" --generate-passphrase
}

@test "init refuses a wrong PIN, and a short one before the token sees it" {
	token_make "$TEST_DIR/hsm"
	PASS=short refuses_init 'at least 12' --ca-key "pkcs11:token=$TOKEN;object=ca-ec"
	refute token_was_shown_a_wrong_pin
	PASS='not the PIN of it' refuses_init 'not the PIN' --ca-key "pkcs11:token=$TOKEN;object=ca-ec"
	token_was_shown_a_wrong_pin
}

@test "check refuses a PIN in the configuration, and a module that is not there" {
	init ca-ec
	run "$MS_BIN_DIR/ms_ssl_server" check --config "$DIR/ms_ssl_server.conf" \
		--set "ca_key=pkcs11:token=$TOKEN;object=ca-ec?pin-value=$PASS" \
		--set pkcs11_module=/nowhere/module.so
	[ "$status" != 0 ]
	[[ $output == *"ca_key: must hold no PIN"* ]]
	[[ $output == *"pkcs11_module: there is no such file"* ]]
	[[ $output != *"$PASS"* ]]
}
