/* The configuration file through libconfuse. Internal. */
#ifndef SERVICE_CONFIG_READ_H
#define SERVICE_CONFIG_READ_H

#include "service/config/check.h"

/* Sets in out what the file sets; tells every problem with its line. One
 * thread at a time: libconfuse has one scanner a process. */
void config_file_read(struct check *c, struct config *out);

#endif
