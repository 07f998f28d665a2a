/*
 * The socket between the supervisor and the service (SOCK_SEQPACKET). The
 * service is confined: it may run no program, signal no other process and open
 * no file but its own. What it needs of that, the supervisor does:
 *
 *	supervisor -> service   'c' with a descriptor: read the configuration
 *	                        again, from it
 *	service -> supervisor   'b': tell the broker to reload;
 *	                        'r', 'l', 's': it serves, reloads, stops, which
 *	                        the supervisor tells systemd (notify.h)
 */
#ifndef SERVICE_CONTROL_H
#define SERVICE_CONTROL_H

#include <uv.h>

#include "ca/base/err.h"

#define CONTROL_CONFIGURATION 'c'
#define CONTROL_BROKER        'b'
#define CONTROL_READY         'r'
#define CONTROL_RELOADING     'l'
#define CONTROL_STOPPING      's'

struct control;

/* The service's end; takes over the descriptor. on_reload: the supervisor wants
 * the configuration read again from fd, which is closed afterwards. All
 * functions: the loop's thread. */
MUST_USE int control_open(uv_loop_t *loop, int take_fd,
    void (*on_reload)(void *arg, int fd), void *arg, struct control **out,
    struct err *e);
void control_close(struct control *c);

/* NULL: nobody is there to hear it, and nothing happens. */
void control_tell(struct control *c, char letter);

/* For both ends: one letter, with a descriptor where fd is not -1. 0, or -1 and
 * errno. */
MUST_USE int control_send(int socket, char letter, int fd);
/* The letter; 0 at the other's end; -1 and errno (EAGAIN: nothing there). *fd:
 * a descriptor that is the caller's now, or -1. */
MUST_USE int control_receive(int socket, int *fd);

#endif
