#!/usr/bin/env bash
# README command two: installs what is missing, builds in every way, runs all
# tests, and ends with the runner's lines.
#
#   tests/run.sh           everything
#   tests/run.sh quick     one build, unit and end-to-end tests
set -eu
cd "$(dirname "$0")/.."
root=$PWD
. service/packages.sh

what=${1:-all}
work=$(mktemp -d)
chmod 1777 "$work" # what the service's user finds goes there, too
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

say() {
	printf '\n== %s\n' "$*"
}

# step NAME COMMAND…: counts; a step that fails does not stop the others.
step() {
	local name=$1
	shift
	say "$name"
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name"
	fi
}

build() { # PRESET
	cmake --preset "$1" -G Ninja >"$work/configure-$1" 2>&1 ||
		{ cat "$work/configure-$1"; return 1; }
	cmake --build --preset "$1" >"$work/build-$1" 2>&1 ||
		{ cat "$work/build-$1"; return 1; }
	echo "built: build/$1"
}

# What sanitizers and valgrind found goes to files of its own, so that it is
# seen wherever a program's output went. valgrind's own remarks begin with "--".
findings=$work/findings
export LSAN_OPTIONS=suppressions=$root/tests/lsan.supp:print_suppressions=0
export ASAN_OPTIONS=log_path=$findings.asan
export UBSAN_OPTIONS=log_path=$findings.ubsan:print_stacktrace=1
export TSAN_OPTIONS=log_path=$findings.tsan:exitcode=0
valgrind_run="valgrind -q --vgdb=no --trace-children=yes --trace-children-skip=/usr/*"
valgrind_run+=" --leak-check=full --errors-for-leak-kinds=definite --log-file=$findings.valgrind.%p"

no_findings() {
	local found
	found=$(cat "$findings".* 2>/dev/null | grep -v '^--' || true)
	rm -f "$findings".*
	[ -z "$found" ] || { echo "$found"; return 1; }
}

unit() { # PRESET
	ctest --preset "$1" --no-tests=error && no_findings
}

# One file of the suite; its output in one piece.
e2e_file() { # FILE
	local out
	out=$(mktemp "$work/e2e-XXXXXX")
	if bats --print-output-on-failure "$1" >"$out" 2>&1; then
		echo "-- $(basename "$1"): $(grep -c '^ok' "$out") passed"
	else
		echo "-- $(basename "$1") FAILED"
		cat "$out"
		return 1
	fi
}
export -f e2e_file
export work

# e2e PRESET RUNNER FILE…: three files at once; each has its own ports. A
# sanitizer cannot write in our sandbox.
e2e() {
	local preset=$1 runner=$2 sandbox=true
	shift 2
	case $preset in asan | tsan) sandbox=false ;; esac
	MS_SANDBOX=$sandbox MS_BIN_DIR="$root/build/$preset/bin" MS_RUNNER="$runner" WAIT_S=300 \
		xargs -P 3 -I{} bash -c 'e2e_file {}' < <(printf '%s\n' "$@") &&
		no_findings
}

suite=(tests/e2e/*.bats)
sanitized=()
for file in "${suite[@]}"; do
	case $file in
	# They build by themselves, or look at the release build's programs.
	*/docker.bats | */packaging.bats | */timing.bats) ;;
	# Code of ours in Mosquitto, and code of others in the signer or in the
	# load generator, all without a sanitizer.
	*/plugin.bats | */hsm.bats | */load.bats) ;;
	*) sanitized+=("$file") ;;
	esac
done

say "packages"
packages_install "${packages_build[@]}" "$(packages_http)" "${packages_run[@]}" "${packages_test[@]}"

step "layer lint" tests/lint/layers.sh
step "size lint" tests/lint/size.sh
step "format" tests/lint/format.sh
step "shell scripts" shellcheck -x -P SCRIPTDIR service/*.sh tests/*.sh tests/fuzz/*.sh tests/lint/*.sh tests/load/*.sh

step "build: gcc" build release
step "unit tests: gcc" unit release
step "end-to-end tests" e2e release "" "${suite[@]}"
step "faults" e2e release "" tests/faults/*.bats
if [ "$what" = all ]; then
	step "build: clang" build clang
	step "unit tests: clang" unit clang
	step "build: address and undefined-behaviour sanitizers" build asan
	step "unit tests: address and undefined-behaviour sanitizers" unit asan
	step "end-to-end tests: address and undefined-behaviour sanitizers" e2e asan "" "${sanitized[@]}"
	step "build: thread sanitizer" build tsan
	step "unit tests: thread sanitizer" unit tsan
	step "end-to-end tests: thread sanitizer" e2e tsan "" "${sanitized[@]}"
	step "end-to-end tests: valgrind" e2e release "$valgrind_run" \
		tests/e2e/certificates.bats tests/e2e/broker.bats
fi

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
