/* The link against a real Mosquitto of the test's own: plain TCP on loopback,
 * its folder and port its own, ended by its process id. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/base/log.h"
#include "service/mqtt/link.h"

#define BURST    1000
#define PATH_LEN 128

struct fixture {
	char dir[64];
	unsigned port;
	pid_t broker;
	uv_loop_t loop;
	uv_timer_t tick; /* keeps the loop turning */
	struct mailbox *mailbox;
	struct mqtt_link *link;
	unsigned ups, downs, messages, acknowledged, failed;
	bool stopped;
	char payload[256], correlation[64], response[64];
	bool retained, oversized;
};

static unsigned
free_port(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static bool
port_answers(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	close(fd);
	return ok;
}

static void
write_configuration(struct fixture *f, const char *more)
{
	char path[PATH_LEN];
	FILE *file;

	snprintf(path, sizeof(path), "%s/conf", f->dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "listener %u 127.0.0.1\nallow_anonymous true\n%s\n",
	    f->port, more);
	assert_int_equal(fclose(file), 0);
}

static void
start_broker(struct fixture *f)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/conf", f->dir);
	f->broker = fork();
	if (f->broker == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		execlp("mosquitto", "mosquitto", "-c", path, (char *)NULL);
		execl("/usr/sbin/mosquitto", "mosquitto", "-c", path,
		    (char *)NULL);
		_exit(127);
	}
	while (!port_answers(f->port))
		usleep(10000);
}

static void
kill_broker(struct fixture *f)
{
	if (f->broker == 0)
		return;
	kill(f->broker, SIGKILL);
	waitpid(f->broker, NULL, 0);
	f->broker = 0;
}

static void
copy(char *to, size_t size, struct bytes from)
{
	size_t n = from.len < size ? from.len : size - 1;

	if (n > 0)
		memcpy(to, from.data, n);
	to[n] = '\0';
}

static void
on_message(void *arg, struct mqtt_message *m)
{
	struct fixture *f = arg;

	copy(f->payload, sizeof(f->payload), m->payload);
	copy(f->correlation, sizeof(f->correlation), m->correlation_data);
	copy(f->response, sizeof(f->response), m->response_topic);
	f->retained = m->retained;
	f->oversized = m->oversized;
	f->messages++;
	mqtt_message_free(m);
}

static void
on_up(void *arg)
{
	((struct fixture *)arg)->ups++;
}

static void
on_down(void *arg, const char *why)
{
	assert_non_null(why);
	((struct fixture *)arg)->downs++;
}

static void
on_done(void *arg, const struct err *e)
{
	struct fixture *f = arg;

	if (e == NULL)
		f->acknowledged++;
	else
		f->failed++;
}

static void
on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/link-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->port = free_port();
	write_configuration(f, "");
	assert_int_equal(uv_loop_init(&f->loop), 0);
	uv_timer_init(&f->loop, &f->tick);
	uv_timer_start(&f->tick, on_tick, 20, 20);
	assert_int_equal(mailbox_open(&f->loop, &f->mailbox, &e), 0);
	*state = f;
	return 0;
}

static void
on_stopped(void *arg)
{
	((struct fixture *)arg)->stopped = true;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[PATH_LEN];

	mqtt_link_stop(f->link, 5000, on_stopped, f);
	while (!f->stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	kill_broker(f);
	uv_close((uv_handle_t *)&f->tick, NULL);
	mailbox_close(f->mailbox);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
start_link(struct fixture *f, unsigned version)
{
	static const char *const topics[] = {"t/sign", "t/create"};
	struct mqtt_settings s = {
	    .version = version,
	    .client_id = "link",
	    .keep_alive_s = 20,
	    .session_expiry_s = 600,
	    .reconnect_min_ms = 10,
	    .reconnect_max_ms = 100,
	    .window = 15,
	    .inbound_max = 64,
	    .outbound_max = BURST + 10,
	    .message_max = 65536,
	    .publish_ms = 30000,
	};
	struct mqtt_handler h = {.on_message = on_message,
	    .on_up = on_up,
	    .on_down = on_down,
	    .arg = f};
	struct err e = ERR_INIT;

	snprintf(s.url, sizeof(s.url), "tcp://127.0.0.1:%u", f->port);
	assert_int_equal(
	    mqtt_link_start(f->mailbox, &s, topics, 2, &h, &f->link, &e), 0);
}

#define WAIT(f, condition)                                                     \
	while (!(condition))                                                   \
	uv_run(&(f)->loop, UV_RUN_ONCE)

static int
publish(struct fixture *f, const char *topic, size_t size)
{
	static uint8_t payload[200000];
	struct mqtt_publish p = {
	    .topic = topic,
	    .payload = {payload, size},
	    .correlation_data = bytes_of_text("corr"),
	    .content_type = "application/json",
	    .done = on_done,
	    .arg = f,
	};
	struct err e = ERR_INIT;

	memset(payload, 'x', sizeof(payload));
	return mqtt_link_publish(f->link, &p, &e);
}

/* The link hears its own publishes on the topics that it subscribes to. */
static void
round_trip(struct fixture *f, unsigned version)
{
	start_broker(f);
	start_link(f, version);
	WAIT(f, f->ups == 1);
	assert_true(mqtt_link_is_up(f->link));
	assert_int_equal(publish(f, "t/sign", 10), 0);
	WAIT(f, f->acknowledged == 1 && f->messages == 1);
	assert_string_equal(f->payload, "xxxxxxxxxx");
	assert_string_equal(f->correlation, version == 5 ? "corr" : "");
	assert_false(f->retained);
	assert_int_equal(mqtt_link_pending(f->link), 0);
}

static void
link_publishes_and_hears_with_mqtt_5(void **state)
{
	round_trip(*state, 5);
}

static void
link_publishes_and_hears_with_mqtt_3_1_1(void **state)
{
	round_trip(*state, 4);
}

static void
link_sends_a_burst_through_the_brokers_receive_maximum(void **state)
{
	struct fixture *f = *state;

	start_broker(f);
	start_link(f, 5);
	WAIT(f, f->ups == 1);
	for (int i = 0; i < BURST; i++)
		assert_int_equal(publish(f, "t/answers", 1500), 0);
	WAIT(f, f->acknowledged == BURST);
	assert_int_equal(f->failed, 0);
}

static void
link_refuses_beyond_its_bound(void **state)
{
	struct fixture *f = *state;

	start_link(f, 5); /* no broker: all wait */
	for (int i = 0; i < BURST + 10; i++)
		assert_int_equal(publish(f, "t/answers", 10), 0);
	assert_int_equal(publish(f, "t/answers", 10), -1);
	assert_int_equal(mqtt_link_pending(f->link), BURST + 10);
}

static void
link_waits_for_a_broker_that_is_down_at_start(void **state)
{
	struct fixture *f = *state;

	start_link(f, 5);
	assert_int_equal(publish(f, "t/answers", 10), 0);
	for (int i = 0; i < 20; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->ups + f->downs + f->acknowledged, 0);
	start_broker(f);
	WAIT(f, f->acknowledged == 1);
	assert_int_equal(f->ups, 1);
	assert_int_equal(f->downs, 0);
}

static void
link_brings_everything_through_brokers_that_are_killed(void **state)
{
	struct fixture *f = *state;
	unsigned sent = 0;

	start_broker(f);
	start_link(f, 5);
	for (unsigned round = 1; round <= 5; round++) {
		WAIT(f, f->ups == round);
		for (int i = 0; i < 100; i++, sent++)
			assert_int_equal(publish(f, "t/answers", 1500), 0);
		uv_run(&f->loop, UV_RUN_ONCE);
		kill_broker(f);
		WAIT(f, f->downs == round);
		start_broker(f);
	}
	WAIT(f, f->acknowledged == sent);
	assert_int_equal(f->failed, 0);
	assert_int_equal(f->ups, 6);
	assert_int_equal(f->downs, 5);
	/* It subscribed again. */
	f->messages = 0;
	assert_int_equal(publish(f, "t/create", 1), 0);
	WAIT(f, f->messages == 1);
}

static void
link_refuses_what_the_broker_would_drop_it_for(void **state)
{
	static const char *const bad[] = {"", "t/+", "#", "t/#/x", "$SYS/x",
	    "t/\n", "t/\x80", "t/\xc0\x80", "t/\xed\xa0\x80"};
	struct fixture *f = *state;

	start_broker(f);
	start_link(f, 5);
	WAIT(f, f->ups == 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(publish(f, bad[i], 1), -1);
	assert_int_equal(publish(f, "t/x", 65537), -1);
	assert_int_equal(publish(f, "t/\xc3\xa9", 1), 0);
	WAIT(f, f->acknowledged == 1);
	assert_int_equal(f->downs, 0);
}

/* With 3.1.1 nobody tells the link what the broker takes. */
static void
link_drops_the_answer_that_kills_the_connection_and_no_other(void **state)
{
	struct fixture *f = *state;

	write_configuration(f, "max_packet_size 5000");
	start_broker(f);
	start_link(f, 4);
	WAIT(f, f->ups == 1);
	for (int i = 0; i < 20; i++)
		assert_int_equal(
		    publish(f, "t/answers", i == 10 ? 6000 : 100), 0);
	WAIT(f, f->acknowledged + f->failed == 20);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->acknowledged, 19);
}

static void
link_leaves_out_the_payload_of_what_is_too_large(void **state)
{
	struct fixture *f = *state;
	char command[256];

	start_broker(f);
	start_link(f, 4);
	WAIT(f, f->ups == 1);
	snprintf(command, sizeof(command),
	    "head -c 70000 /dev/zero | tr '\\0' y | mosquitto_pub -p %u -q 1 "
	    "-t t/sign -s",
	    f->port);
	assert_int_equal(system(command), 0);
	WAIT(f, f->messages == 1);
	assert_true(f->oversized);
	assert_string_equal(f->payload, "");
}

static void
link_reconnects_when_asked(void **state)
{
	struct fixture *f = *state;

	start_broker(f);
	start_link(f, 5);
	WAIT(f, f->ups == 1);
	mqtt_link_reconnect(f->link);
	WAIT(f, f->ups == 2);
	assert_int_equal(f->downs, 1);
	assert_int_equal(publish(f, "t/sign", 1), 0);
	WAIT(f, f->acknowledged == 1 && f->messages == 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(link_publishes_and_hears_with_mqtt_5),
	    TEST(link_publishes_and_hears_with_mqtt_3_1_1),
	    TEST(link_sends_a_burst_through_the_brokers_receive_maximum),
	    TEST(link_refuses_beyond_its_bound),
	    TEST(link_waits_for_a_broker_that_is_down_at_start),
	    TEST(link_brings_everything_through_brokers_that_are_killed),
	    TEST(link_refuses_what_the_broker_would_drop_it_for),
	    TEST(link_drops_the_answer_that_kills_the_connection_and_no_other),
	    TEST(link_leaves_out_the_payload_of_what_is_too_large),
	    TEST(link_reconnects_when_asked),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
