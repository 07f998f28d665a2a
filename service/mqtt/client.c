/* Paho's calls, all from the link's one thread. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "service/mqtt/internal.h"

#define DISCONNECT_MS     1000
#define CONNECT_TIMEOUT_S 10
#define FDS_MAX           65536

/* Paho forces OpenSSL's security level to 1; this puts it back. */
static const char ciphers[] = "DEFAULT@SECLEVEL=2";

static bool
is_v5(const struct mqtt_link *l)
{
	return l->settings.version == 5;
}

int
client_create(struct mqtt_link *l, struct err *e)
{
	MQTTAsync_createOptions o = MQTTAsync_createOptions_initializer;
	const struct mqtt_settings *s = &l->settings;

	o.MQTTVersion = is_v5(l) ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	o.sendWhileDisconnected = 0;
	/* applies while connected, too: never to be reached */
	o.maxBufferedMessages = (int)s->window + 1024;
	if (MQTTAsync_createWithOptions(&l->client, s->url, s->client_id,
		MQTTCLIENT_PERSISTENCE_NONE, NULL, &o) != MQTTASYNC_SUCCESS)
		return err_set(e, ERR_INTERNAL, NULL,
		    "mqtt: \"%s\" cannot be used", s->url);
	/* Before the first connect: without a callback for messages they would
	 * be acknowledged before anybody has them. */
	if (MQTTAsync_setCallbacks(l->client, l, on_lost, on_arrived, NULL) !=
		MQTTASYNC_SUCCESS ||
	    MQTTAsync_setDisconnected(l->client, l, on_disconnected) !=
		MQTTASYNC_SUCCESS)
		return err_set(e, ERR_INTERNAL, NULL, "mqtt: no callbacks");
	return 0;
}

static void
add_number(MQTTProperties *p, enum MQTTPropertyCodes code, unsigned value)
{
	MQTTProperty one = {.identifier = code};

	if (code == MQTTPROPERTY_CODE_RECEIVE_MAXIMUM)
		one.value.integer2 = (unsigned short)value;
	else
		one.value.integer4 = value;
	MQTTProperties_add(p, &one);
}

static void
set_properties(const struct mqtt_settings *s, MQTTProperties *p)
{
	unsigned receive = s->inbound_max < 65535 ? s->inbound_max : 65535;

	add_number(
	    p, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, s->session_expiry_s);
	add_number(p, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, receive);
	/* topic and properties beside the payload */
	add_number(p, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE,
	    (unsigned)s->message_max + 8192);
}

static void
set_tls(const struct mqtt_settings *s, MQTTAsync_SSLOptions *tls)
{
	tls->trustStore = s->ca_file;
	tls->keyStore = s->certificate_file;
	tls->privateKey = s->key_file;
	tls->enabledCipherSuites = ciphers;
	tls->enableServerCertAuth = 1;
	tls->verify = 1; /* the host's name, too */
	tls->disableDefaultTrustStore = 1;
}

static void
set_version(struct mqtt_link *l, MQTTAsync_connectOptions *o, bool clean)
{
	if (is_v5(l)) {
		o->cleanstart = clean;
		o->onSuccess5 = on_connect5;
		o->onFailure5 = on_connect_failure5;
	} else {
		o->MQTTVersion = MQTTVERSION_3_1_1;
		o->cleansession = clean;
		o->onSuccess = on_connect;
		o->onFailure = on_connect_failure;
	}
}

int
client_connect(struct mqtt_link *l, bool clean)
{
	MQTTAsync_connectOptions v5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_connectOptions v3 = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions *o = is_v5(l) ? &v5 : &v3;
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	int rc;

	set_version(l, o, clean);
	o->context = l;
	o->keepAliveInterval = (int)l->settings.keep_alive_s;
	o->connectTimeout = CONNECT_TIMEOUT_S;
	o->automaticReconnect = 0;
	o->maxInflight = 65535; /* the window is ours */
	if (is_v5(l)) {
		set_properties(&l->settings, &properties);
		o->connectProperties = &properties;
	}
	if (strncmp(l->settings.url, "ssl://", 6) == 0) {
		set_tls(&l->settings, &tls);
		o->ssl = &tls;
	}
	rc = MQTTAsync_connect(l->client, o);
	MQTTProperties_free(&properties);
	return rc == MQTTASYNC_SUCCESS ? 0 : -1;
}

int
client_subscribe(struct mqtt_link *l)
{
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
	char *topics[TOPICS_MAX];
	int qos[TOPICS_MAX];

	for (size_t i = 0; i < l->topics; i++) {
		topics[i] = l->topic[i];
		qos[i] = 1;
	}
	o.context = l;
	if (is_v5(l)) {
		o.onSuccess5 = on_subscribe5;
		o.onFailure5 = on_subscribe_failure5;
	} else {
		o.onSuccess = on_subscribe;
		o.onFailure = on_subscribe_failure;
	}
	return MQTTAsync_subscribeMany(l->client, (int)l->topics, topics, qos,
		   &o) == MQTTASYNC_SUCCESS
		   ? 0
		   : -1;
}

static void
add_bytes(
    MQTTProperties *p, enum MQTTPropertyCodes code, const struct buf *value)
{
	MQTTProperty one = {.identifier = code};

	if (value->len == 0)
		return;
	one.value.data.data = (char *)value->data;
	one.value.data.len = (int)value->len;
	MQTTProperties_add(p, &one); /* copies */
}

int
client_publish(struct mqtt_link *l, struct out *o)
{
	MQTTAsync_responseOptions r = MQTTAsync_responseOptions_initializer;
	MQTTAsync_message m = MQTTAsync_message_initializer;
	int rc;

	r.context = o;
	if (is_v5(l)) {
		r.onSuccess5 = on_publish5;
		r.onFailure5 = on_publish_failure5;
		add_bytes(&m.properties, MQTTPROPERTY_CODE_CORRELATION_DATA,
		    &o->correlation);
		add_bytes(&m.properties, MQTTPROPERTY_CODE_CONTENT_TYPE,
		    &o->content_type);
	} else {
		r.onSuccess = on_publish;
		r.onFailure = on_publish_failure;
	}
	m.payload = o->payload.data;
	m.payloadlen = (int)o->payload.len;
	m.qos = 1;
	m.retained = o->retained;
	rc = MQTTAsync_sendMessage(
	    l->client, (const char *)o->topic.data, &m, &r);
	MQTTProperties_free(&m.properties);
	return rc == MQTTASYNC_SUCCESS ? 0 : -1;
}

void
client_disconnect(struct mqtt_link *l)
{
	MQTTAsync_disconnectOptions o = MQTTAsync_disconnectOptions_initializer;
	MQTTAsync_disconnectOptions o5 =
	    MQTTAsync_disconnectOptions_initializer5;

	if (is_v5(l)) {
		o = o5;
		o.onSuccess5 = on_disconnect5;
		o.onFailure5 = on_disconnect_failure5;
	} else {
		o.onSuccess = on_disconnect;
		o.onFailure = on_disconnect_failure;
	}
	o.timeout = DISCONNECT_MS;
	o.context = l;
	if (MQTTAsync_disconnect(l->client, &o) != MQTTASYNC_SUCCESS)
		link_event(l, EVENT_DISCONNECTED, NULL);
}

static unsigned
port_of(const char *url)
{
	const char *colon = strrchr(url, ':');

	return colon == NULL ? 0 : (unsigned)strtoul(colon + 1, NULL, 10);
}

static unsigned
peer_port(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	if (getpeername(fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	if (a.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&a)->sin_port);
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return 0;
}

/* Paho leaves Nagle's algorithm on and has no setting for it: 44 ms for every
 * lone answer. Its socket is found by whom it leads to. */
void
client_no_delay(const struct mqtt_link *l)
{
	unsigned port = port_of(l->settings.url);
	struct rlimit files;
	int one = 1, max = FDS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FDS_MAX)
		max = (int)files.rlim_cur;
	for (int fd = 3; fd < max; fd++)
		if (peer_port(fd) == port)
			(void)!setsockopt(
			    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}
