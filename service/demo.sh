# shellcheck shell=bash
# The demonstration of service/run.sh: an operator and two collectors, played
# with curl, mosquitto_rr and the openssl tool. Each command is shown as it is
# run, so that the reader can repeat it. Needs: dir, http_port, mqtt_port,
# pass_file.

# shellcheck disable=SC2154
demo_show() {
	printf '\033[36m$ %s\033[0m\n' "$*"
}

# The value of a string field of a JSON file, its \n turned to line ends; jq is
# not needed for what is always flat.
demo_field() { # FIELD FILE
	sed -E "s/.*\"$1\":[[:space:]]*\"(([^\"\\\\]|\\\\.)*)\".*/\\1/" "$2" | sed 's/\\n/\n/g'
}

demo_certificate() { # FILE
	openssl x509 -in "$1" -noout -subject -serial -dates \
		-ext subjectAltName,extendedKeyUsage | sed 's/^/    /'
}

demo_verify() { # FILE
	demo_show "openssl verify -x509_strict -CAfile $dir/ca.crt $1"
	openssl verify -x509_strict -CAfile "$dir/ca.crt" "$1"
}

demo_keep() { # NAME: its answer's fields as files
	local f
	for f in crt key; do
		demo_field "$f" "$out/$1.json" >"$out/$1.$f"
	done
	grep -q 'BEGIN CERTIFICATE' "$out/$1.crt" ||
		die "no certificate came back: $(cat "$out/$1.json")"
}

demo_operator_creates() { # NAME
	say "an operator creates collector $1 with curl"
	demo_show "curl -H 'Content-Type: application/json' -d '{\"name\":\"$1\",\"days\":\"365\",\"pass\":\"…\"}' http://127.0.0.1:$http_port/v1/ssl/create"
	printf '{"name":"%s","days":"365","pass":"%s"}' "$1" "$(cat "$pass_file")" |
		curl -s -H 'Content-Type: application/json' -d @- -o "$out/$1.json" \
			"http://127.0.0.1:$http_port/v1/ssl/create"
	chmod 600 "$out/$1.json"
	demo_keep "$1"
	demo_certificate "$out/$1.crt"
	demo_verify "$out/$1.crt"
}

# A request over MQTT with the certificate of WHO; the answer in NAME.json.
demo_ask() { # WHO NAME REQUEST
	local tls=(-h 127.0.0.1 -p "$mqtt_port" --cafile "$dir/ca.crt"
		--cert "$out/$1.crt" --key "$out/$1.key")
	demo_show "mosquitto_rr ${tls[*]} -V mqttv5 -q 1 -t ssl/sign -e ssl/$2 -W 30 -m '{\"name\":\"$2\",\"days\":…,\"pass\":\"…\"}'"
	mosquitto_rr "${tls[@]}" -V mqttv5 -q 1 -t ssl/sign -e "ssl/$2" -W 30 \
		-m "$3" >"$out/$2.json"
}

demo_collector_renews() { # NAME
	local before after
	say "collector $1 connects with that certificate and asks for its next one on ssl/sign"
	before=$(openssl x509 -in "$out/$1.crt" -noout -serial)
	demo_ask "$1" "$1" "$(printf '{"name":"%s","days":"90","pass":"%s"}' "$1" "$(cat "$pass_file")")"
	demo_keep "$1"
	demo_certificate "$out/$1.crt"
	demo_verify "$out/$1.crt"
	after=$(openssl x509 -in "$out/$1.crt" -noout -serial)
	[ "$before" != "$after" ] || die "the certificate is still the old one"
}

demo_own_key() { # NAME
	local request
	say "collector $1 brings a key of its own, and a request (csr) for it"
	demo_show "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $out/$1.own.key -subj /O=Demo -out $out/$1.csr"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$out/$1.own.key" -subj /O=Demo -out "$out/$1.csr" 2>/dev/null
	request=$(awk '{printf "%s\\n", $0}' "$out/$1.csr")
	demo_show "curl -H 'Content-Type: application/json' -d '{\"name\":\"$1\",\"days\":\"365\",\"pass\":\"…\",\"csr\":\"-----BEGIN…\"}' http://127.0.0.1:$http_port/v1/ssl/sign"
	printf '{"name":"%s","days":"365","pass":"%s","csr":"%s"}' "$1" "$(cat "$pass_file")" "$request" |
		curl -s -H 'Content-Type: application/json' -d @- -o "$out/$1.json" \
			"http://127.0.0.1:$http_port/v1/ssl/sign"
	demo_keep "$1"
	cp "$out/$1.own.key" "$out/$1.key"
	demo_certificate "$out/$1.crt"
	demo_verify "$out/$1.crt"
	demo_ask "$1" "$1" "$(printf '{"name":"%s","days":"30","pass":"%s"}' "$1" "$(cat "$pass_file")")"
	demo_field crt "$out/$1.json" >"$out/$1.crt"
	demo_verify "$out/$1.crt"
	[ "$(openssl x509 -in "$out/$1.crt" -noout -pubkey)" = "$(openssl pkey -in "$out/$1.own.key" -pubout)" ] ||
		die "the certificate is not for the collector's own key"
}

demo_outsider() {
	say "a client with a certificate that it signed itself stays outside"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
		-subj /CN=AABBCCDDEEFF -keyout "$out/outsider.key" -out "$out/outsider.crt" 2>/dev/null
	demo_show "mosquitto_pub -h 127.0.0.1 -p $mqtt_port --cafile $dir/ca.crt --cert $out/outsider.crt --key $out/outsider.key -t ssl/sign -m hello"
	if mosquitto_pub -h 127.0.0.1 -p "$mqtt_port" --cafile "$dir/ca.crt" \
		--cert "$out/outsider.crt" --key "$out/outsider.key" -t ssl/sign -m hello 2>&1; then
		die "the broker let a self-signed client in"
	fi
}

demo() {
	out=$dir/demo
	mkdir -p "$out"
	chmod 700 "$out"
	demo_operator_creates AABBCCDDEEFF
	demo_collector_renews AABBCCDDEEFF
	demo_own_key 020000000001
	demo_outsider
	say "all of it verified; files in $out"
}
