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
		--set mqtt_enabled=false $(sandbox))
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
	# exec: a shell in between would end by the signal, too.
	coproc TTY { script -qefc "exec ${run[*]}" /dev/null >"$DIR.log" 2>&1; }
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

@test "a signer that hangs is lost: the request fails, and the next start serves" {
	"${run[@]}" --set signer_timeout=30000 >>"$DIR.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the HTTP door" server_answers
	service=$(pgrep -P "$SERVER_PID" -f 'ms_ssl_server serve')
	kill -STOP "$(pgrep -P "$SERVER_PID" -f ms_ssl_signer)"
	post create "{\"name\":\"020000000001\",\"days\":1,\"pass\":\"$PASS\"}" | jq -e '.error == "internal"'
	wait_for "the end of both" is_gone "$service"
	wait_for "the HTTP door again" server_answers
	post create "{\"name\":\"020000000001\",\"days\":1,\"pass\":\"$PASS\"}" | jq -e .crt
	kill "$SERVER_PID"
	wait "$SERVER_PID"
	SERVER_PID=
}

@test "a command that reloads the broker is run, and killed where it does not end" {
	{
		echo '#!/bin/sh'
		echo "echo \$\$ >>$TEST_DIR/command.pid"
		echo 'exec sleep 3600'
	} >"$TEST_DIR/command"
	chmod 755 "$TEST_DIR/command"
	rm "$DIR/local/broker.crt"
	"${run[@]}" --set "broker_reload=$TEST_DIR/command" \
		--set "passphrase_file=$DIR.pass" >>"$DIR.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the command's end" grep -q 'broker_reload failed="the command" signal=9' "$DIR.log"
	refute kill -0 "$(head -n 1 "$TEST_DIR/command.pid")"
	server_answers
	kill "$SERVER_PID"
	wait "$SERVER_PID"
	SERVER_PID=
}
