# shellcheck shell=bash
# The Debian packages that building, running and testing need, and a function
# that installs what is missing. Sourced by service/run.sh and tests/run.sh.

# shellcheck disable=SC2034
packages_build=(gcc cmake ninja-build pkg-config libpaho-mqtt-dev libuv1-dev
	libssl-dev mosquitto-dev libmosquitto-dev libcjson-dev libsqlite3-dev libconfuse-dev libseccomp-dev)
# shellcheck disable=SC2034
packages_run=(mosquitto mosquitto-clients curl openssl procps iproute2)
# shellcheck disable=SC2034
packages_test=(clang libclang-rt-14-dev clang-format libcmocka-dev bats jq
	gnutls-bin faketime netcat-openbsd valgrind shellcheck sqlite3 git perl binutils
	python3 strace systemd softhsm2 opensc libengine-pkcs11-openssl)

# http-parser on Debian 12, its successor llhttp on 13.
packages_http() {
	if apt-cache show libllhttp-dev >/dev/null 2>&1; then
		echo libllhttp-dev
	else
		echo libhttp-parser-dev
	fi
}

package_is_missing() {
	! dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'
}

# packages_install NAME…: as root, or through sudo.
packages_install() {
	local p missing=() as_root=()
	for p in "$@"; do
		package_is_missing "$p" && missing+=("$p")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	[ "$(id -u)" -eq 0 ] || as_root=(sudo)
	echo "installing: ${missing[*]}"
	"${as_root[@]}" apt-get update -qq
	# A service that a package would start is not wanted: brokers here are
	# started by hand, each with its own configuration.
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
