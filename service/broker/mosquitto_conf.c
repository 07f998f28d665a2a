#include "service/broker/mosquitto_conf.h"

void
mosquitto_conf_write(const struct mosquitto_plan *p, struct buf *out)
{
	buf_printf(out,
	    "# Mosquitto beside ms_ssl_server: one listener, with TLS, for\n"
	    "# clients with a certificate of this authority.\n"
	    "listener %u %s\n"
	    "protocol mqtt\n"
	    "cafile %s/local/ca.crt\n"
	    "certfile %s/local/broker.crt\n"
	    "keyfile %s/local/broker.key\n"
	    "tls_version tlsv1.2\n"
	    "require_certificate true\n\n",
	    p->port, p->listen, p->dir, p->dir, p->dir);
	buf_printf(out,
	    "# The certificate's common name is the user name: the ACL's %%u.\n"
	    "use_identity_as_username true\n"
	    "allow_anonymous false\n"
	    "acl_file %s/mosquitto.acl\n\n"
	    "# One identity may have several connections (a device that both\n"
	    "# listens and asks). It also means that a client can take over "
	    "the\n"
	    "# session of another whose client id it knows; where every "
	    "device\n"
	    "# has one connection, set this to true.\n"
	    "use_username_as_clientid false\n\n",
	    p->dir);
	buf_printf(out,
	    "# Requests for a service that is away are kept, and survive a\n"
	    "# crash (stock settings: 1,000 of them, and none).\n"
	    "persistence true\n"
	    "persistence_location %s/mosquitto/\n"
	    "autosave_interval 1\n"
	    "autosave_on_changes true\n"
	    "max_queued_messages 0\n"
	    "max_queued_bytes 67108864\n"
	    "max_inflight_messages 20\n"
	    "message_size_limit 65536\n"
	    "max_packet_size 131072\n"
	    "max_keepalive 600\n"
	    "persistent_client_expiration 14d\n\n"
	    "# Without it each answer waits 40 ms for an acknowledgement.\n"
	    "set_tcp_nodelay true\n\n"
	    "# Who owns the files above, should root start it.\n"
	    "user %s\n"
	    "pid_file %s/mosquitto/mosquitto.pid\n"
	    "log_dest stderr\n"
	    "log_type error\n"
	    "log_type warning\n"
	    "log_type notice\n"
	    "connection_messages true\n",
	    p->dir, p->user, p->dir);
}

void
mosquitto_acl_write(const struct mosquitto_plan *p, struct buf *out)
{
	const char *x = p->prefix;

	buf_printf(out,
	    "# The service: takes the requests, gives the answers.\n"
	    "user ssl\n"
	    "topic read %s/sign\n"
	    "topic read %s/create\n"
	    "topic write %s/#\n\n"
	    "# Everybody with a certificate: may ask, and read the "
	    "authority's\n"
	    "# announcement and the answers to its own name.\n"
	    "pattern write %s/sign\n"
	    "pattern write %s/create\n"
	    "pattern read %s/ca\n"
	    "pattern read %s/%%u\n",
	    x, x, x, x, x, x, x);
}
