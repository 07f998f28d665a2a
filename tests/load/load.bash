# shellcheck shell=bash
# What compare.sh and e2e/load.bats need beyond e2e/harness.bash: a client that
# may ask for everybody, and who is who.

# Before the broker starts: the user "load" reads every collector's answers.
# shellcheck disable=SC2154
load_allow() { # DIR
	printf '\nuser load\ntopic write ssl/sign\ntopic write ssl/create\ntopic read ssl/+\n' \
		>>"$1/mosquitto.acl"
}

# load_options: msload's options for each door of the installation in DIR.
# shellcheck disable=SC2034
load_options() {
	local all=(--passphrase-file "$DIR.pass" --ca "$DIR/ca.crt")
	LOAD_HTTP=(--door http --port "$HTTP_PORT" "${all[@]}")
	LOAD_MQTT=(--door mqtt --port "$MQTT_PORT" "${all[@]}"
		--cert "$TEST_DIR/load.crt" --key "$TEST_DIR/load.key")
	LOAD_PIDS=(--pid "service=$(pgrep -P "$SERVER_PID" -x ms_ssl_server)"
		--pid "signer=$(pgrep -P "$SERVER_PID" -x ms_ssl_signer)"
		--pid "broker=$BROKER_PID")
}
