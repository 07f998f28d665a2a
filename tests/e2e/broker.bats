#!/usr/bin/env bats
# The service beside a real Mosquitto that requires client certificates.
load harness

setup_file() {
	suite_start
	collector_create "$DIR" AABBCCDDEEFF
	collector_create "$DIR" 020000000002
}

teardown_file() {
	suite_stop
}

@test "the broker lets a collector in with what it was given" {
	mqtt_ask AABBCCDDEEFF sign "{\"name\":\"AABBCCDDEEFF\",\"days\":9,\"pass\":\"$PASS\"}" | jq -e .crt
}

@test "the broker refuses a certificate that a client signed itself" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
		-subj /CN=AABBCCDDEEFF -keyout "$TEST_DIR/self.key" -out "$TEST_DIR/self.crt" 2>/dev/null
	run mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" --cafile "$DIR/ca.crt" \
		--cert "$TEST_DIR/self.crt" --key "$TEST_DIR/self.key" -t ssl/sign -m x
	[ "$status" -ne 0 ]
	run mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" --cafile "$DIR/ca.crt" -t ssl/sign -m x
	[ "$status" -ne 0 ]
}

@test "a collector reads its own answers, and nobody else's" {
	# One listens to all that it can think of; the other asks.
	mosquitto_sub $(collector_tls 020000000002) -V mqttv5 -q 1 -i listener -v \
		-t '#' -t 'ssl/#' -t ssl/AABBCCDDEEFF -t ssl/sign -t ssl/020000000002 \
		>"$TEST_DIR/heard" 2>&1 3>&- &
	listener=$!
	wait_for "the retained announcement at the listener" grep -q '^ssl/ca ' "$TEST_DIR/heard"
	mqtt_ask AABBCCDDEEFF sign "{\"name\":\"AABBCCDDEEFF\",\"days\":8,\"pass\":\"$PASS\"}" | jq -e .crt
	# Its own answer comes last, so all that came before it is there.
	post sign "{\"name\":\"020000000002\",\"days\":8,\"pass\":\"$PASS\"}" >/dev/null
	mosquitto_pub $(collector_tls 020000000002) -V mqttv5 -q 1 -i asker -t ssl/sign \
		-m "{\"name\":\"020000000002\",\"days\":7,\"pass\":\"$PASS\"}"
	wait_for "its own answer" grep -q '^ssl/020000000002 ' "$TEST_DIR/heard"
	kill "$listener"
	refute grep -q '^ssl/AABBCCDDEEFF ' "$TEST_DIR/heard"
	refute grep -q '^ssl/sign ' "$TEST_DIR/heard"
}

@test "ssl/ca is retained and holds the authority's certificates" {
	mosquitto_sub $(collector_tls AABBCCDDEEFF) -t ssl/ca -C 1 -W "$WAIT_S" >"$TEST_DIR/announced"
	jq -rj .ca "$TEST_DIR/announced" | cmp - "$DIR/ca.crt"
}

@test "correlation data comes back, a hostile response topic is not followed" {
	mqtt_ask AABBCCDDEEFF sign "{\"name\":\"AABBCCDDEEFF\",\"days\":6,\"pass\":\"$PASS\"}" >/dev/null
	mosquitto_sub $(collector_tls AABBCCDDEEFF) -V mqttv5 -q 1 -i sub -t ssl/AABBCCDDEEFF \
		-F '%D|%t' -C 1 -W "$WAIT_S" >"$TEST_DIR/got" 3>&- &
	sub=$!
	# Asked until heard: the subscription may come later than the request.
	ask() {
		mosquitto_pub $(collector_tls AABBCCDDEEFF) -V mqttv5 -q 1 -i pub -t ssl/sign \
			-D publish correlation-data abc-123 -D publish response-topic ssl/020000000002 \
			-m "{\"name\":\"AABBCCDDEEFF\",\"days\":5,\"pass\":\"$PASS\"}"
		[ -s "$TEST_DIR/got" ]
	}
	wait_for "the answer" ask
	wait "$sub"
	grep -q '^abc-123|ssl/AABBCCDDEEFF$' "$TEST_DIR/got"
}

@test "MQTT 3.1.1 requesters are served" {
	MQTT_VERSION=mqttv311 mqtt_ask AABBCCDDEEFF sign \
		"{\"name\":\"AABBCCDDEEFF\",\"days\":4,\"pass\":\"$PASS\"}" | jq -e .crt
}

@test "a broker that is killed and comes back is served again" {
	kill -9 "$BROKER_PID"
	wait_for "the service to miss the broker" broker_is_missed
	get /healthz >/dev/null
	start_broker "$DIR"
	echo "$BROKER_PID" >"$TEST_DIR/broker.pid"
	wait_for "the service at the broker" mqtt_is_up "$DIR"
	mqtt_ask AABBCCDDEEFF sign "{\"name\":\"AABBCCDDEEFF\",\"days\":3,\"pass\":\"$PASS\"}" | jq -e .crt
	kill "$BROKER_PID"
}

broker_is_missed() {
	curl -s "http://127.0.0.1:$HTTP_PORT/healthz" | jq -e '.broker_connected == false'
}
