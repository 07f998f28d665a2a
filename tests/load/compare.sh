#!/usr/bin/env bash
# Measures side by side, on this machine and in one run: the floor (one P-256
# verification and one signature), this service at both doors, cfssl, and the
# openssl tool. Everything takes its turn in every repeat, so that whatever else
# the machine does meets all of them; told are medians and the spread.
#
#   tests/load/compare.sh [--short] [--repeats N] [--requests N]
#                         [--connections N] [--rate R] [--out DIR]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

repeats=5
requests=2000 # of a server in one repeat
connections=64
rate=200 # of the open loop that latencies are taken from
processes=200 # of a tool that is started for each certificate
out=$here/results

usage() {
	cat <<-EOF
	usage: tests/load/compare.sh [options]
	  --repeats N       how often each is measured (5)
	  --requests N      of a server, each time (2000)
	  --connections N   kept alive, closed loop (64)
	  --rate R          a second, for the latencies (200)
	  --short           3 repeats, 600 requests, 60 processes
	  --out DIR         results.md, results.svg, raw.tsv (tests/load/results)
	MS_BIN_DIR names the programs' folder (build/release/bin).
	EOF
}

while [ $# -gt 0 ]; do
	case $1 in
	--repeats) repeats=$2; shift ;;
	--requests) requests=$2; shift ;;
	--connections) connections=$2; shift ;;
	--rate) rate=$2; shift ;;
	--out) out=$2; shift ;;
	--short) repeats=3 requests=600 processes=60 ;;
	--help) usage; exit ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

# shellcheck source=../../service/packages.sh
. "$root/service/packages.sh"
packages_install "${packages_run[@]}" golang-cfssl jq netcat-openbsd python3

export MS_BIN_DIR=${MS_BIN_DIR:-$root/build/release/bin}
# shellcheck source=../e2e/harness.bash
. "$root/tests/e2e/harness.bash"
# shellcheck source=load.bash
. "$here/load.bash"
msload=$MS_BIN_DIR/../tests/msload
msfloor=$MS_BIN_DIR/../tests/msfloor
[ -x "$msload" ] || { echo "no $msload: build the tests first" >&2; exit 2; }

TEST_DIR=$(mktemp -d)
DIR=$TEST_DIR/ca
CFSSL_PID=
finish() {
	stop_all || true
	[ -z "$CFSSL_PID" ] || kill "$CFSSL_PID" 2>/dev/null || true
	rm -rf "$TEST_DIR"
}
trap finish EXIT
mkdir -p "$out"
raw=$out/raw.tsv
printf 'repeat\tsubject\trate\tcpu_us\tbroker_us\tgenerator_us\tp50_ms\tp99_ms\n' >"$raw"

say() {
	printf '%s\n' "$*" >&2
}

# --- what is measured -------------------------------------------------------

start_ours() {
	make_installation "$DIR"
	load_allow "$DIR"
	start_all "$DIR"
	collector_create "$DIR" load
	load_options
}

# The CA that cfssl and the openssl tool share.
make_plain_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 \
		-subj /CN=plain -keyout "$TEST_DIR/plain.key" -out "$TEST_DIR/plain.crt" 2>/dev/null
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc \
		-subj /CN=020000000001 -keyout "$TEST_DIR/device.key" -out "$TEST_DIR/device.csr" 2>/dev/null
}

start_cfssl() {
	CFSSL_PORT=$(free_port)
	echo '{"signing": {"default": {"expiry": "2160h", "usages": ["digital signature", "client auth"]}}}' \
		>"$TEST_DIR/cfssl.json"
	cfssl serve -address 127.0.0.1 -port "$CFSSL_PORT" -ca "$TEST_DIR/plain.crt" \
		-ca-key "$TEST_DIR/plain.key" -config "$TEST_DIR/cfssl.json" -loglevel 3 \
		>"$TEST_DIR/cfssl.log" 2>&1 &
	CFSSL_PID=$!
	wait_for "cfssl on $CFSSL_PORT" nc -z 127.0.0.1 "$CFSSL_PORT"
	LOAD_CFSSL=(--door cfssl --port "$CFSSL_PORT" --ca "$TEST_DIR/plain.crt")
}

# openssl ca with a text index of that many valid certificates.
make_index() { # ROWS
	local dir=$TEST_DIR/ca-$1
	mkdir "$dir"
	awk -v rows="$1" 'BEGIN { for (i = 1; i <= rows; i++)
		printf "V\t351231235959Z\t\t%016X\tunknown\t/CN=%012X\n", i + 4096, i }' >"$dir/index.first"
	cat >"$dir/ca.conf" <<-EOF
	[ca]
	default_ca = here
	[here]
	dir = $dir
	database = $dir/index.txt
	new_certs_dir = $dir
	certificate = $TEST_DIR/plain.crt
	private_key = $TEST_DIR/plain.key
	default_md = sha256
	default_days = 90
	unique_subject = no
	rand_serial = yes
	policy = any
	x509_extensions = client
	[any]
	commonName = supplied
	[client]
	basicConstraints = critical,CA:false
	extendedKeyUsage = clientAuth
	EOF
}

# --- how --------------------------------------------------------------------

row() { # SUBJECT rate cpu broker generator p50 p99
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$repeat" "$@" >>"$raw"
}

# server SUBJECT msload's options: closed loop for rate and CPU, open for latency.
server() {
	local subject=$1 closed=$TEST_DIR/closed.json open=$TEST_DIR/open.json
	shift
	"$msload" "$@" --requests "$requests" --connections "$connections" \
		--json "$closed" >>"$TEST_DIR/msload.log"
	"$msload" "$@" --rate "$rate" --requests $((requests / 2)) \
		--connections "$connections" --json "$open" >>"$TEST_DIR/msload.log"
	# shellcheck disable=SC2046
	row "$subject" $(jq -r '"\(.rate) \(.cpu as $c | [$c.service, $c.signer, $c.cfssl] |
		map(.us_each // 0) | add) \(.cpu.broker.us_each // 0) \(.cpu.generator.us_each)"' "$closed") \
		$(jq -r '"\(.latency_ms.p50) \(.latency_ms.p99)"' "$open")
}

# tool SUBJECT COUNT COMMAND…: wall clock and CPU of COUNT processes.
tool() {
	local subject=$1 count=$2 TIMEFORMAT='%R %U %S'
	shift 2
	{ time "$@" >/dev/null 2>"$TEST_DIR/tool.log"; } 2>"$TEST_DIR/time" ||
		{ cat "$TEST_DIR/tool.log" >&2; return 1; }
	# shellcheck disable=SC2046
	row "$subject" $(awk -v n="$count" '{ printf "%.2f %.1f", n / $1, ($2 + $3) * 1e6 / n }' \
		"$TEST_DIR/time") 0 0 0 0
}

run_x509() { # COUNT: as many at once as there are CPUs
	seq "$1" | xargs -P "$(nproc)" -I{} openssl x509 -req -in "$TEST_DIR/device.csr" \
		-CA "$TEST_DIR/plain.crt" -CAkey "$TEST_DIR/plain.key" -days 90 \
		-set_serial 0x1000{} -out "$TEST_DIR/device.{}.crt"
}

run_ca() { # ROWS COUNT: one after the other, for nothing guards the index
	local i
	for i in $(seq "$2"); do
		openssl ca -batch -notext -config "$TEST_DIR/ca-$1/ca.conf" \
			-in "$TEST_DIR/device.csr" -out "$TEST_DIR/device.$i.crt" || return
	done
}

tool_ca() { # ROWS COUNT
	cp "$TEST_DIR/ca-$1/index.first" "$TEST_DIR/ca-$1/index.txt"
	tool "ca-$1" "$2" run_ca "$1" "$2"
	[ "$(wc -l <"$TEST_DIR/ca-$1/index.txt")" -eq $(($1 + $2)) ]
}

measure() { # SUBJECT
	say "repeat $repeat of $repeats: $1"
	case $1 in
	floor)
		# shellcheck disable=SC2046
		row floor $("$msfloor" | jq -r '"\(1000000 / .us_each) \(.us_each)"') 0 0 0 0
		;;
	http) server http "${LOAD_HTTP[@]}" "${LOAD_PIDS[@]}" ;;
	mqtt) server mqtt "${LOAD_MQTT[@]}" "${LOAD_PIDS[@]}" ;;
	cfssl) server cfssl "${LOAD_CFSSL[@]}" --pid "cfssl=$CFSSL_PID" ;;
	x509) tool x509 "$processes" run_x509 "$processes" ;;
	ca-100000) tool_ca 100000 $((processes / 20)) ;;
	ca-10000) tool_ca 10000 $((processes / 4)) ;;
	ca-0) tool_ca 0 $((processes / 2)) ;;
	esac
}

# The machine and the versions: without them the numbers say nothing.
about() {
	echo "- $(date -u +%Y-%m-%d), Linux $(uname -r), $(nproc) CPUs: $(awk -F': ' \
		'/^model name/ { print $2; exit }' /proc/cpuinfo), load before the run $(cut -d' ' -f1 /proc/loadavg)"
	echo "- store and ledger on $(df --output=fstype "$TEST_DIR" | tail -n 1)"
	echo "- $(openssl version | cut -d' ' -f1,2); cfssl $(dpkg-query -W -f '${Version}' golang-cfssl); Mosquitto $(dpkg-query -W -f '${Version}' mosquitto)"
	echo "- $repeats repeats; servers: $requests requests, $connections connections, closed loop; latencies: open loop, $rate/s; tools: $processes processes (openssl ca: fewer)"
}

about >"$TEST_DIR/about"
make_plain_ca
for rows in 0 10000 100000; do
	make_index "$rows"
done
start_ours
start_cfssl

subjects=(floor http mqtt cfssl x509 ca-0 ca-10000 ca-100000)
for repeat in $(seq "$repeats"); do
	for i in "${!subjects[@]}"; do
		measure "${subjects[(i + repeat - 1) % ${#subjects[@]}]}"
	done
done

python3 "$here/summary.py" "$raw" "$TEST_DIR/about" "$out/results.md" "$out/results.svg"
cat "$out/results.md"
