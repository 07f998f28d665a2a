#!/usr/bin/env bats
# How long a passphrase is looked at must not tell how nearly right it is.
# Instructions are counted, not seconds.
load harness

PROGRAM=$MS_BIN_DIR/../tests/compare_pass

# A sanitizer's code cannot be counted.
setup() {
	[ -x "$PROGRAM" ]
	! nm -D "$PROGRAM" | grep -q '__[at]san_init' || skip "not in a sanitizer's build"
}

# instructions CANDIDATE: of one look at it, where PASS is the right one.
instructions() {
	local out=$BATS_TEST_TMPDIR/callgrind
	valgrind --tool=callgrind --toggle-collect=candidate_is_right \
		--callgrind-out-file=/dev/null "$PROGRAM" "$PASS" "$1" 2>"$out" || true
	sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$out"
}

@test "the right one and a wrong one of the same length take the same instructions" {
	local right wrong
	right=$(instructions "$PASS")
	[ "$right" -gt 1000 ]
	for wrong in "xorrect horse battery staple" "correct horse batterx staple" \
		"correct horse battery staplx" "xxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
		"$(printf '\001%.0s' $(seq 28))"; do
		[ "$(instructions "$wrong")" = "$right" ]
	done
}

# The hash pads both to its block; what is left is the copy of the text itself.
@test "of another length they differ by the length alone, not by what it begins with" {
	local n
	for n in 12 20 27 29 40; do
		local prefix other
		prefix=$(instructions "$(printf '%s correct horse battery staple' "$PASS" | head -c "$n")")
		other=$(instructions "$(printf 'x%.0s' $(seq "$n"))")
		[ "$prefix" = "$other" ]
	done
	local right longer
	right=$(instructions "$PASS")
	longer=$(instructions "$PASS and more")
	[ $((longer > right ? longer - right : right - longer)) -lt $((right / 50)) ]
}

@test "the count is one that a difference shows in" {
	# Two candidates are looked at, then one: the count must tell.
	local one two
	one=$(instructions "$PASS")
	two=$(valgrind --tool=callgrind --toggle-collect=candidate_is_right --callgrind-out-file=/dev/null \
		"$PROGRAM" "$PASS" "$PASS" "$PASS" 2>&1 | sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p')
	[ "$two" -gt $((one * 3 / 2)) ]
}
