#!/usr/bin/env bats
# The supervisor's own end, and what it does where nothing can be kept running.
load harness

setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	SERVER_PID=
	BROKER_PID=
	make_installation "$DIR"
	run=("$MS_BIN_DIR/ms_ssl_server" run --config "$DIR/ms_ssl_server.conf"
		--set mqtt_enabled=false)
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
}

@test "SIGTERM ends with 0, however often it is tried" {
	for _ in 1 2 3 4 5; do
		"${run[@]}" >>"$DIR.log" 2>&1 3>&- &
		SERVER_PID=$!
		wait_for "the HTTP door" server_answers
		kill "$SERVER_PID"
		wait "$SERVER_PID"
	done
	SERVER_PID=
	[ "$(grep -c 'service stopped failed=0' "$DIR.log")" = 5 ]
}

@test "Ctrl-C on a terminal is one stop, not two" {
	coproc TTY { script -qefc "${run[*]}" /dev/null >"$DIR.log" 2>&1; }
	local pid=$TTY_PID in=${TTY[1]}
	wait_for "the HTTP door" curl -s "http://127.0.0.1:$HTTP_PORT/healthz" -o /dev/null
	printf '\003' >&"$in"
	STATUS=0
	wait "$pid" || STATUS=$?
	[ "$STATUS" = 0 ]
	grep -q 'service stopped failed=0' "$DIR.log"
}

@test "a signer that cannot be run, or does not live, is given up with 1" {
	run "${run[@]}" --set signer_program=/nonexistent
	[ "$status" = 1 ]
	grep -q signer_program <<<"$output"
	run "${run[@]}" --set signer_program=/bin/false
	[ "$status" = 1 ]
	grep -q given_up <<<"$output"
	grep -q 'starting_again in_s=2' <<<"$output"
}

@test "each start of the two is whole: a killed signer takes its service along" {
	"${run[@]}" >>"$DIR.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the HTTP door" server_answers
	signer=$(pgrep -P "$SERVER_PID" -f ms_ssl_signer)
	service=$(pgrep -P "$SERVER_PID" -f 'ms_ssl_server serve')
	kill -9 "$signer"
	wait_for "the end of both" is_gone "$service"
	wait_for "the HTTP door again" server_answers
	kill "$SERVER_PID"
	wait "$SERVER_PID"
	SERVER_PID=
}
