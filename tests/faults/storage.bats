#!/usr/bin/env bats
# Where the record lives is full, locked, read-only or damaged.
load faults

setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	DIR=$TEST_DIR/ca
	SERVER_PID=
	BROKER_PID=
	small=$TEST_DIR/small
	: >"$TEST_DIR/told"
	make_csr
}

teardown() {
	[ -z "$SERVER_PID" ] || kill -9 "$SERVER_PID" 2>/dev/null || true
	exec 7>&- # a locker that is left ends
	mountpoint -q "$small" && umount -l "$small" || true
}

small_disk() { # SIZE
	[ "$(id -u)" = 0 ] || skip "needs root, to mount a small file system"
	mkdir "$small"
	mount -t tmpfs -o "size=$1" tmpfs "$small" || skip "cannot mount here"
	DIR=$small/ca
	make_installation "$DIR"
	start_server "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
}

healthz_is() { # STATUS
	get /healthz >/dev/null
	[ "$(status)" = "$1" ]
}

# Fills what is left, then asks until what files have in reserve is used up.
fill_until_refused() { # ROUND
	local n
	dd if=/dev/zero of="$small/fill" bs=4096 2>/dev/null || true
	for ((n = 0; n < 200; n++)); do
		ask "$(printf '02%02X000001%02X' "$1" "$n")"
		[ "$(status)" = 201 ] || return 0
	done
	return 1
}

@test "a full disk, three times: internal, nothing half written, room again: well without a restart" {
	local round before
	small_disk 6m
	before=$(pgrep -P "$SERVER_PID" -f 'ms_ssl_server serve')
	for round in 1 2 3; do
		fill_until_refused "$round"
		[ "$(status)" = 500 ]
		jq -e '.error == "internal"' "$TEST_DIR/answer"
		# What was issued before can be read all the same.
		[ "$(get /v1/ssl/0200000000FF | jq -r .name)" = 0200000000FF ]
		oracle_agrees
		rm "$small/fill"
		wait_for "an answer" is_answered "02${round}000000AA"
		wait_for "health" healthz_is 200
		record_agrees
	done
	[ "$(service_pid)" = "$before" ]
	stop_server
	[ "$SERVER_STATUS" = 0 ]
	oracle_agrees
}

@test "as long as nothing can be issued, health says so, whatever can be read" {
	small_disk 6m
	for round in 1 2; do
		fill_until_refused "$round"
		get /v1/ssl/0200000000FF >/dev/null
		refute healthz_is 200
		rm "$small/fill"
		wait_for "an answer" is_answered "02${round}000000AA"
	done
}

@test "a full disk at start: it is said, and a start with room goes well" {
	small_disk 6m
	stop_server
	dd if=/dev/zero of="$small/fill" bs=4096 2>/dev/null || true
	dd if=/dev/zero bs=1 >>"$small/fill" 2>/dev/null || true
	timeout "$WAIT_S" "$MS_BIN_DIR/ms_ssl_server" run --config "$DIR/ms_ssl_server.conf" \
		--set mqtt_enabled=false >"$TEST_DIR/full.log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "an end or an answer" ended_or_answers
	grep -Eiq 'no space|full|store|ledger' "$TEST_DIR/full.log"
	rm "$small/fill"
	wait_for "the end of it, or its health" ended_or_well
	if is_gone "$SERVER_PID"; then
		start_server "$DIR" --set mqtt_enabled=false
	fi
	wait_for "an answer" is_answered 0200000000AB
	record_agrees
}

ended_or_answers() {
	is_gone "$SERVER_PID" || server_answers
}

ended_or_well() {
	is_gone "$SERVER_PID" || is_answered 0200000000AA
}

# Holds the write lock until descriptor 7 is closed.
lock_store() {
	mkfifo "$TEST_DIR/lock.in"
	sqlite3 "$(find "$DIR" -name store.db)" <"$TEST_DIR/lock.in" >"$TEST_DIR/lock.out" 3>&- &
	LOCKER=$!
	exec 7>"$TEST_DIR/lock.in"
	echo "BEGIN EXCLUSIVE; SELECT 'locked';" >&7
	wait_for "the lock" grep -q locked "$TEST_DIR/lock.out"
}

@test "a store that another process locks: a short one is waited for, a long one answered; then well" {
	make_installation "$DIR"
	start_server "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
	lock_store
	ask 020000000001
	[[ $(status) == 50[03] ]]
	is_proper_answer
	# A reader is not held up by a writer.
	[ "$(get /v1/ssl/0200000000FF | jq -r .name)" = 0200000000FF ]
	ask 020000000002 7>&- 3>&- &
	asking=$!
	echo 'ROLLBACK;' >&7
	exec 7>&-
	wait "$LOCKER"
	wait "$asking"
	is_proper_answer
	is_answered 020000000001
	is_answered 020000000002
	wait_for "health" healthz_is 200
	record_agrees
	stop_server
	[ "$SERVER_STATUS" = 0 ]
}

# Runs it to its end, which must come by itself; OUTPUT and STATUS.
run_to_end() { # [options of run]
	STATUS=0
	timeout "$WAIT_S" "$MS_BIN_DIR/ms_ssl_server" run --config "$DIR/ms_ssl_server.conf" \
		--set mqtt_enabled=false "$@" >"$TEST_DIR/end.log" 2>&1 3>&- || STATUS=$?
	OUTPUT=$(<"$TEST_DIR/end.log")
	[ "$STATUS" != 0 ] && [ "$STATUS" != 124 ] || {
		echo "ended with $STATUS: $OUTPUT" >&2
		return 1
	}
}

@test "a read-only folder: refused at start, with the file's name and the reason" {
	[ "$(id -u)" = 0 ] || skip "needs root, to mount a small file system"
	small_disk 6m
	stop_server
	mount -o remount,ro "$small"
	run_to_end
	grep -Eq '(ledger|store).*Read-only file system' <<<"$OUTPUT"
	mount -o remount,rw "$small"
	start_server "$DIR" --set mqtt_enabled=false
	is_answered 0200000000AA
}

made_and_stopped() { # how many certificates
	local n
	make_installation "$DIR"
	start_server "$DIR" --set mqtt_enabled=false
	for ((n = 0; n < $1; n++)); do
		is_answered "$(printf '0200000000%02X' "$n")"
	done
	stop_server
	store=$(find "$DIR" -name store.db)
	ledger=$(find "$DIR" -name ledger -type f)
	# All of it in the one file.
	sqlite3 "$store" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
}

overwrite() { # FILE OFFSET BYTES
	head -c "$3" /dev/zero | tr '\0' '\125' |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

@test "a store that is no database: said at start, by name; given up, not tried for ever" {
	made_and_stopped 2
	overwrite "$store" 0 100
	run_to_end
	grep -q 'not a database' <<<"$OUTPUT"
	grep -q "store" <<<"$OUTPUT"
	[ "$(grep -c 'not a database' <<<"$OUTPUT")" -le 8 ]
}

@test "a store that is cut in half: a clear error at start or on the request, no silence" {
	made_and_stopped 40
	truncate -s "$(($(stat -c %s "$store") / 2 / 4096 * 4096))" "$store"
	damaged_is_told
}

# Every page but the first (the schema is there): whatever is read is damaged.
@test "a store with damaged pages: a clear error at start or on the request, no silence" {
	made_and_stopped 40
	overwrite "$store" 4096 $(($(stat -c %s "$store") - 4096))
	damaged_is_told
}

damaged_is_told() {
	local log=$DIR.log
	: >"$log"
	"$MS_BIN_DIR/ms_ssl_server" run --config "$DIR/ms_ssl_server.conf" \
		--set mqtt_enabled=false >>"$log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "an end or an answer" ended_or_answers
	if ! is_gone "$SERVER_PID"; then
		# The same service bears the requests: it does not crash.
		pid=$(service_pid)
		ask 0200000000AA
		[ "$(status)" = 500 ]
		jq -e '.error == "internal"' "$TEST_DIR/answer"
		refute jq -e 'tostring | test("malformed|SELECT|sqlite"; "i")' "$TEST_DIR/answer"
		[ "$(service_pid)" = "$pid" ]
		refute healthz_is 200
	fi
	grep -Eq 'malformed|not a database|damaged|corrupt' "$log"
}

@test "a ledger whose last line was altered: refused at start; whole again: it starts" {
	made_and_stopped 3
	cp "$ledger" "$TEST_DIR/ledger"
	sed -i '$s/collector/cOllector/' "$ledger"
	refute cmp -s "$ledger" "$TEST_DIR/ledger"
	run_to_end
	grep -q 'ledger: line [0-9]* does not follow' <<<"$OUTPUT"
	cat "$TEST_DIR/ledger" >"$ledger"
	start_server "$DIR" --set mqtt_enabled=false
	is_answered 0200000000AA
	record_agrees
}

@test "a ledger whose last line is torn: cut off, said, and it goes on" {
	made_and_stopped 3
	printf '99 2026-01-01T00:00:00.000Z intent id=0' >>"$ledger"
	start_server "$DIR" --set mqtt_enabled=false
	grep -q ledger_torn_line "$DIR.log"
	is_answered 0200000000AA
	record_agrees
}

@test "a second service on the same record is refused; the first goes on" {
	make_installation "$DIR"
	start_server "$DIR" --set mqtt_enabled=false
	is_answered 0200000000FF
	run_to_end --set http_port=0
	grep -q 'another process writes this ledger' <<<"$OUTPUT"
	is_answered 0200000000AA
	record_agrees
}
