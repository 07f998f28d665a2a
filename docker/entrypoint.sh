#!/bin/sh
# The first start makes an installation in the volume; every start runs it. The
# passphrase is made by init and lies in the volume: move it elsewhere, and
# give it back as a secret, once the fleet is set up (docker/README.md).
set -eu
dir=/var/lib/ms_ssl_server/ca
if [ ! -e "$dir/ms_ssl_server.conf" ]; then
	/usr/bin/ms_ssl_server init --dir "$dir" --generate-passphrase \
		--mqtt-listen 0.0.0.0 --broker-names "dns:localhost,dns:mosquitto,ip:127.0.0.1"
fi
# Both containers read the same folder; Mosquitto is reloaded by the shared
# process namespace (compose.yaml), through its pid file.
exec /usr/bin/ms_ssl_server run --config "$dir/ms_ssl_server.conf" \
	--set mqtt_url=ssl://mosquitto:8883 \
	--set http_host=0.0.0.0 --set http_plain_elsewhere=true "$@"
