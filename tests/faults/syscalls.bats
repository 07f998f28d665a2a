#!/usr/bin/env bats
# Each system call that one request makes fails in turn, in each way: the
# request gets a proper answer, the service goes on, and what clients were told
# is what the record holds.
load faults

FILE_CALLS=(write pwrite fdatasync fsync ftruncate open mmap)

setup() {
	need_shim
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	SERVER_PID=
	BROKER_PID=
	: >"$TEST_DIR/told"
	names=0
	hits=0
	make_installation "$DIR"
	make_csr
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
	stop_broker
}

# A request's digest is the name's, and with each its own nothing is repeated.
next_name() {
	names=$((names + 1))
	NAME=$(printf '0200000000%02X' "$names")
}

# count FUNCTION PREFIX: how often one request calls it.
count() {
	next_name
	arm "$1:0:none:$2"
	ask "$NAME"
	disarm
	[ "$(status)" = 201 ]
	CALLED=$(wc -l <"$CALLS")
}

goes_on() {
	wait_for "an answer to the same request" is_answered "$NAME"
	next_name
	wait_for "an answer to a fresh request" is_answered "$NAME"
	kill -0 "$SERVER_PID"
}

# fault FUNCTION:N:KIND PREFIX [also this status]: one request under it.
fault() {
	next_name
	arm "$1:$2"
	ask "$NAME"
	disarm
	[ "$(status)" = "${3:-}" ] || is_proper_answer || {
		echo "$1: status $(status): $(cat "$TEST_DIR/answer")" >&2
		return 1
	}
	! was_hit || hits=$((hits + 1))
	goes_on || { echo "after $1" >&2; return 1; }
}

# Every call of every function that touches a file of the installation.
each_file_call() { # KIND
	local function n
	start_with_shim "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF # opens the key
	for function in "${FILE_CALLS[@]}"; do
		count "$function" "$DIR/"
		for ((n = 1; n <= CALLED; n++)); do
			fault "$function:$n:$1" "$DIR/"
		done
	done
	[ "$hits" -ge 10 ]
	record_agrees
	stop_server
	[ "$SERVER_STATUS" = 0 ]
	oracle_agrees
}

@test "ENOSPC at each call on a file: answered, and the record agrees" {
	each_file_call ENOSPC
}

@test "EIO at each call on a file: answered, and the record agrees" {
	each_file_call EIO
}

@test "EINTR at each call on a file: answered, and the record agrees" {
	each_file_call EINTR
}

@test "each write to a file comes short: answered, and the record agrees" {
	FILE_CALLS=(write pwrite)
	each_file_call short
}

@test "a disk that fails every call for a while: internal, then well without a restart" {
	local function kind before
	start_with_shim "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
	before=$(service_pid)
	for function in write pwrite fdatasync; do
		for kind in ENOSPC EIO EROFS; do
			next_name
			arm "$function:1+:$kind:$DIR/"
			ask "$NAME"
			[ "$(status)" = 500 ]
			is_proper_answer
			get /healthz >/dev/null
			[ "$(status)" = 503 ]
			disarm
			goes_on
			get /healthz >/dev/null
			[ "$(status)" = 200 ]
		done
	done
	[ "$(service_pid)" = "$before" ]
	record_agrees
}

# Killed at the call: a start of its own for each, so that the supervisor does
# not give up.
@test "killed at each call on a file: the same request is answered after it, once" {
	local function n calls=()
	start_with_shim "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
	for function in write pwrite fdatasync; do
		count "$function" "$DIR/"
		for ((n = 1; n <= CALLED; n++)); do
			calls+=("$function:$n")
		done
	done
	stop_server
	for n in "${calls[@]}"; do
		start_with_shim "$DIR" --set mqtt_enabled=false
		wait_for "the key" is_answered 0200000000FF
		fault "$n:die" "$DIR/" 000
		stop_server
	done
	[ "$hits" -ge 10 ]
	oracle_agrees
}

# To a client a reset is no answer: it asks again, and gets the same.
each_socket_call() { # KIND FUNCTION…
	local kind=$1 function n
	shift
	for function in "$@"; do
		count "$function" socket:
		for ((n = 1; n <= CALLED; n++)); do
			fault "$function:$n:$kind" socket: 000
		done
	done
}

@test "sockets are interrupted, come short, are reset: the same request gets one answer" {
	start_with_shim "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
	each_socket_call EINTR read write writev send recv sendmsg recvmsg
	each_socket_call EAGAIN read write writev
	each_socket_call short read write writev
	each_socket_call ECONNRESET read write writev
	[ "$hits" -ge 8 ]
	record_agrees
}

@test "the signer's socket is reset: both are started again, and the request is answered" {
	start_with_shim "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
	each_socket_call ECONNRESET send
	each_socket_call ECONNRESET recv
	[ "$hits" -ge 1 ]
	record_agrees
}

mqtt_told() { # NAME: asks at the other door
	mqtt_ask 02AA00000001 sign "{\"name\":\"02AA00000001\",\"days\":$1,\"pass\":\"$PASS\"}" >"$TEST_DIR/mqtt.$1"
	jq -re "\"mqtt.$1 \" + .name + \" \" + .serial" "$TEST_DIR/mqtt.$1" >>"$TEST_DIR/told"
}

@test "the broker's socket fails in each way: an MQTT request is answered" {
	local n kind function
	start_broker "$DIR"
	start_with_shim "$DIR" --set mqtt_reconnect_min=10 --set mqtt_reconnect_max=100
	wait_for "the service at the broker" mqtt_is_up
	collector_create "$DIR" 02AA00000001
	: >"$TEST_DIR/told"
	n=1
	for kind in EINTR EAGAIN short ECONNRESET; do
		for function in read write; do
			for at in 1 2 3 4; do
				wait_for "the service at the broker" mqtt_is_up
				arm "$function:$at:$kind:socket:"
				n=$((n + 1))
				mqtt_told "$n"
				! was_hit || hits=$((hits + 1))
				disarm
			done
		done
	done
	[ "$hits" -ge 12 ]
	oracle_agrees
	stop_all
	[ "$SERVER_STATUS" = 0 ]
}

@test "no descriptor is to be had: the service says so, and serves again after it" {
	start_with_shim "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
	arm "open:1+:EMFILE:$DIR/"
	for _ in 1 2 3; do
		next_name
		ask "$NAME"
		is_proper_answer
	done
	disarm
	goes_on
	record_agrees
}
