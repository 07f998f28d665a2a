/* What systemd is told (sd_notify(3)), over $NOTIFY_SOCKET; without it,
 * nothing happens. */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);
void notify_reloading(void);

#endif
