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
#include <sys/socket.h>
#include <sys/timerfd.h>

// fcntl's F_SETPIPE_SZ, which glibc shows only with _GNU_SOURCE.
enum { belfry_F_SETPIPE_SZ = 1031 };

// close_range's flag and the function itself, which glibc shows only with _GNU_SOURCE.
enum { belfry_CLOSE_RANGE_CLOEXEC = 1 << 2 };
extern int close_range(unsigned int first, unsigned int last, int flags);

// A file in memory, which glibc shows only with _GNU_SOURCE.
enum { belfry_MFD_CLOEXEC = 1 };
extern int memfd_create(const char *name, unsigned int flags);

// A message's ancillary data: the macros that find their way in it aren't imported. Sends `length`
// bytes and one descriptor, and answers as sendmsg does.
static inline ssize_t belfry_send_descriptor(
    int socket, const struct sockaddr *to, socklen_t to_length, const void *bytes, size_t length,
    int descriptor, int flags) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {{0}};
  struct iovec part = {(void *)bytes, length};
  struct msghdr message = {0};
  message.msg_name = (void *)to;
  message.msg_namelen = to_length;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.space;
  message.msg_controllen = sizeof control.space;
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(sizeof(int));
  *(int *)CMSG_DATA(&control.header) = descriptor;
  return sendmsg(socket, &message, flags);
}

// environ is a global variable that Swift calls unsafe to share between threads.
extern char **environ;
static inline char **belfry_environ(void) { return environ; }

#endif
