#!/usr/bin/env bash
# Fuzzes: builds the preset "fuzz" and runs each fuzzer for a while, starting
# from its corpus. What it learns stays in build/fuzz/learnt for the next run;
# an input that breaks it is in build/fuzz/found, and ends this with status 1.
#
#   tests/fuzz/run.sh [SECONDS [FUZZER…]]     60 seconds, all of them
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
build=${MS_FUZZ_BUILD:-$root/build/fuzz}
seconds=${1:-60}
[ $# -eq 0 ] || shift

case $seconds in
'' | *[!0-9]* | 0)
	echo "usage: tests/fuzz/run.sh [SECONDS [FUZZER…]]" >&2
	exit 2
	;;
esac

all() {
	sed -n 's/^fuzzer(\([a-z_0-9]*\) .*/\1/p' tests/fuzz/CMakeLists.txt
}

if [ $# -eq 0 ]; then
	mapfile -t fuzzers < <(all)
else
	fuzzers=("$@")
fi

echo "== build"
cmake --preset fuzz -B "$build" -G Ninja >/dev/null
cmake --build "$build" --target "${fuzzers[@]/#/fuzz_}"
mkdir -p "$build/found"

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export LSAN_OPTIONS=suppressions=$root/tests/lsan.supp:print_suppressions=0

# The first folder takes what is new.
fuzz() { # FUZZER
	local folders
	mapfile -t folders <"$build/fuzz/$1.folders"
	mkdir -p "$build/learnt/$1"
	"$build/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$build/found/$1-" \
		"$build/learnt/$1" "${folders[@]}"
}

broken=()
n=0
for name in "${fuzzers[@]}"; do
	n=$((n + 1))
	echo "== $n of ${#fuzzers[@]}: $name, $seconds s"
	if fuzz "$name" >"$build/$name.log" 2>&1; then
		sed -n 's/^stat::number_of_executed_units: */   runs: /p' "$build/$name.log"
		grep -o 'cov: [0-9]* ft: [0-9]* corp: [^ ]*' "$build/$name.log" | tail -n 1 | sed 's/^/   /'
	else
		tail -n 60 "$build/$name.log"
		broken+=("$name")
	fi
done

if [ ${#broken[@]} -gt 0 ]; then
	echo "broken: ${broken[*]}; inputs in $build/found"
	exit 1
fi
echo "${#fuzzers[@]} fuzzers, nothing found"
