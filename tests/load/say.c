#include "tests/load/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool line_is_open;

int
complain(const char *format, ...)
{
	va_list ap;

	progress_end();
	fputs("msload: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -1;
}

void
progress(const char *format, ...)
{
	bool terminal = isatty(STDERR_FILENO) == 1;
	va_list ap;

	if (terminal)
		fputs("\r\033[K", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	if (!terminal)
		fputc('\n', stderr);
	fflush(stderr);
	line_is_open = terminal;
}

void
progress_end(void)
{
	if (line_is_open)
		fputc('\n', stderr);
	line_is_open = false;
}
