#!/usr/bin/env bash
# README command one: on a fresh Debian 12 (root, or a user with sudo) it
# installs what is missing, builds, makes an installation, starts Mosquitto and
# the service, plays an operator and two collectors with real tools, and stays
# in the foreground until Ctrl-C.
#
#   service/run.sh           as said
#   service/run.sh --demo    ends after the demonstration; status 0 only if
#                            every certificate verified
#   MS_DIR=…                 the installation (default ./var); taken up if there
#   MS_MQTT_PORT=… MS_HTTP_PORT=…   ports (default: 8883 and 4444, or free ones)
set -eu
cd "$(dirname "$0")/.."
. service/packages.sh
. service/demo.sh

demo_only=no
for arg in "$@"; do
	case $arg in
	--demo) demo_only=yes ;;
	*)
		sed -n '2,12s/^# \{0,1\}//p' "$0"
		exit 2
		;;
	esac
done

say() {
	printf '\n\033[1m== %s\033[0m\n' "$*"
}

die() {
	printf 'run.sh: %s\n' "$*" >&2
	exit 1
}

# port_or_free WANTED: WANTED where nothing listens on it, else a free one.
port_or_free() {
	local port=$1
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 40000))
	done
	echo "$port"
}

build() {
	cmake --preset service -G Ninja >/dev/null
	cmake --build --preset service
}

# Ports that the installation was made with stand in its own files.
installed_port() { # FILE PATTERN
	sed -nE "s/$2/\\1/p" "$1" | head -n 1
}

make_installation() {
	mqtt_port=$(port_or_free "${MS_MQTT_PORT:-8883}")
	http_port=$(port_or_free "${MS_HTTP_PORT:-4444}")
	mkdir -p "$(dirname "$dir")"
	"$server" init --dir "$dir" --generate-passphrase \
		--mqtt-port "$mqtt_port" --http-port "$http_port"
}

take_up_installation() {
	echo "taking up the installation in $dir"
	mqtt_port=$(installed_port "$dir/mosquitto.conf" '^listener ([0-9]+).*')
	http_port=$(installed_port "$dir/ms_ssl_server.conf" '^[[:space:]]*http_port[[:space:]]*=[[:space:]]*([0-9]+).*')
	[ "${MS_MQTT_PORT:-$mqtt_port}" = "$mqtt_port" ] ||
		die "the installation in $dir listens on $mqtt_port; change it in $dir/mosquitto.conf and $dir/ms_ssl_server.conf"
	http_port=${MS_HTTP_PORT:-$http_port}
}

wait_for() { # WHAT COMMAND…
	local what=$1 i
	shift
	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	die "gave up waiting for $what; see $dir/log"
}

health_is() { # JSON path that must be true
	curl -sf "http://127.0.0.1:$http_port/healthz" -o "$dir/.health" ||
		curl -s "http://127.0.0.1:$http_port/healthz" -o "$dir/.health" || return 1
	grep -Eq "\"$1\":[[:space:]]*true" "$dir/.health"
}

broker_pid=
server_pid=
stop() {
	trap - EXIT INT TERM
	[ -z "$server_pid" ] || { kill "$server_pid" 2>/dev/null || true; wait "$server_pid" || true; }
	[ -z "$broker_pid" ] || { kill "$broker_pid" 2>/dev/null || true; wait "$broker_pid" || true; }
	rm -f "$dir/.health"
}

start() {
	mkdir -p "$dir/log"
	mosquitto -c "$dir/mosquitto.conf" >>"$dir/log/mosquitto.log" 2>&1 &
	broker_pid=$!
	wait_for "Mosquitto on port $mqtt_port" bash -c "exec 3<>/dev/tcp/127.0.0.1/$mqtt_port"
	"$server" run --config "$dir/ms_ssl_server.conf" --set "http_port=$http_port" \
		>>"$dir/log/ms_ssl_server.log" 2>&1 &
	server_pid=$!
	wait_for "the service's HTTP door on port $http_port" \
		bash -c "exec 3<>/dev/tcp/127.0.0.1/$http_port"
	wait_for "the service at the broker" health_is broker_connected
}

say "packages"
packages_install "${packages_build[@]}" "$(packages_http)" "${packages_run[@]}"
say "build"
build
server=$PWD/build/service/bin/ms_ssl_server
dir=${MS_DIR:-$PWD/var}
say "installation: $dir"
if [ -e "$dir/ms_ssl_server.conf" ]; then
	take_up_installation
else
	make_installation
fi
pass_file=$dir/passphrase
[ -r "$pass_file" ] || die "the demonstration needs the passphrase in $pass_file"
trap 'stop; exit 130' INT TERM
trap stop EXIT
say "Mosquitto on 127.0.0.1:$mqtt_port, ms_ssl_server on http://127.0.0.1:$http_port"
start
demo
[ "$demo_only" = no ] || exit 0
say "running; Ctrl-C ends both (logs in $dir/log)"
wait "$server_pid"
