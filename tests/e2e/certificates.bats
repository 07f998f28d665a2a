#!/usr/bin/env bats
# Sign and create, over both doors, looked at with openssl and GnuTLS.
load harness

setup_file() {
	suite_start
	collector_create "$DIR" AABBCCDDEEFF
}

teardown_file() {
	suite_stop
}

field() { # FIELD
	jq -r ".$1" "$TEST_DIR/answer"
}

keep() { # NAME: the last answer's certificate and key as files
	field crt >"$TEST_DIR/$1.crt"
	field key >"$TEST_DIR/$1.key"
}

verifies() { # FILE
	openssl verify -x509_strict -CAfile "$DIR/ca.crt" "$1"
	certtool --verify-chain --infile <(cat "$1" "$DIR/ca.crt") >/dev/null
}

extension() { # FILE NAME
	openssl x509 -in "$1" -noout -ext "$2"
}

public_keys_match() { # CERTIFICATE KEY
	[ "$(openssl x509 -in "$1" -noout -pubkey)" = "$(openssl pkey -in "$2" -pubout)" ]
}

new_csr() { # NAME SUBJECT [openssl req's options]
	local name=$1 subject=$2
	shift 2
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$TEST_DIR/$name.own.key" -subj "$subject" "$@" \
		-out "$TEST_DIR/$name.csr" 2>/dev/null
}

csr_json() { # NAME: as a JSON string
	jq -Rs . <"$TEST_DIR/$1.csr"
}

@test "create over HTTP: 201, six fields, a certificate that strict verifiers accept" {
	post create "{\"name\":\"00:11:22:33:44:55\",\"days\":\"365\",\"pass\":\"$PASS\",\"country\":\"BR\",\"state\":\"São Paulo\",\"locality\":\"Campinas\",\"org\":\"Voice\",\"unit\":\"Field\",\"email\":\"info@voice.com\"}"
	[ "$(status)" = 201 ]
	[ "$(jq -r 'keys_unsorted | join(",")' "$TEST_DIR/answer")" = ca,key,crt,name,serial,not_after ]
	[ "$(field name)" = 001122334455 ]
	keep one
	verifies "$TEST_DIR/one.crt"
	public_keys_match "$TEST_DIR/one.crt" "$TEST_DIR/one.key"
	subject=$(openssl x509 -in "$TEST_DIR/one.crt" -noout -subject -nameopt RFC2253,utf8,-esc_msb)
	[ "$subject" = "subject=emailAddress=info@voice.com,CN=001122334455,OU=Field,O=Voice,L=Campinas,ST=São Paulo,C=BR" ]
	extension "$TEST_DIR/one.crt" subjectAltName | grep -q 'URI:urn:dev:mac:001122ffff334455'
	extension "$TEST_DIR/one.crt" extendedKeyUsage | grep -q 'TLS Web Client Authentication'
	[[ "$(extension "$TEST_DIR/one.crt" extendedKeyUsage)" != *Server* ]]
	extension "$TEST_DIR/one.crt" basicConstraints | grep -q 'CA:FALSE'
	extension "$TEST_DIR/one.crt" keyUsage | grep -q critical
	[ "$(field serial)" = "$(openssl x509 -in "$TEST_DIR/one.crt" -noout -serial | cut -d= -f2 | tr A-F a-f)" ]
}

@test "the same JSON gives the same answer at either door" {
	request="{\"name\":\"AABBCCDDEEFF\",\"days\":\"30\",\"pass\":\"$PASS\"}"
	post sign "$request" >/dev/null
	cp "$TEST_DIR/answer" "$TEST_DIR/http.json"
	post sign "$request" -H 'Idempotency-Key: none' >/dev/null
	mqtt_ask AABBCCDDEEFF sign "$request" >"$TEST_DIR/mqtt.json"
	for f in ca key name; do
		[ "$(jq -r ".$f" "$TEST_DIR/http.json")" = "$(jq -r ".$f" "$TEST_DIR/mqtt.json")" ]
	done
	jq -r .crt "$TEST_DIR/mqtt.json" >"$TEST_DIR/mqtt.crt"
	verifies "$TEST_DIR/mqtt.crt"
}

@test "sign without csr keeps the key that create made, and brings it again" {
	post create "{\"name\":\"020000000010\",\"days\":10,\"pass\":\"$PASS\",\"org\":\"Kept\"}" >/dev/null
	keep first
	post sign "{\"name\":\"02:00:00:00:00:10\",\"days\":20,\"pass\":\"$PASS\"}" >/dev/null
	[ "$(status)" = 201 ]
	keep second
	verifies "$TEST_DIR/second.crt"
	cmp "$TEST_DIR/first.key" "$TEST_DIR/second.key"
	refute cmp "$TEST_DIR/first.crt" "$TEST_DIR/second.crt"
	openssl x509 -in "$TEST_DIR/second.crt" -noout -subject | grep -q Kept
}

@test "sign with a csr certifies the device's own key, whose answer has no key" {
	new_csr own "/O=Device/CN=anything"
	post sign "{\"name\":\"020000000020\",\"days\":30,\"pass\":\"$PASS\",\"csr\":$(csr_json own)}" >/dev/null
	[ "$(status)" = 201 ]
	[ "$(field key)" = "" ]
	keep own
	verifies "$TEST_DIR/own.crt"
	public_keys_match "$TEST_DIR/own.crt" "$TEST_DIR/own.own.key"
	# The common name is the identity, whatever the request says.
	openssl x509 -in "$TEST_DIR/own.crt" -noout -subject | grep -q 'CN = 020000000020'
	post sign "{\"name\":\"020000000020\",\"days\":31,\"pass\":\"$PASS\"}" >/dev/null
	[ "$(field key)" = "" ]
	keep own2
	public_keys_match "$TEST_DIR/own2.crt" "$TEST_DIR/own.own.key"
}

@test "sign without csr for nobody known: unknown_name" {
	post sign "{\"name\":\"0200000000FF\",\"days\":30,\"pass\":\"$PASS\"}" >/dev/null
	[ "$(status)" = 404 ]
	[ "$(field error)" = unknown_name ]
}

@test "every key type of create" {
	for type in ec:P-256 ec:P-384 ed25519 rsa:2048 rsa:3072 rsa:4096; do
		name=key-$(echo "$type" | tr ':' '-')
		post create "{\"name\":\"$name\",\"days\":5,\"pass\":\"$PASS\",\"key_type\":\"$type\"}" >/dev/null
		[ "$(status)" = 201 ]
		keep "$name"
		verifies "$TEST_DIR/$name.crt"
		public_keys_match "$TEST_DIR/$name.crt" "$TEST_DIR/$name.key"
	done
}

@test "profile server: server authentication, the host in the alternative names" {
	post create "{\"days\":90,\"pass\":\"$PASS\",\"profile\":\"server\",\"cn\":\"prof.voice.com/info@voice.com\",\"san\":[\"dns:www.voice.com\",\"ip:192.0.2.7\"]}" >/dev/null
	[ "$(status)" = 201 ]
	[ "$(field name)" = prof.voice.com ]
	keep server
	verifies "$TEST_DIR/server.crt"
	openssl verify -x509_strict -purpose sslserver -verify_hostname prof.voice.com -CAfile "$DIR/ca.crt" "$TEST_DIR/server.crt"
	openssl verify -x509_strict -verify_ip 192.0.2.7 -CAfile "$DIR/ca.crt" "$TEST_DIR/server.crt"
	refute openssl verify -purpose sslclient -CAfile "$DIR/ca.crt" "$TEST_DIR/server.crt"
}

@test "the same request within the window is the same certificate, answered with 200" {
	request="{\"name\":\"020000000030\",\"days\":30,\"pass\":\"$PASS\"}"
	post create "$request" >/dev/null
	[ "$(status)" = 201 ]
	cp "$TEST_DIR/answer" "$TEST_DIR/first.json"
	post create "$request" >/dev/null
	[ "$(status)" = 200 ]
	cmp "$TEST_DIR/answer" "$TEST_DIR/first.json"
	post create "$request" -H 'Idempotency-Key: another' >/dev/null
	[ "$(status)" = 201 ]
	refute cmp "$TEST_DIR/answer" "$TEST_DIR/first.json"
}

@test "one entity as JSON, its certificate as a file, the authority's" {
	get /v1/ssl/AABBCCDDEEFF >/dev/null
	[ "$(status)" = 200 ]
	[ "$(field name)" = AABBCCDDEEFF ]
	get /v1/ssl/aa-bb-cc-dd-ee-ff.crt >"$TEST_DIR/file.crt"
	verifies "$TEST_DIR/file.crt"
	get /v1/ssl/ca.crt >"$TEST_DIR/got-ca.crt"
	cmp "$TEST_DIR/got-ca.crt" "$DIR/ca.crt"
	get /v1/ssl/0200000000EE >/dev/null
	[ "$(status)" = 404 ]
}

@test "healthz says that it can sign, and how the fleet is" {
	get /healthz >/dev/null
	[ "$(status)" = 200 ]
	[ "$(field status)" = ok ]
	[ "$(field broker_connected)" = true ]
}

@test "the authority's own names are nobody else's" {
	for name in ca CA ssl broker sign; do
		post create "{\"name\":\"$name\",\"days\":1,\"pass\":\"$PASS\"}" >/dev/null
		[ "$(status)" = 403 ]
		[ "$(field error)" = protected_name ]
	done
	# Mosquitto takes the user from the common name: these would open the
	# service's topics, or another collector's.
	for cn in ssl sign AA:BB:CC:DD:EE:FF aabbccddeeff 'a/b' '#'; do
		post create "{\"name\":\"020000000040\",\"days\":1,\"pass\":\"$PASS\",\"cn\":\"$cn\"}" >/dev/null
		[ "$(field field)" = cn ]
	done
}

@test "a certificate never outlives its issuer" {
	ca_end=$(date -d "$(openssl x509 -in "$DIR/ca.crt" -noout -enddate | cut -d= -f2)" +%s)
	post create "{\"name\":\"020000000050\",\"days\":3650,\"pass\":\"$PASS\"}" >/dev/null
	keep long
	end=$(date -d "$(openssl x509 -in "$TEST_DIR/long.crt" -noout -enddate | cut -d= -f2)" +%s)
	[ "$end" -le "$ca_end" ]
	[ "$(date -d "$(field not_after)" +%s)" = "$end" ]
}
