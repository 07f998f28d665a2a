#!/usr/bin/env bats
# A broker that breaks the rules, and the service at it: it lives, it answers
# over HTTP meanwhile, and once the broker is good each request is answered.
load faults

setup_file() {
	export TEST_DIR=$BATS_FILE_TMPDIR
	export DIR=$TEST_DIR/ca
	make_installation "$DIR"
	: >"$TEST_DIR/told"
	make_csr
	python3 "$FAULTS/evil_broker.py" --dir "$TEST_DIR" >"$TEST_DIR/evil.log" 2>&1 3>&- &
	EVIL_PID=$!
	wait_for "the evil broker" test -s "$TEST_DIR/control.port"
	wait_for "the evil broker" test -s "$TEST_DIR/mqtt.port"
	CONTROL=$(<"$TEST_DIR/control.port")
	start_server "$DIR" --set "mqtt_url=tcp://127.0.0.1:$(<"$TEST_DIR/mqtt.port")" \
		--set mqtt_version="${MQTT:-5}" --set mqtt_reconnect_min=10 \
		--set mqtt_reconnect_max=100 --set mqtt_publish_timeout=1000
	is_answered 0200000000FF
	FIRST_SERVICE=$(service_pid)
	export EVIL_PID CONTROL SERVER_PID HTTP_PORT FIRST_SERVICE
	wait_for "the service at the broker" is_up
}

teardown_file() {
	kill "$EVIL_PID"
	BROKER_PID=
	stop_server
	[ "$SERVER_STATUS" = 0 ] || { tail -n 50 "$DIR.log" >&2; return 1; }
	oracle_agrees
}

setup() {
	BROKER_PID=
	evil '{"do":"behave"}'
	wait_for "the service at the broker" is_up
	evil '{"do":"forget"}'
	NAME=$(printf '02BB000000%02X' "$BATS_TEST_NUMBER")
}

# In the end the same process, that answers at both doors, and was sent nothing
# that is not MQTT.
teardown() {
	[ "$(service_pid)" = "$FIRST_SERVICE" ]
	evil '{"do":"state"}' | jq -e '.faults == []'
}

evil() { # COMMAND: its answer on stdout
	local answer
	exec 8<>"/dev/tcp/127.0.0.1/$CONTROL"
	printf '%s\n' "$1" >&8
	IFS= read -r answer <&8
	exec 8>&-
	printf '%s\n' "$answer"
}

is_up() {
	evil '{"do":"state"}' | jq -e .up && mqtt_is_up
}

behave() { # WHAT HOW
	evil "{\"do\":\"behave\",\"$1\":\"$2\"}"
}

# request NAME: the body of one, as a JSON string.
request() {
	jq -cn --arg name "$1" --arg pass "$PASS" --argjson csr "$(<"$TEST_DIR/csr")" \
		'{name: $name, days: 5, pass: $pass, csr: $csr} | tojson'
}

# send NAME ID [more fields of the command]
send() {
	evil "{\"do\":\"send\",\"topic\":\"ssl/sign\",\"id\":$2,\"correlation\":\"$1\",\"payload\":$(request "$1")${3:+,$3}}" |
		jq -e .ok
}

# The answers to NAME that the broker has got.
answers_to() { # NAME
	evil '{"do":"answers"}' | jq -c --arg t "ssl/$1" '[.[] | select(.topic == $t)]'
}

answered() { # NAME [times]
	answers_to "$1" | jq -e "length >= ${2:-1}"
}

has_connected() { # times
	evil '{"do":"state"}' | jq -e ".connections >= $1"
}

acknowledged() { # times: how often our requests were
	evil '{"do":"state"}' | jq -e "(.pubacks | length) >= $1"
}

# The broker is good again: whatever NAME's answer met before, a copy of it is
# acknowledged, and nothing is left of the case.
acknowledged_at_last() { # NAME
	evil '{"do":"behave"}'
	wait_for "an answer to $1 that is acknowledged" answered_well "$1"
}

answered_well() {
	answers_to "$1" | jq -e 'any(.[]; .how == "good")'
}

# However often NAME was answered: one certificate, which is told to the oracle.
one_certificate() { # NAME
	local serials
	serials=$(answers_to "$1" | jq -r '[.[].payload | fromjson.serial] | unique | .[]')
	[ "$(wc -l <<<"$serials")" = 1 ]
	[[ $serials =~ ^[0-9a-f]{32}$ ]]
	echo "mqtt.$1 $1 $serials" >>"$TEST_DIR/told"
}

answered_once() { # NAME
	[ "$(answers_to "$1" | jq length)" = 1 ]
	one_certificate "$1"
}

# Requests are done in order, and so are answers: once this one is answered,
# nothing of what was before it is still to come.
settled() {
	local name
	name=$(printf '02CC0000%02X%02X' "$BATS_TEST_NUMBER" $((RANDOM % 256)))
	wait_for "the service at the broker" is_up
	send "$name" 60001
	wait_for "an answer to $name" answered "$name"
}

http_answers() {
	is_answered "$(printf '02DD000000%02X' "$BATS_TEST_NUMBER")"
}

@test "a good one first: a request is answered once, with its correlation data" {
	send "$NAME" 1
	wait_for "the answer" answered "$NAME"
	settled
	answered_once "$NAME"
	answers_to "$NAME" | jq -e ".[0].qos == 1 and (.[0].dup | not)"
	[ "${MQTT:-5}" = 4 ] || answers_to "$NAME" | jq -e ".[0].correlation == \"$NAME\""
	acknowledged 1
}

@test "never acknowledges: it connects anew, and the answer is sent again until it is" {
	behave publish silent
	send "$NAME" 1
	wait_for "the answer" answered "$NAME"
	http_answers
	wait_for "the answer again" answered "$NAME" 2
	acknowledged_at_last "$NAME"
	settled
	one_certificate "$NAME"
}

@test "never acknowledges, for longer than four deadlines: the answer is still not lost" {
	behave publish silent
	send "$NAME" 1
	wait_for "a fifth connection" has_connected 5
	evil '{"do":"forget"}'
	acknowledged_at_last "$NAME"
	settled
	one_certificate "$NAME"
}

@test "acknowledges twice: one answer, and the next request is answered" {
	behave publish twice
	send "$NAME" 1
	wait_for "the answer" answered "$NAME"
	http_answers
	settled
	answered_once "$NAME"
}

@test "acknowledges another message's number: sent again until its own is" {
	behave publish other
	send "$NAME" 1
	wait_for "the answer again" answered "$NAME" 2
	http_answers
	acknowledged_at_last "$NAME"
	settled
	one_certificate "$NAME"
}

@test "acknowledges late, together with the next: one certificate" {
	behave publish late
	send "$NAME" 1
	wait_for "the answer" answered "$NAME"
	behave publish good
	settled
	one_certificate "$NAME"
}

# What a broker may say to a PUBLISH. 0x10 is a yes (nobody listens); the rest
# is a no, which is not repeated, and the same request finds its answer later.
@test "each reason code of PUBACK: 0x10 is a yes, each no is said in the log and not repeated" {
	[ "${MQTT:-5}" = 5 ] || skip "MQTT 5's"
	local reason name n=0 refused
	for reason in 0x10 0x80 0x83 0x87 0x90 0x97 0x99; do
		n=$((n + 1))
		name=$(printf '02EE000000%02X' $n)
		refused=$(grep -c "the broker refused it, reason $reason" "$DIR.log" || true)
		behave publish "$reason"
		send "$name" $n
		wait_for "the answer" answered "$name"
		http_answers
		[ $reason = 0x10 ] ||
			wait_for "the refusal in the log" refused_more_than "$reason" "$refused"
		behave publish good
		settled
		[ "$(answers_to "$name" | jq length)" = 1 ]
		send "$name" $((n + 100))
		wait_for "the answer to the same request" answered "$name" 2
		one_certificate "$name"
	done
	[ "$(evil '{"do":"state"}' | jq .connections)" = 0 ]
}

refused_more_than() { # REASON TIMES
	[ "$(grep -c "the broker refused it, reason $1" "$DIR.log")" -gt "$2" ]
}

# how many: requests in one piece, each of another name.
burst() {
	local name
	name=$(burst_name "")
	send "$name%n" 1 "\"times\":$1"
}

burst_name() {
	printf '02%02X0001000%s' "$BATS_TEST_NUMBER" "$1"
}

burst_is_answered() { # how many
	local i
	for ((i = 0; i < $1; i++)); do
		wait_for "the answer to $i" answered_well "$(burst_name $i)"
		one_certificate "$(burst_name $i)"
	done
}

@test "disconnects in the middle of a burst, each reason: every request is answered" {
	local reason
	for reason in 0x82 0x8b 0x8e; do
		behave publish "drop:$reason"
		burst 6
		wait_for "the connection anew" has_connected 1
		http_answers
		burst_is_answered 6
		evil '{"do":"forget"}'
	done
}

@test "ends the connection without a word, with requests under way: answered after it" {
	burst 6
	evil '{"do":"drop"}'
	burst_is_answered 6
}

@test "half a packet, then silence: nothing of it is done, HTTP is served, and it goes on" {
	send "$NAME" 1 '"half":true'
	http_answers
	refute answered "$NAME"
	evil '{"do":"drop"}'
	wait_for "the service at the broker" is_up
	send "$NAME" 1
	wait_for "the answer" answered "$NAME"
	settled
	answered_once "$NAME"
}

@test "bytes that are no MQTT: the connection is given up, the service not" {
	local bytes
	for bytes in 0000 f0ffffffffff 3005ffff 32ffffff7f00 4000 40020000 9002 d001ff 200200 \
		3206000173000005 320900017300010102030405 3012000a "$(printf '32%.0s' {1..200})"; do
		wait_for "the service at the broker" is_up
		evil "{\"do\":\"raw\",\"hex\":\"$bytes\"}"
		evil '{"do":"drop"}'
	done
	http_answers
	settled
}

@test "redelivers, with and without the flag: one certificate, and each delivery is acknowledged" {
	send "$NAME" 1
	send "$NAME" 1 '"dup":true'
	wait_for "two answers" answered "$NAME" 2
	send "$NAME" 2
	send "$NAME" 3 '"dup":true'
	wait_for "four answers" answered "$NAME" 4
	wait_for "four acknowledgements" acknowledged 4
	one_certificate "$NAME"
}

@test "a retained request is not done, nor one on another topic" {
	send "$NAME" 1 '"retain":true'
	send "$NAME" 2 '"topic":"ssl/nothing"'
	send "$NAME" 3 '"topic":"other/sign"'
	send "$NAME" 4 '"topic":""'
	settled
	refute answered "$NAME"
}

# Paho itself does not count: the bound is the service's own, on what it takes.
@test "floods past the receive maximum: every request is answered, or refused as busy" {
	local total
	evil "$(jq -cn --arg pass "$PASS" --argjson csr "$(<"$TEST_DIR/csr")" \
		'{do: "send", topic: "ssl/sign", times: 400, id: 1, correlation: "flood",
		payload: ({name: "02BBBBBBBBBB", days: "D", pass: $pass, csr: $csr} | tojson | sub("\"D\""; "1%n"))}')"
	wait_for "an answer over HTTP" http_answers
	wait_for "400 acknowledgements" acknowledged 400
	wait_for "400 answers" answered 02BBBBBBBBBB 400
	total=$(answers_to 02BBBBBBBBBB | jq '[.[].payload | fromjson |
		select(.serial or .error == "busy" or .error == "bad_field")] | length')
	[ "$total" = 400 ]
	settled
}

# None may be followed: the answer goes to ssl/<name>, and nowhere else.
@test "hostile Response Topics: the answer goes to the requester's own topic" {
	[ "${MQTT:-5}" = 5 ] || skip "MQTT 5's"
	local n=0 topic name topics
	topics=('#' '+' '' '$SYS/x' 'ssl/#' 'ssl/+' "ssl/$NAME/#" "ssl/$NAME/+" 'ssl/sign'
		'ssl/020000000001' "ssl/${NAME}0/x" "SSL/$NAME" "/ssl/$NAME" 'a\u0001b'
		'ssl/NAME/\u0007' 'ssl/NAME/\u0000' "ssl/ca")
	for topic in "${topics[@]}"; do
		n=$((n + 1))
		name=$(printf '02AB000000%02X' $n)
		wait_for "the service at the broker" is_up
		send "$name" $n "\"response\":\"${topic//NAME/$name}\""
		# What is against the law of MQTT may end the connection instead.
		settled
		evil '{"do":"answers"}' | jq -e --arg own "ssl/$name" \
			'[.[] | select(.topic != $own and (.topic | startswith("ssl/02CC") | not))] == []'
		evil '{"do":"forget"}'
	done
	# Its own, and below: followed.
	send "$NAME" 99 "\"response\":\"ssl/$NAME/here\""
	wait_for "the answer" answered "$NAME/here"
	answers_to "$NAME/here" | jq -e length==1
	refute answered "$NAME"
}

@test "a Response Topic of 60 KB, and properties that end early: the service lives" {
	[ "${MQTT:-5}" = 5 ] || skip "MQTT 5's"
	send "$NAME" 1 "\"response\":\"$(printf 'a%.0s' {1..60000})\""
	wait_for "the answer" answered "$NAME"
	# Longer than a length can say: what follows is no packet any more.
	send "$NAME" 2 "\"response\":\"$(printf 'a%.0s' {1..70000})\""
	evil '{"do":"forget"}'
	evil '{"do":"drop"}'
	http_answers
	settled
}

@test "does not answer CONNECT, refuses it, ends it, talks nonsense: HTTP is served; then well" {
	local how
	for how in silent refuse close garbage; do
		behave connect "$how"
		evil '{"do":"forget"}'
		evil '{"do":"drop"}'
		wait_for "a try" has_connected 1
		http_answers
		behave connect good
		[ "$how" != silent ] || evil_hangs_up
		settled
	done
}

# The one that waits for an answer to CONNECT has 20 seconds for it.
evil_hangs_up() {
	wait_for "the next try" has_connected 2
}

@test "does not answer SUBSCRIBE, or refuses it: not healthy; then well" {
	local how
	for how in refuse silent; do
		behave subscribe "$how"
		evil '{"do":"forget"}'
		evil '{"do":"drop"}'
		wait_for "a try" has_connected 1
		http_answers
		refute mqtt_is_up
		behave subscribe good
		settled
	done
}

@test "says that a session is there where none is: subscribed all the same" {
	behave connect session
	evil '{"do":"drop"}'
	settled
}
