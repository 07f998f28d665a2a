#!/usr/bin/env bats
# What the package brings, checked with the tools that know it.
bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BIN=${MS_BIN_DIR:-$ROOT/build/release/bin}

unit() { # NAME: as it is installed
	sed 's#@MS_BINDIR@#/usr/bin#g; s#@MS_DOCDIR@#/usr/share/doc/ms_ssl_server#g' \
		"$ROOT/packaging/$1.in" >"$BATS_TEST_TMPDIR/$1"
	echo "$BATS_TEST_TMPDIR/$1"
}

exposure() { # UNIT's file
	systemd-analyze security --offline=true "$1" | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p'
}

@test "the units' exposure is 2.0 at the most" {
	for name in ms_ssl_server.service ms_ssl_server-broker.service; do
		found=$(exposure "$(unit "$name")")
		[ -n "$found" ]
		awk -v found="$found" 'BEGIN { exit !(found <= 2.0) }'
	done
}

@test "a unit without its hardening is seen" {
	grep -v '^\(Protect\|Private\|Restrict\|SystemCall\|Capability\)' "$(unit ms_ssl_server.service)" \
		>"$BATS_TEST_TMPDIR/bare.service"
	awk -v found="$(exposure "$BATS_TEST_TMPDIR/bare.service")" 'BEGIN { exit !(found > 5) }'
}

@test "the programs are hardened: PIE, full RELRO, canaries, fortified, CET, no executable stack" {
	nm -D "$BIN/ms_ssl_server" | grep -q '__[at]san_init' && skip "not in a sanitizer's build"
	for program in ms_ssl_server ms_ssl_signer; do
		readelf -h "$BIN/$program" | grep -q 'Type: *DYN'
		readelf -lW "$BIN/$program" >"$BATS_TEST_TMPDIR/segments"
		grep -q GNU_RELRO "$BATS_TEST_TMPDIR/segments"
		grep 'GNU_STACK' "$BATS_TEST_TMPDIR/segments" | grep -qv 'RWE'
		readelf -dW "$BIN/$program" | grep -q 'BIND_NOW\|Flags: NOW'
		readelf -sW --dyn-syms "$BIN/$program" >"$BATS_TEST_TMPDIR/symbols"
		grep -q __stack_chk_fail "$BATS_TEST_TMPDIR/symbols"
		grep -q '_chk@' "$BATS_TEST_TMPDIR/symbols"
		# Debian's C library is built without CET, so the program is not marked
		# for it; its own functions are ready.
		objdump -d --disassemble=main "$BIN/$program" | grep -q endbr64
	done
}
