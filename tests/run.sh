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

unit() { # PRESET
	ctest --preset "$1" --no-tests=error
}

e2e() { # PRESET [runner]
	MS_BIN_DIR="$root/build/$1/bin" MS_RUNNER="${2:-}" bats --print-output-on-failure tests/e2e
}

say "packages"
packages_install "${packages_build[@]}" "$(packages_http)" "${packages_run[@]}" "${packages_test[@]}"

step "layer lint" tests/lint/layers.sh
step "size lint" tests/lint/size.sh
step "format" tests/lint/format.sh
step "shell scripts" shellcheck -x -P SCRIPTDIR service/*.sh tests/*.sh tests/lint/*.sh

step "build: gcc" build release
step "unit tests: gcc" unit release
step "end-to-end tests" e2e release
if [ "$what" = all ]; then
	step "build: clang" build clang
	step "unit tests: clang" unit clang
	step "build: address and undefined-behaviour sanitizers" build asan
	step "unit tests: address and undefined-behaviour sanitizers" unit asan
	step "end-to-end tests: address and undefined-behaviour sanitizers" e2e asan
	step "build: thread sanitizer" build tsan
	step "unit tests: thread sanitizer" unit tsan
	step "end-to-end tests: thread sanitizer" e2e tsan
fi

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
