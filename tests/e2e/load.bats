#!/usr/bin/env bats
# The load generator: what it lets pass, and what it must not.
load harness
load ../load/load

setup_file() {
	TEST_DIR=$BATS_FILE_TMPDIR
	DIR=$TEST_DIR/ca
	make_installation "$DIR"
	load_allow "$DIR"
	start_all "$DIR"
	collector_create "$DIR" load
	printf 'certainly not this one\n' >"$TEST_DIR/wrong.pass"
	export TEST_DIR DIR MQTT_PORT HTTP_PORT BROKER_PID SERVER_PID
}

setup() {
	MSLOAD=$MS_BIN_DIR/../tests/msload
	load_options
}

teardown_file() {
	suite_stop
}

all_right() { # FILE COUNT
	jq -e ".good and .certificates == $2 and .asked == $2 and .missing == 0" "$1"
}

@test "two hundred requests at the HTTP door: each gets its certificate" {
	"$MSLOAD" "${LOAD_HTTP[@]}" "${LOAD_PIDS[@]}" --requests 200 --warm-up 0 \
		--connections 10 --json "$TEST_DIR/http.json"
	all_right "$TEST_DIR/http.json" 200
	jq -e '.cpu.service and .cpu.signer and .cpu.broker' "$TEST_DIR/http.json"
}

@test "two hundred requests at the MQTT door: each gets its certificate" {
	"$MSLOAD" "${LOAD_MQTT[@]}" --requests 200 --warm-up 0 --connections 10 \
		--json "$TEST_DIR/mqtt.json"
	all_right "$TEST_DIR/mqtt.json" 200
}

@test "create: each answer's key fits its certificate, at both doors" {
	"$MSLOAD" "${LOAD_HTTP[@]}" --verb create --requests 50
	"$MSLOAD" "${LOAD_MQTT[@]}" --verb create --requests 50
}

@test "an open loop asks for all that was due" {
	"$MSLOAD" "${LOAD_HTTP[@]}" --rate 100 --requests 100 --warm-up 0 \
		--json "$TEST_DIR/open.json"
	all_right "$TEST_DIR/open.json" 100
	"$MSLOAD" "${LOAD_MQTT[@]}" --rate 100 --requests 100 --warm-up 0 \
		--json "$TEST_DIR/open.json"
	all_right "$TEST_DIR/open.json" 100
}

@test "a certificate of another authority is a wrong answer" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc \
		-subj /CN=other -keyout "$TEST_DIR/other.key" -out "$TEST_DIR/other.crt"
	run "$MSLOAD" --door http --port "$HTTP_PORT" --passphrase-file "$DIR.pass" \
		--ca "$TEST_DIR/other.crt" --requests 10 --warm-up 0
	[ "$status" = 1 ]
	[[ $output == *"not signed by the authority"* ]]
}

@test "a request that the broker refuses ends the run" {
	run "$MSLOAD" "${LOAD_MQTT[@]}" --prefix elsewhere --requests 10
	[ "$status" = 2 ]
}

@test "a server that is not there ends the run" {
	run "$MSLOAD" "${LOAD_HTTP[@]}" --port "$(free_port)" --requests 10
	[ "$status" = 2 ]
}

@test "a wrong passphrase at the MQTT door: exit status 1, and no certificate" {
	run "$MSLOAD" "${LOAD_MQTT[@]}" --passphrase-file "$TEST_DIR/wrong.pass" \
		--requests 20 --warm-up 0 --json "$TEST_DIR/wrong.json"
	[ "$status" = 1 ]
	jq -e '.certificates == 0 and .wrong == 20 and .errors.wrong_pass > 0' \
		"$TEST_DIR/wrong.json"
}

# The last one, for the address must wait after it.
@test "a wrong passphrase at the HTTP door: exit status 1, unless it is expected" {
	local wrong=("${LOAD_HTTP[@]}" --passphrase-file "$TEST_DIR/wrong.pass"
		--requests 20 --warm-up 0 --json "$TEST_DIR/wrong.json")

	run "$MSLOAD" "${wrong[@]}"
	[ "$status" = 1 ]
	jq -e '.certificates == 0 and .wrong == 20' "$TEST_DIR/wrong.json"
	"$MSLOAD" "${wrong[@]}" --expect wrong_pass --expect slow_down
	jq -e '.good and .certificates == 0 and .expected_errors == 20' \
		"$TEST_DIR/wrong.json"
}
