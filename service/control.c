#include "service/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/base/log.h"

struct control {
	uv_poll_t poll;
	int fd;
	void (*on_reload)(void *arg, int fd);
	void *arg;
};

union ancillary {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int
control_send(int socket, char letter, int fd)
{
	struct iovec text = {&letter, 1};
	union ancillary a;
	struct msghdr m = {.msg_iov = &text, .msg_iovlen = 1};

	memset(&a, 0, sizeof(a));
	if (fd >= 0) {
		m.msg_control = a.bytes;
		m.msg_controllen = sizeof(a.bytes);
		a.header.cmsg_level = SOL_SOCKET;
		a.header.cmsg_type = SCM_RIGHTS;
		a.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&a.header), &fd, sizeof(fd));
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -1;
}

int
control_receive(int socket, int *fd)
{
	char letter = 0;
	struct iovec text = {&letter, 1};
	union ancillary a;
	struct msghdr m = {.msg_iov = &text,
	    .msg_iovlen = 1,
	    .msg_control = a.bytes,
	    .msg_controllen = sizeof(a.bytes)};
	struct cmsghdr *c;
	ssize_t n = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (n < 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n == 0 ? 0 : letter;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct control *c = poll->data;
	int fd = -1, letter = status < 0 ? 0 : control_receive(c->fd, &fd);

	(void)events;
	if (letter == 0)
		uv_poll_stop(poll); /* we die with the supervisor */
	else if (letter == CONTROL_CONFIGURATION && fd >= 0)
		c->on_reload(c->arg, fd);
	if (fd >= 0)
		close(fd);
}

int
control_open(uv_loop_t *loop, int take_fd, void (*on_reload)(void *arg, int fd),
    void *arg, struct control **out, struct err *e)
{
	struct control *c = calloc(1, sizeof(*c));

	if (c == NULL || uv_poll_init(loop, &c->poll, take_fd) != 0) {
		close(take_fd);
		free(c);
		return err_set(e, ERR_INTERNAL, NULL, "control: no handle");
	}
	c->fd = take_fd;
	c->on_reload = on_reload;
	c->arg = arg;
	c->poll.data = c;
	uv_poll_start(&c->poll, UV_READABLE, on_poll);
	*out = c;
	return 0;
}

void
control_tell(struct control *c, char letter)
{
	if (c != NULL && control_send(c->fd, letter, -1) != 0)
		log_warn("control",
		    log_text("failed", "the supervisor cannot be told"),
		    log_number("letter", letter), log_number("errno", errno));
}

static void
on_closed(uv_handle_t *handle)
{
	struct control *c = handle->data;

	close(c->fd);
	free(c);
}

void
control_close(struct control *c)
{
	if (c != NULL)
		uv_close((uv_handle_t *)&c->poll, on_closed);
}
