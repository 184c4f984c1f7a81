/* The floor: what no server that sends each message to each listener with one system call can beat.
 *
 *   GET /stream              opens a stream and holds it
 *   POST /post message=TEXT  sends one chunk to every stream, one send(2) each, then answers 204
 *
 * One thread, one epoll set, no buffers for output: a stream that does not take a whole frame is
 * closed and counted. It decodes nothing, checks nothing and keeps no history, so it is no server,
 * only a measure of one. It reads request heads and bodies of up to 16 KiB together, whole, in
 * pieces or pipelined.
 *
 *   floor --port N [--drop-every N] [--double-every N]
 *
 * The last two break every Nth delivery, to show that the load generator notices.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT = 16 << 10, BACKLOG = 4096, EVENTS = 256 };

/* By descriptor. A connection has input until it becomes a stream, and a place among the streams
 * from then on. */
struct connection {
  char *input;
  int length; /* bytes of input, which is followed by a NUL */
  int place;  /* in `streams`, or -1 */
};

static struct connection *connections;
static int *streams;
static int stream_count;
static int epoll;
static unsigned long messages, deliveries, cut;
static unsigned long drop_every, double_every;
static volatile sig_atomic_t stopping;

static void stop(int signal) {
  (void)signal;
  stopping = 1;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void close_connection(int fd) {
  struct connection *c = &connections[fd];
  if (c->place >= 0) {
    int last = streams[--stream_count];
    streams[c->place] = last;
    connections[last].place = c->place;
  }
  free(c->input);
  *c = (struct connection){.place = -1};
  close(fd);
}

/* Sends `frame` to every stream: the loop that everything else is measured against. */
static void fan_out(const char *frame, int length) {
  for (int i = 0; i < stream_count;) {
    deliveries++;
    if (drop_every && deliveries % drop_every == 0) {
      i++;
      continue;
    }
    if (double_every && deliveries % double_every == 0)
      send(streams[i], frame, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (send(streams[i], frame, length, MSG_NOSIGNAL | MSG_DONTWAIT) == length) {
      i++;
    } else {
      cut++;
      close_connection(streams[i]); /* the last stream takes this place */
    }
  }
}

static bool publish(const char *body, int length) {
  static const char field[] = "message=";
  int skip = sizeof field - 1;
  if (length < skip || memcmp(body, field, skip) != 0) return false;
  char event[INPUT + 128], frame[INPUT + 256];
  int size = snprintf(event, sizeof event, "id: e-%lu\ndata: [00:00:00] anonymous: %.*s\n\n",
                      ++messages, length - skip, body + skip);
  int framed = snprintf(frame, sizeof frame, "%x\r\n%s\r\n", size, event);
  fan_out(frame, framed);
  return true;
}

static bool reply(int fd, const char *text) {
  ssize_t length = (ssize_t)strlen(text);
  return send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) == length;
}

static bool open_stream(int fd) {
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n";
  struct connection *c = &connections[fd];
  free(c->input);
  c->input = NULL;
  c->place = stream_count;
  streams[stream_count++] = fd;
  return reply(fd, head);
}

/* Serves the first request in the input; false closes the connection. `*used` is its length, or 0
 * while it is not complete. */
static bool serve(int fd, int *used) {
  struct connection *c = &connections[fd];
  *used = 0;
  char *end = strstr(c->input, "\r\n\r\n");
  if (!end) return c->length < INPUT;
  int head = (int)(end + 4 - c->input), body = 0;
  *end = '\0'; /* so that the search ends with the head */
  const char *field = strcasestr(c->input, "\r\nContent-Length:");
  if (field) body = atoi(field + 17);
  *end = '\r';
  if (body < 0 || body > INPUT - head) return false;
  if (c->length < head + body) return true;
  *used = head + body;
  if (strncmp(c->input, "GET /stream ", 12) == 0) return open_stream(fd);
  if (strncmp(c->input, "POST /post ", 11) == 0 && publish(c->input + head, body))
    return reply(fd, "HTTP/1.1 204 No Content\r\n\r\n");
  return false;
}

static bool read_connection(int fd) {
  struct connection *c = &connections[fd];
  if (!c->input) { /* a stream: what its client sends is of no interest */
    char ignored[4096];
    ssize_t n = recv(fd, ignored, sizeof ignored, MSG_DONTWAIT);
    return n > 0 || (n < 0 && errno == EAGAIN);
  }
  ssize_t n = recv(fd, c->input + c->length, INPUT - c->length, MSG_DONTWAIT);
  if (n <= 0) return n < 0 && errno == EAGAIN;
  c->length += n;
  c->input[c->length] = '\0';
  int used;
  do {
    if (!serve(fd, &used)) return false;
    if (!c->input) return true;
    c->length -= used;
    memmove(c->input, c->input + used, c->length + 1);
  } while (used && c->length);
  return true;
}

static void accept_all(int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    char *input = malloc(INPUT + 1);
    if (!input) die("malloc");
    connections[fd] = (struct connection){.input = input, .place = -1};
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  }
  if (errno != EAGAIN && errno != ECONNABORTED) die("accept4");
}

static int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited by the accepted */
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  if (listen(listener, BACKLOG) < 0) die("listen");
  return listener;
}

int main(int argc, char **argv) {
  int port = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
    else if (!strcmp(argv[i], "--drop-every")) drop_every = strtoul(argv[i + 1], NULL, 10);
    else if (!strcmp(argv[i], "--double-every")) double_every = strtoul(argv[i + 1], NULL, 10);
    else port = -1;
  }
  if (port <= 0 || argc % 2 == 0) {
    fprintf(stderr, "usage: floor --port N [--drop-every N] [--double-every N]\n");
    return 64;
  }
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  connections = calloc(limit.rlim_cur, sizeof *connections);
  streams = calloc(limit.rlim_cur, sizeof *streams);
  if (!connections || !streams) die("calloc");

  /* Signals are let in only while waiting, so none is missed in between. */
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigset_t blocked, waiting;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGINT);
  sigprocmask(SIG_BLOCK, &blocked, &waiting);

  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_on(port);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) die("epoll_ctl");
  while (!stopping) {
    struct epoll_event events[EVENTS];
    int count = epoll_pwait(epoll, events, EVENTS, -1, &waiting);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    bool accepting = false;
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accepting = true;
      /* Closed earlier in this batch, by a fan-out. */
      else if (!connections[fd].input && connections[fd].place < 0) continue;
      else if ((events[i].events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) || !read_connection(fd))
        close_connection(fd);
    }
    /* Last, so that a descriptor that was closed in this batch is not met again as a new one. */
    if (accepting) accept_all(listener);
  }
  fprintf(stderr, "floor: %lu messages, %lu deliveries, %lu streams cut\n", messages, deliveries,
          cut);
  return cut ? 1 : 0;
}
