/* Whole files: read with a limit, written so that a crash leaves the old or
 * the new one, never half of either. */
#ifndef CA_BASE_FILE_H
#define CA_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "ca/base/buf.h"

/* Appends the file to out; ERR_INTERNAL names the path and what is wrong
 * (also: larger than out's maximum, not a regular file). */
MUST_USE int file_read(const char *path, struct buf *out, struct err *e);

/* Temporary file in the same folder, fsync, rename, fsync of the folder. */
MUST_USE int file_write(
    const char *path, struct bytes content, mode_t mode, struct err *e);

/* As file_write, but fails (ERR_INTERNAL, "exists") where path is there. */
MUST_USE int file_create(
    const char *path, struct bytes content, mode_t mode, struct err *e);

/* In one file system: rename, fsync of the folder. */
MUST_USE int file_rename(const char *from, const char *to, struct err *e);

bool file_exists(const char *path);

/* -1 if path is not there or others than the owner have any right to it; the
 * message then ends in the command that mends it: "chmod 600 PATH". */
MUST_USE int file_check_private(const char *path, struct err *e);

/* -1 if the folder is not there or others than the owner may write in it; the
 * message ends in the command that mends it: "chmod go-w PATH". */
MUST_USE int file_check_folder(const char *path, struct err *e);

/* folder + "/" + name into out (NUL-terminated); -1 if it does not fit. */
MUST_USE int file_path(
    char *out, size_t size, const char *folder, const char *name);

#endif
