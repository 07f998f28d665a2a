/* What the generator tells its user, on stderr. */
#ifndef LOAD_SAY_H
#define LOAD_SAY_H

/* A fault, with "msload: " before and a line's end after it. Returns -1, so
 * that a caller can return it. */
__attribute__((format(printf, 1, 2))) int complain(const char *format, ...);

/* The progress line, over the one before where stderr is a terminal. */
__attribute__((format(printf, 1, 2))) void progress(const char *format, ...);

/* Ends the progress line. */
void progress_end(void);

#endif
