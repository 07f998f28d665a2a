/* The files that Mosquitto is run with beside the service. */
#ifndef SERVICE_BROKER_MOSQUITTO_CONF_H
#define SERVICE_BROKER_MOSQUITTO_CONF_H

#include "ca/base/buf.h"

struct mosquitto_plan {
	const char *dir;    /* of the installation, absolute */
	const char *listen; /* address, or "" for all */
	unsigned port;
	const char *prefix; /* of the topics */
	const char *user;   /* that Mosquitto runs as when started by root */
};

/* mosquitto.conf: one TLS listener that requires client certificates. */
void mosquitto_conf_write(const struct mosquitto_plan *p, struct buf *out);

/* Its ACL: who may publish and read what. */
void mosquitto_acl_write(const struct mosquitto_plan *p, struct buf *out);

#endif
