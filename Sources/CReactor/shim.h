#ifndef BELFRY_CREACTOR_H
#define BELFRY_CREACTOR_H

// First: libevent's event-config.h defines _GNU_SOURCE, and without this header before it fd_set
// would differ from the one in Swift's Glibc module.
#include <sys/select.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <hiredis/async.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>

// fcntl's F_SETPIPE_SZ, which glibc shows only with _GNU_SOURCE.
enum { belfry_F_SETPIPE_SZ = 1031 };

// close_range's flag and the function itself, which glibc shows only with _GNU_SOURCE.
enum { belfry_CLOSE_RANGE_CLOEXEC = 1 << 2 };
extern int close_range(unsigned int first, unsigned int last, int flags);

// environ is a global variable that Swift calls unsafe to share between threads.
extern char **environ;
static inline char **belfry_environ(void) { return environ; }

#endif
