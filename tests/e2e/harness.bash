# shellcheck shell=bash
# What every end-to-end test starts from: an installation of its own in a
# folder of its own, Mosquitto and the service on free ports of loopback, ended
# by their process ids. Waits are for events, bounded by WAIT_S.

MS_BIN_DIR=${MS_BIN_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/release/bin}
MS_RUNNER=${MS_RUNNER:-} # "valgrind …": what the service is run under
WAIT_S=${WAIT_S:-120}
PASS='correct horse battery staple'
export WAIT_S

# wait_for WHAT COMMAND…: until COMMAND succeeds; WHAT is for the message.
wait_for() {
	local what=$1 end
	shift
	end=$((SECONDS + WAIT_S))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "waited $WAIT_S s for: $what" >&2
			return 1
		}
		sleep 0.05
	done
}

# "! command" does not fail a test; this does.
refute() {
	if "$@"; then
		echo "should have failed: $*" >&2
		return 1
	fi
}

# Below those that the system gives to outgoing connections.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12700))
		ss -Hltn "sport = :$port" | grep -q . || { echo "$port"; return; }
	done
}

# For setup_file: an installation in DIR, everything started.
suite_start() { # [run's options]
	TEST_DIR=$BATS_FILE_TMPDIR
	DIR=$TEST_DIR/ca
	make_installation "$DIR"
	start_all "$DIR" "$@"
	export TEST_DIR DIR MQTT_PORT HTTP_PORT BROKER_PID SERVER_PID
}

# For teardown_file: the log is shown where a test failed.
suite_stop() {
	stop_all
	[ "${SERVER_STATUS:-0}" = 0 ] || {
		echo "the service ended with $SERVER_STATUS" >&2
		tail -n 50 "$DIR.log" >&2
		return 1
	}
}

# For root: whom service and signer become; the service must reach its files.
users() {
	[ "$(id -u)" = 0 ] || return 0
	chmod o+x "$BATS_RUN_TMPDIR"
	echo --user 61001 --signer-user 61002
}

# make_installation DIR [init's options]: with a passphrase that tests know.
make_installation() {
	local dir=$1
	shift
	printf '%s\n' "$PASS" >"$dir.pass"
	chmod 600 "$dir.pass"
	MQTT_PORT=$(free_port)
	HTTP_PORT=$(free_port)
	# shellcheck disable=SC2046
	"$MS_BIN_DIR/ms_ssl_server" init --dir "$dir" --passphrase-file "$dir.pass" \
		--mqtt-port "$MQTT_PORT" --http-port "$HTTP_PORT" $(users) "$@" \
		>"$dir.init.log" 2>&1 || { cat "$dir.init.log" >&2; return 1; }
}

start_broker() { # DIR
	mosquitto -c "$1/mosquitto.conf" >>"$1.broker.log" 2>&1 3>&- &
	BROKER_PID=$!
	wait_for "Mosquitto on $MQTT_PORT" nc -z 127.0.0.1 "$MQTT_PORT"
}

stop_broker() {
	[ -n "${BROKER_PID:-}" ] || return 0
	kill "$BROKER_PID" 2>/dev/null || true
	wait_for "Mosquitto's end" is_gone "$BROKER_PID"
	BROKER_PID=
}

# What a runner (valgrind) or a sanitizer does itself, up to writing down what it
# has found, no sandbox of ours allows. And they take their time.
sandbox() {
	[ -z "$MS_RUNNER" ] && [ "${MS_SANDBOX:-true}" = true ] ||
		echo --set sandbox=false --set signer_timeout=3600000
}

start_server() { # DIR [options of run]
	local dir=$1
	shift
	# shellcheck disable=SC2086,SC2046
	$MS_RUNNER "$MS_BIN_DIR/ms_ssl_server" run --config "$dir/ms_ssl_server.conf" \
		$(sandbox) "$@" >>"$dir.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the HTTP door on $HTTP_PORT" server_answers
}

server_answers() {
	kill -0 "$SERVER_PID" && curl -s "http://127.0.0.1:$HTTP_PORT/healthz" -o /dev/null
}

mqtt_is_up() { # DIR
	curl -s "http://127.0.0.1:$HTTP_PORT/healthz" | jq -e .broker_connected
}

is_gone() {
	! kill -0 "$1"
}

# Started in another shell of the same test file, it cannot be waited for: its
# last line says how it ended.
stop_server() {
	[ -n "${SERVER_PID:-}" ] || return 0
	kill "$SERVER_PID" 2>/dev/null || true
	wait_for "the service's end" is_gone "$SERVER_PID"
	SERVER_STATUS=0
	grep -q 'service stopped failed=0' "$DIR.log" || SERVER_STATUS=1
	SERVER_PID=
}

start_all() { # DIR
	start_broker "$1"
	start_server "$@"
	wait_for "the service at the broker" mqtt_is_up "$1"
}

stop_all() {
	stop_server
	stop_broker
}

# post VERB JSON [curl's options]: the body on stdout, STATUS in the file.
post() {
	local verb=$1 json=$2
	shift 2
	printf '%s' "$json" | curl -s -o "$TEST_DIR/answer" -w '%{http_code}' \
		-H 'Content-Type: application/json' --data-binary @- "$@" \
		"http://127.0.0.1:$HTTP_PORT/v1/ssl/$verb" >"$TEST_DIR/status"
	cat "$TEST_DIR/answer"
}

status() {
	cat "$TEST_DIR/status"
}

get() { # PATH [curl's options]
	local path=$1
	shift
	curl -s -o "$TEST_DIR/answer" -w '%{http_code}' "$@" \
		"http://127.0.0.1:$HTTP_PORT$path" >"$TEST_DIR/status"
	cat "$TEST_DIR/answer"
}

# A collector: its certificate, key and the CA as files NAME.crt, NAME.key.
collector_create() { # DIR NAME
	post create "{\"name\":\"$2\",\"days\":\"30\",\"pass\":\"$PASS\"}" >"$TEST_DIR/$2.json"
	[ "$(status)" = 201 ] || { cat "$TEST_DIR/$2.json" >&2; return 1; }
	jq -r .crt "$TEST_DIR/$2.json" >"$TEST_DIR/$2.crt"
	jq -r .key "$TEST_DIR/$2.json" >"$TEST_DIR/$2.key"
}

collector_tls() { # NAME: mosquitto_* options
	echo "-h 127.0.0.1 -p $MQTT_PORT --cafile $DIR/ca.crt --cert $TEST_DIR/$1.crt --key $TEST_DIR/$1.key"
}

# mqtt_ask NAME VERB JSON: as that collector, the answer on stdout. (Of its ways
# to give a message stock mosquitto_rr sends only -m's.)
mqtt_ask() {
	# shellcheck disable=SC2046
	mosquitto_rr $(collector_tls "$1") -V "${MQTT_VERSION:-mqttv5}" -q 1 \
		-t "ssl/$2" -e "ssl/$1" -m "$3" -W "$WAIT_S"
}
