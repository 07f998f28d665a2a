#include "service/cli/passphrase.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "ca/base/hex.h"

#define CHARACTERS_MIN 12
#define BYTES_MAX      1024
#define RANDOM_BYTES   20
#define FD_MIN         10 /* well above those that a child is given */

static int
secret_take(struct bytes text, struct secret **out, struct err *e)
{
	*out = secret_new(text.data, text.len);
	return *out != NULL
		   ? 0
		   : err_set(e, ERR_INTERNAL, NULL, "out of secure memory");
}

int
passphrase_from_file(const char *path, struct secret **out, struct err *e)
{
	struct buf text;
	int rc;

	buf_init(&text, BYTES_MAX + 2);
	rc = file_read(path, &text, e);
	if (rc == 0 && text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	if (rc == 0)
		rc = secret_take(buf_bytes(&text), out, e);
	buf_clear(&text);
	return rc;
}

/* Ctrl-C among them, see below. */
static bool
has_control_character(const char *line)
{
	for (; *line != '\0'; line++)
		if ((unsigned char)*line < 0x20)
			return true;
	return false;
}

/* One line from the terminal, its echo off meanwhile. No key may end us then
 * and leave it off: Ctrl-C ends the line instead. */
static int
read_line(int tty, const char *prompt, char *line, size_t size)
{
	struct termios was, silent;
	ssize_t n;

	if (tcgetattr(tty, &was) != 0)
		return -1;
	silent = was;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	silent.c_cc[VEOL2] = was.c_cc[VINTR];
	if (tcsetattr(tty, TCSAFLUSH, &silent) != 0)
		return -1;
	dprintf(tty, "%s", prompt);
	n = read(tty, line, size - 1);
	tcsetattr(tty, TCSAFLUSH, &was);
	dprintf(tty, "\n");
	if (n <= 0)
		return -1;
	line[line[n - 1] == '\n' ? n - 1 : n] = '\0';
	return has_control_character(line) ? -1 : 0;
}

static int
open_terminal(struct err *e)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (tty < 0)
		(void)err_set(e, ERR_INTERNAL, NULL,
		    "there is no terminal to ask for a passphrase on; use "
		    "--passphrase-file FILE or --generate-passphrase");
	return tty;
}

int
passphrase_ask(const char *prompt, struct secret **out, struct err *e)
{
	char line[BYTES_MAX + 2];
	int tty = open_terminal(e), rc = -1;

	if (tty < 0)
		return -1;
	if (read_line(tty, prompt, line, sizeof(line)) != 0)
		(void)err_set(e, ERR_INTERNAL, NULL, "no passphrase was given");
	else
		rc = secret_take(bytes_of_text(line), out, e);
	explicit_bzero(line, sizeof(line));
	close(tty);
	return rc;
}

int
passphrase_from_terminal(struct secret **out, struct err *e)
{
	char first[BYTES_MAX + 2], again[BYTES_MAX + 2];
	int tty = open_terminal(e);
	int rc = -1;

	if (tty < 0)
		return -1;
	if (read_line(
		tty, "Passphrase of the CA key: ", first, sizeof(first)) != 0 ||
	    read_line(tty, "Again: ", again, sizeof(again)) != 0)
		(void)err_set(e, ERR_INTERNAL, NULL, "no passphrase was given");
	else if (strcmp(first, again) != 0)
		(void)err_set(
		    e, ERR_INTERNAL, NULL, "the two passphrases differ");
	else
		rc = secret_take(bytes_of_text(first), out, e);
	explicit_bzero(first, sizeof(first));
	explicit_bzero(again, sizeof(again));
	close(tty);
	return rc;
}

int
passphrase_generate(struct secret **out, struct err *e)
{
	unsigned char random[RANDOM_BYTES];
	char text[2 * RANDOM_BYTES + 1];
	int rc;

	if (RAND_priv_bytes(random, sizeof(random)) != 1)
		return err_openssl(e, "a random passphrase");
	hex_encode(random, sizeof(random), text);
	rc = secret_take(bytes_of_text(text), out, e);
	explicit_bzero(random, sizeof(random));
	explicit_bzero(text, sizeof(text));
	return rc;
}

int
passphrase_check(const struct secret *pass, struct err *e)
{
	struct bytes p = secret_bytes(pass);
	size_t characters = 0;

	for (size_t i = 0; i < p.len; i++)
		characters += (p.data[i] & 0xc0) != 0x80;
	if (characters < CHARACTERS_MIN)
		return err_set(e, ERR_INTERNAL, NULL,
		    "the passphrase must be at least %d characters",
		    CHARACTERS_MIN);
	if (p.len > BYTES_MAX)
		return err_set(e, ERR_INTERNAL, NULL,
		    "the passphrase must be at most %d bytes", BYTES_MAX);
	return 0;
}

int
passphrase_memory_file(const struct secret *pass, int *fd, struct err *e)
{
	struct bytes p = secret_bytes(pass);
	int low = memfd_create("passphrase", MFD_CLOEXEC);

	if (low < 0)
		return err_errno(e, "memfd_create", "passphrase");
	*fd = fcntl(low, F_DUPFD, FD_MIN);
	close(low);
	if (*fd < 0)
		return err_errno(e, "dup", "passphrase");
	if (fchmod(*fd, 0600) == 0 &&
	    write(*fd, p.data, p.len) == (ssize_t)p.len &&
	    lseek(*fd, 0, SEEK_SET) == 0)
		return 0;
	close(*fd);
	return err_errno(e, "write", "passphrase");
}
