#!/usr/bin/env bats
# What can be checked of docker/ without a container engine.
load harness

setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
}

@test "the Dockerfile names every library that the programs need" {
	for program in ms_ssl_server ms_ssl_signer; do
		objdump -p "$MS_BIN_DIR/$program" | awk '$1 == "NEEDED" {print $2}'
	done | sort -u | grep -vE '^lib(c|asan|ubsan|tsan|m|pthread|gcc_s)\.so|^ld-' >"$TEST_DIR/needed"
	[ -s "$TEST_DIR/needed" ]
	while read -r library; do
		package=$(dpkg -S "*/$library" | cut -d: -f1 | head -n 1)
		grep -qE "(^| )$package( |\$)" "$ROOT/docker/Dockerfile" || {
			echo "$library of $package is not in the Dockerfile"
			false
		}
	done <"$TEST_DIR/needed"
}

@test "the Dockerfile installs what service/packages.sh builds with" {
	. "$ROOT/service/packages.sh"
	for package in "${packages_build[@]}" libhttp-parser-dev; do
		grep -qE "(^| )$package( |\$)" "$ROOT/docker/Dockerfile" || {
			echo "$package is not in the Dockerfile"
			false
		}
	done
}

@test "compose.yaml is a document with both services, their volume and checks" {
	command -v docker >/dev/null && docker compose version >/dev/null 2>&1 &&
		docker compose -f "$ROOT/docker/compose.yaml" config -q
	perl -e 'while (<>) { die "tab in line $.\n" if /\t/ }' "$ROOT/docker/compose.yaml"
	for word in '  ms_ssl_server:' '  mosquitto:' '    healthcheck:' '  ca:' 'cap_drop: \[ALL\]'; do
		grep -q "^$word\|^    $word" "$ROOT/docker/compose.yaml"
	done
}

@test "the steps of the Dockerfile and the entrypoint work when a script does them" {
	cmake -S "$ROOT" -B "$TEST_DIR/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF >"$TEST_DIR/log" 2>&1
	cmake --build "$TEST_DIR/build" >>"$TEST_DIR/log" 2>&1
	DESTDIR="$TEST_DIR/out" cmake --install "$TEST_DIR/build" --strip >>"$TEST_DIR/log" 2>&1
	bin=$TEST_DIR/out/usr/bin/ms_ssl_server
	MQTT_PORT=$(free_port)
	HTTP_PORT=$(free_port)
	"$bin" init --dir "$TEST_DIR/ca" --generate-passphrase \
		--mqtt-port "$MQTT_PORT" --http-port "$HTTP_PORT" \
		--broker-names "dns:localhost,dns:mosquitto,ip:127.0.0.1"
	openssl x509 -in "$TEST_DIR/ca/local/broker.crt" -noout -ext subjectAltName | grep -q DNS:mosquitto
	"$bin" run --config "$TEST_DIR/ca/ms_ssl_server.conf" --set mqtt_enabled=false \
		--set http_host=0.0.0.0 --set http_plain_elsewhere=true >"$TEST_DIR/log" 2>&1 3>&- &
	SERVER_PID=$!
	wait_for "the installed service" server_answers
	kill "$SERVER_PID"
	wait "$SERVER_PID"
}
