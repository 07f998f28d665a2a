#!/usr/bin/env bats
# What the two processes are while they serve, seen from outside.
load harness

setup_file() {
	[ -n "$(sandbox)" ] || suite_start
}

teardown_file() {
	[ -n "$(sandbox)" ] || suite_stop
}

setup() {
	[ -z "$(sandbox)" ] || skip "the sandbox is off"
}

signer() {
	pgrep -P "$SERVER_PID" -f ms_ssl_signer
}

service() {
	pgrep -P "$SERVER_PID" -f 'ms_ssl_server serve'
}

of_status() { # PID FIELD
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}

@test "both are filtered, and can gain nothing" {
	for pid in $(signer) $(service); do
		[ "$(of_status "$pid" NoNewPrivs)" = 1 ]
		[ "$(of_status "$pid" Seccomp)" = 2 ]
	done
}

@test "root is left: two users, no groups, no capabilities" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ "$(of_status "$(service)" Uid)" = 61001 ]
	[ "$(of_status "$(signer)" Uid)" = 61002 ]
	for pid in $(signer) $(service); do
		[ "$(of_status "$pid" CapEff)" = 0000000000000000 ]
		[ "$(of_status "$pid" CapPrm)" = 0000000000000000 ]
		[ -z "$(of_status "$pid" Groups)" ]
	done
}

@test "started by a user, both stay who they are, and the log says what that costs" {
	[ "$(id -u)" = 0 ] || skip "needs root, to be another user"
	local home=$BATS_TEST_TMPDIR/home
	mkdir "$home"
	chown 61003:61003 "$home"
	run setpriv --reuid=61003 --regid=61003 --clear-groups bash -c "
		printf '%s\n' '$PASS' >'$home/pass' && chmod 600 '$home/pass' &&
		'$MS_BIN_DIR/ms_ssl_server' init --dir '$home/ca' --passphrase-file '$home/pass' &&
		timeout -s TERM 3 '$MS_BIN_DIR/ms_ssl_server' run --config '$home/ca/ms_ssl_server.conf' \
			--set mqtt_enabled=false --set http_port=0"
	grep -q 'hardening missing="two users' <<<"$output"
	grep -q 'service ready' <<<"$output"
}

@test "neither can be dumped or traced by its own user" {
	for pid in $(signer) $(service); do
		[ "$(stat -c %u "/proc/$pid/mem")" = 0 ]
		[ "$(id -u)" != 0 ] ||
			refute setpriv --reuid="$(of_status "$pid" Uid)" --clear-groups \
				head -c 1 "/proc/$pid/environ"
	done
	grep -q 'Max core file size *0 *0' "/proc/$(signer)/limits"
}

@test "the signer holds its socket and the log, and nothing else" {
	for fd in "/proc/$(signer)/fd"/*; do
		case $(readlink "$fd") in
		socket:* | pipe:* | /dev/null | "$DIR.log") ;;
		*) ls -l "/proc/$(signer)/fd" && false ;;
		esac
	done
	[ "$(find "/proc/$(signer)/fd" -lname 'socket:*' | wc -l)" = 1 ]
}

@test "as the service's user no key file can be read, nor replaced" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	as_service() {
		setpriv --reuid=61001 --regid=61001 --clear-groups "$@"
	}
	as_service cat "$DIR/ms_ssl_server.conf" "$DIR/local/ssl.key" >/dev/null
	for file in ca.key escrow.key; do
		refute as_service cat "$DIR/$file"
		refute as_service mv "$DIR/local/ssl.crt" "$DIR/$file"
		refute as_service rm -f "$DIR/$file"
	done
	refute as_service touch "$DIR/new"
}

@test "a signer that is sent nonsense ends, both start again, and the log says so" {
	[ "$(id -u)" = 0 ] || skip "needs root, to take the service's socket"
	local before
	before=$(service)
	# The service's own end, taken by pidfd_getfd: as one who took it over.
	python3 - "$before" <<-'PYTHON'
		import ctypes, os, socket, sys
		libc = ctypes.CDLL(None, use_errno=True)
		pidfd = libc.syscall(434, int(sys.argv[1]), 0)
		fd = libc.syscall(438, pidfd, 3, 0)
		assert fd >= 0, os.strerror(ctypes.get_errno())
		socket.socket(fileno=fd).send(b"\xffnonsense")
	PYTHON
	wait_for "the service's end" is_gone "$before"
	wait_for "the HTTP door again" server_answers
	grep -q 'signer bad_packet' "$DIR.log"
	grep -q 'supervisor ended process=signer status=1' "$DIR.log"
	post create "{\"name\":\"0200000000EE\",\"days\":1,\"pass\":\"$PASS\"}" | jq -e .crt
}
