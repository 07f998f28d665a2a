#!/usr/bin/env bats
# The broker's plugin in a real Mosquitto that requires client certificates.
# These are of an authority of the openssl tool: the service has no part here.
load harness

# shellcheck disable=SC2016
CONTROL='$CONTROL/ms_ssl/v1'

setup() {
	DIR=$BATS_TEST_TMPDIR/broker
	STATE=$DIR/revoked
	mkdir "$DIR"
	chmod 755 "$DIR"
	make_authority
	make_certificate broker /CN=127.0.0.1 subjectAltName=IP:127.0.0.1
	make_certificate ssl /CN=ssl
	make_certificate device /CN=gate-7.example.com \
		subjectAltName=DNS:gate-7.example.com,URI:urn:dev:mac:aabbccffffddeeff
	make_certificate plain /CN=plain-1
	start_on_a_free_port
}

# Others take ports, too: a broker that finds its port taken ends at once.
start_on_a_free_port() {
	for _ in 1 2 3 4 5; do
		MQTT_PORT=$(free_port)
		write_conf
		mosquitto -c "$DIR/mosquitto.conf" >>"$DIR.broker.log" 2>&1 3>&- &
		BROKER_PID=$!
		wait_for "Mosquitto on $MQTT_PORT, or its end" is_up_or_gone
		kill -0 "$BROKER_PID" && return
	done
	cat "$DIR.broker.log" >&2
	return 1
}

is_up_or_gone() {
	is_gone "$BROKER_PID" || nc -z 127.0.0.1 "$MQTT_PORT"
}

teardown() {
	stop_broker
	[ -z "${LISTENER:-}" ] || kill "$LISTENER" 2>/dev/null || true
}

make_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj '/CN=Test CA' -keyout "$DIR/ca.key" -out "$DIR/ca.crt" 2>/dev/null
}

make_certificate() { # NAME SUBJECT [extension]
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" \
		-keyout "$DIR/$1.key" -out "$DIR/$1.csr" 2>/dev/null
	openssl x509 -req -in "$DIR/$1.csr" -CA "$DIR/ca.crt" -CAkey "$DIR/ca.key" -days 1 \
		-set_serial "0x$(openssl rand -hex 16 | sed 's/^./7/')" \
		-extfile <(printf '%s\n' basicConstraints=CA:FALSE "${@:3}") \
		-out "$DIR/$1.crt" 2>/dev/null
}

serial() { # NAME
	openssl x509 -in "$DIR/$1.crt" -noout -serial | cut -d= -f2
}

# The ACL lets everybody write commands: it is the plugin that refuses them.
write_conf() { # [more lines]
	cat >"$DIR/mosquitto.conf" <<-END
		listener $MQTT_PORT 127.0.0.1
		cafile $DIR/ca.crt
		certfile $DIR/broker.crt
		keyfile $DIR/broker.key
		require_certificate true
		allow_anonymous false
		acl_file $DIR/acl
		persistence true
		persistence_location $DIR/
		user $(id -un)
		log_dest stderr
		plugin $MS_BIN_DIR/ms_ssl_mosquitto.so
		plugin_opt_state_file $STATE
		plugin_opt_service_name ssl
	END
	printf '%s\n' "$@" >>"$DIR/mosquitto.conf"
	cat >"$DIR/acl" <<-'END'
		pattern readwrite ssl/%u
		pattern readwrite $CONTROL/#
	END
}

tls() { # NAME
	echo "-h 127.0.0.1 -p $MQTT_PORT --cafile $DIR/ca.crt --cert $DIR/$1.crt --key $DIR/$1.key"
}

may_publish() { # NAME TOPIC
	mosquitto_pub $(tls "$1") -V mqttv5 -q 1 -t "$2" -m x 2>&1 | tee "$DIR/said"
	[ "${PIPESTATUS[0]}" = 0 ] && ! grep -qi 'not authori[sz]ed' "$DIR/said"
}

is_let_in() { # NAME: whatever it may do there
	mosquitto_pub $(tls "$1") -q 0 -t nowhere -m x
}

command_as() { # NAME LINE…: the answer on stdout
	local name=$1
	shift
	mosquitto_rr $(tls "$name") -V mqttv5 -q 1 -W "${ANSWER_S:-$WAIT_S}" \
		-t "$CONTROL" -e "$CONTROL/response" -m "$(printf '%s\n' "$@")"
}

# Subscribed when it has heard the retained message.
start_listener() { # NAME USERNAME [options]
	mosquitto_pub $(tls "$1") -q 1 -r -t "ssl/$2" -m here
	mosquitto_sub $(tls "$1") -V mqttv5 -q 1 -t "ssl/$2" "${@:3}" >"$DIR/heard" 2>&1 3>&- &
	LISTENER=$!
	wait_for "the listener" grep -q here "$DIR/heard"
}

restart_broker() {
	stop_broker
	start_broker "$DIR"
}

@test "the user name is the MAC of the device URI, whatever the common name says" {
	may_publish device ssl/AABBCCDDEEFF
	refute may_publish device ssl/gate-7.example.com
	grep -q "u'AABBCCDDEEFF'" "$DIR.broker.log"
}

@test "without a device URI the user name is the common name" {
	may_publish plain ssl/plain-1
	refute may_publish plain ssl/AABBCCDDEEFF
}

@test "the user name that a client sends along counts for nothing" {
	run mosquitto_pub $(tls plain) -V mqttv5 -u AABBCCDDEEFF -P x -q 1 -t ssl/AABBCCDDEEFF -m x
	[[ "$output" == *uthori* ]]
	mosquitto_pub $(tls plain) -V mqttv5 -u AABBCCDDEEFF -P x -q 1 -t ssl/plain-1 -m x
}

@test "a certificate that names nobody, or two, is refused" {
	make_certificate nobody /O=nobody
	make_certificate wild '/CN=ssl\/#'
	make_certificate foreign /CN=x subjectAltName=URI:urn:dev:mac:aabbccddeeff0011
	make_certificate two /CN=x \
		subjectAltName=URI:urn:dev:mac:aabbccffffddeeff,URI:urn:dev:mac:aabbccffffddeefe
	for name in nobody wild foreign two; do
		refute is_let_in "$name"
	done
	is_let_in device
}

@test "a revoked certificate is refused at CONNECT, until it is released" {
	is_let_in device
	[[ "$(command_as ssl "revoke $(serial device)")" == "ok ended=0 revoked=1 "* ]]
	run mosquitto_pub $(tls device) -q 0 -t nowhere -m x
	[ "$status" -ne 0 ]
	[[ "$output" == *"not authorised"* ]]
	grep -qi "refused AABBCCDDEEFF from 127.0.0.1: certificate $(serial device) is revoked" \
		"$DIR.broker.log"
	is_let_in plain
	[[ "$(command_as ssl "release $(serial device)")" == "ok ended=0 revoked=0 "* ]]
	is_let_in device
}

@test "a live session ends when its serial is revoked, and no other does" {
	start_listener device AABBCCDDEEFF
	mosquitto_sub $(tls plain) -q 1 -t ssl/plain-1 -C 1 -W "$WAIT_S" >"$DIR/other" 3>&- &
	other=$!
	[[ "$(command_as ssl 'request r-1' "revoke $(serial device)")" == \
		"ok request=r-1 ended=1 revoked=1 "* ]]
	wait_for "the listener's end" is_gone "$LISTENER"
	may_publish plain ssl/plain-1
	wait "$other"
	refute may_publish device ssl/AABBCCDDEEFF
}

@test "a user name ends sessions of its other certificates, which may come back" {
	start_listener device AABBCCDDEEFF
	[[ "$(command_as ssl "revoke 0102030405060708090a0b0c0d0e0f10 AABBCCDDEEFF")" == \
		"ok ended=1 revoked=1 "* ]]
	wait_for "the listener's end" is_gone "$LISTENER"
	start_listener device AABBCCDDEEFF
}

@test "what is revoked stays so over a restart of the broker" {
	command_as ssl "revoke $(serial device)" "revoke $(serial plain)" "release $(serial plain)"
	restart_broker
	refute is_let_in device
	is_let_in plain
	[ "$(stat -c %a "$STATE")" = 600 ]
	[[ "$(command_as ssl ping)" == "ok ended=0 revoked=1 "* ]]
}

@test "kill -9 of the broker loses nothing that was answered" {
	command_as ssl "revoke $(serial device)"
	kill -9 "$BROKER_PID"
	wait_for "the broker's end" is_gone "$BROKER_PID"
	# A line that was cut short was never answered.
	printf '+0102' >>"$STATE"
	start_broker "$DIR"
	refute is_let_in device
	is_let_in plain
	[[ "$(command_as ssl "revoke $(serial plain)")" == "ok ended=0 revoked=2 "* ]]
	restart_broker
	refute is_let_in plain
}

@test "a broker does not start with a state file that it can't read" {
	stop_broker
	echo '+zz' >>"$STATE"
	run mosquitto -c "$DIR/mosquitto.conf"
	[ "$status" -ne 0 ]
	[[ "$output" == *"$STATE, line 2"* ]]
}

@test "a broker does not start with an option that is wrong" {
	stop_broker
	write_conf 'plugin_opt_max_age soon'
	run mosquitto -c "$DIR/mosquitto.conf"
	[ "$status" -ne 0 ]
	[[ "$output" == *"max_age: must be"* ]]
	write_conf 'plugin_opt_servicename ssl'
	run mosquitto -c "$DIR/mosquitto.conf"
	[ "$status" -ne 0 ]
	[[ "$output" == *"plugin_opt_servicename"* ]]
}

@test "only the service may send commands" {
	ANSWER_S=1 run command_as device "revoke $(serial plain)"
	[ "$status" -ne 0 ]
	ANSWER_S=1 run command_as plain "revoke $(serial device)"
	[ "$status" -ne 0 ]
	grep -q 'a command of a client that is not "ssl" was refused' "$DIR.broker.log"
	[[ "$(command_as ssl ping)" == "ok ended=0 revoked=0 "* ]]
	is_let_in plain
	is_let_in device
}

@test "nobody else hears the answers" {
	mosquitto_sub $(tls plain) -V mqttv5 -q 1 -t "$CONTROL/#" -t ssl/plain-1 -v \
		>"$DIR/overheard" 2>&1 3>&- &
	LISTENER=$!
	heard() {
		mosquitto_pub $(tls plain) -q 1 -t ssl/plain-1 -m x
		grep -q '^ssl/plain-1' "$DIR/overheard"
	}
	wait_for "the listener" heard
	[[ "$(command_as ssl ping)" == ok* ]]
	: >"$DIR/overheard"
	wait_for "the listener" heard
	refute grep -q CONTROL "$DIR/overheard"
}

@test "a command out of form is refused whole, and says where" {
	s=$(serial device)
	[[ "$(command_as ssl 'request r' "revoke $s" 'revoke xyz')" == \
		"error request=r ended=0 revoked=0 "*"message=line 3: "* ]]
	[[ "$(command_as ssl "revoke  $s")" == "error "*"line 1"* ]]
	[[ "$(command_as ssl "release $s x")" == "error "*"line 1"* ]]
	[[ "$(command_as ssl 'sync end')" == "error "*"line 1"* ]]
	[[ "$(command_as ssl 'sync begin 1000001')" == "error "*"line 1"* ]]
	[[ "$(command_as ssl "revoke $s" request)" == "error "*"line 2"* ]]
	is_let_in device
}

@test "a sync replaces the whole set, over several messages" {
	command_as ssl "revoke $(serial plain)"
	start_listener device AABBCCDDEEFF
	[[ "$(command_as ssl 'sync begin 3' 'sync add 01' 'sync add 02')" == \
		"ok ended=0 revoked=1 "*"sync=open" ]]
	refute is_let_in plain
	[[ "$(command_as ssl "sync add $(serial device)" 'sync end')" == \
		"ok ended=1 revoked=3 "*"sync=none" ]]
	wait_for "the listener's end" is_gone "$LISTENER"
	is_let_in plain
	restart_broker
	refute is_let_in device
	is_let_in plain
}

@test "a sync of another number than it said changes nothing" {
	command_as ssl "revoke $(serial plain)"
	[[ "$(command_as ssl 'sync begin 2' 'sync add 01' 'sync end')" == \
		"error ended=0 revoked=1 "*"line 3"* ]]
	refute is_let_in plain
	is_let_in device
}

@test "what is revoked during a sync is revoked after it" {
	command_as ssl 'sync begin 1' "revoke $(serial device)"
	refute is_let_in device
	command_as ssl 'sync add 01' 'sync end'
	refute is_let_in device
}

@test "without word of the service for max_age, it says so" {
	stop_broker
	write_conf 'plugin_opt_max_age 1'
	start_broker "$DIR"
	wait_for "the warning" grep -q 'revocations are stale' "$DIR.broker.log"
	[[ "$(command_as ssl ping)" == *" stale=yes "* ]]
}

@test "a SIGHUP leaves sessions as they are" {
	mosquitto_sub $(tls plain) -q 1 -c -i kept -t ssl/plain-1 -E -W "$WAIT_S"
	start_listener device AABBCCDDEEFF
	kill -HUP "$BROKER_PID"
	wait_for "the reload" grep -q 'Reloading config' "$DIR.broker.log"
	[[ "$(command_as ssl ping)" == ok* ]]
	kill -0 "$LISTENER"
	mosquitto_pub $(tls plain) -q 1 -t ssl/plain-1 -m waited
	[ "$(mosquitto_sub $(tls plain) -q 1 -c -i kept -t ssl/plain-1 -C 1 -W "$WAIT_S")" = waited ]
	[[ "$(command_as ssl "revoke $(serial device)")" == "ok ended=1 "* ]]
}
