/* The load: opens streams of Server-Sent Events, publishes messages, and checks every delivery.
 *
 * One thread, nothing allocated per event: it has to be cheaper per delivery than the servers it
 * measures. Any server will do whose messages come as one `data:` line per event.
 *
 * Every message is a text that no other message has. A listener is right when it gets each one
 * once, whole, and each publisher's in the order they were published. Since all listeners should
 * see all messages in one order, the next one that a listener gets is nearly always known, and one
 * memcmp tells; what it does not settle is looked into by `judge`.
 *
 * With --step it says `open SECONDS` on standard output when the streams of a stage are open, `leg`
 * between the parts (--legs) of mode `single`, and `done` when the last message is everywhere, and
 * goes on at the next line of standard input. The result is one JSON object, the last line. The exit status is 1 if any delivery was wrong or any stream was lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
  INPUT = 256 << 10,     /* one read takes what a stream has, nearly always */
  EVENTS = 128,          /* per epoll_wait, so that publishers never wait for many listeners */
  PENDING = 256,         /* connects at once */
  TALKER_INPUT = 64 << 10,
  SOURCES = 16,          /* loopback addresses to connect from: each has 28,000 ports */
  MAX_TALKERS = 64,
  LINE_SLACK = 512,      /* what a line has beside the message, and the longest header field */
  NAME = 20,             /* a message begins with its publisher and number: "pp.nnnnnnnnnnnnnnnn." */
  SKIPS = 100000,        /* skipped deliveries that are remembered one by one */
};

/* ---- Options ---- */

enum mode { SINGLE, RATE, BURST, HOLD, CONNECT };
static const char *const mode_names[] = {"single", "rate", "burst", "hold", "connect"};

static struct {
  enum mode mode;
  int port;
  int stages[16], stage_count; /* listeners to be open after each stage */
  int messages;
  int legs; /* parts that the messages of mode `single` are published in */
  int size; /* bytes of a message */
  double rate;
  int publishers;
  double seconds;
  const char *stream_path; /* `{n}` stands for the listener's number */
  const char *publish_path, *probe_path;
  const char *publish_tail; /* follows the message in the body of a post */
  bool raw;         /* the message is the body, not a form's field */
  bool bare;        /* the line is the message, without the chat's "[HH:MM:SS] NAME: " before it */
  bool opens_by_head; /* a stream is open with its head, not with its first body byte */
  bool step;
  double stall; /* seconds without any progress after which the rest is given up */
} options = {
    .port = 0, .stages = {1000}, .stage_count = 1, .messages = 100, .legs = 1, .size = 100, .rate = 10,
    .publishers = 1, .seconds = 5, .stream_path = "/stream", .publish_path = "/post", .publish_tail = "",
    .stall = 10,
};

static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(2);
}

static void *need(void *memory) {
  if (!memory) die("out of memory");
  return memory;
}

/* ---- Time ---- */

/* Nanoseconds of the monotonic clock. */
static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

/* Seconds of processor time that this process has used. */
static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- Latencies: a histogram with 256 steps to each doubling, so within 0.4 % ---- */

enum { STEP_BITS = 8, BUCKETS = (65 - STEP_BITS) << STEP_BITS };
struct histogram {
  uint64_t count, max, buckets[BUCKETS];
};
static struct histogram latencies, probes;

static void record(struct histogram *h, uint64_t ns) {
  int shift = 63 - __builtin_clzll(ns | 1) - STEP_BITS;
  uint64_t bucket = shift <= 0 ? ns : ((uint64_t)shift << STEP_BITS) + (ns >> shift);
  h->buckets[bucket]++;
  h->count++;
  if (ns > h->max) h->max = ns;
}

/* Milliseconds that `part` of the values don't exceed. */
static double quantile(const struct histogram *h, double part) {
  uint64_t wanted = (uint64_t)(part * h->count), seen = 0;
  for (uint64_t bucket = 0; bucket < BUCKETS; bucket++) {
    seen += h->buckets[bucket];
    if (seen <= wanted) continue;
    /* The highest value that `record` puts here. */
    uint64_t shift = bucket < 2 << STEP_BITS ? 0 : (bucket >> STEP_BITS) - 1;
    uint64_t top = ((bucket - (shift << STEP_BITS) + 1) << shift) - 1;
    return (top < h->max ? top : h->max) / 1e6;
  }
  return h->max / 1e6;
}

/* ---- Messages ---- */

struct message {
  uint64_t due; /* when it was to be published */
  uint32_t publisher, number;
  uint32_t position; /* in the order of arrival, or UNORDERED */
  char text[];
};
static const uint32_t UNORDERED = UINT32_MAX;

static char *messages; /* of `stride` bytes each */
static size_t stride;
static uint32_t published, message_capacity;
static uint32_t *order; /* which message the listeners got first, second, ... */
static uint32_t ordered;

/* A publisher's messages, by number. */
static struct {
  uint32_t *indexes, count, capacity;
} series[MAX_TALKERS];

static struct message *message_at(uint32_t index) {
  return (struct message *)(messages + index * stride);
}

/* Writes a new message; every text differs from every other at each place but by chance. */
static struct message *make_message(int publisher, uint64_t due) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (published == message_capacity) {
    message_capacity = message_capacity ? 2 * message_capacity : 1024;
    messages = need(realloc(messages, message_capacity * stride));
    order = need(realloc(order, message_capacity * sizeof *order));
  }
  if (series[publisher].count == series[publisher].capacity) {
    uint32_t capacity = series[publisher].capacity ? 2 * series[publisher].capacity : 1024;
    series[publisher].indexes =
        need(realloc(series[publisher].indexes, capacity * sizeof(uint32_t)));
    series[publisher].capacity = capacity;
  }
  struct message *m = message_at(published);
  *m = (struct message){.due = due, .publisher = publisher, .number = series[publisher].count,
                        .position = UNORDERED};
  char name[NAME + 1];
  snprintf(name, sizeof name, "%02u.%016u.", m->publisher, m->number);
  memcpy(m->text, name, NAME);
  uint64_t random = ((uint64_t)publisher << 32 | m->number) * 0x9E3779B97F4A7C15u + 1;
  for (int i = NAME; i < options.size; i++) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    m->text[i] = alphabet[random >> 58];
  }
  series[publisher].indexes[series[publisher].count++] = published++;
  return m;
}

/* ---- Listeners ---- */

enum state { CONNECTING, STATUS, FIELDS, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, PLAIN, LOST };

struct listener {
  int fd;
  uint8_t state;
  bool open, chunked;
  bool has_size;  /* the chunk's size has a digit */
  bool has_data;  /* the event has a data line */
  uint32_t chunk; /* bytes of the chunk still to come, or its size while that is read */
  uint32_t kept;  /* bytes of an incomplete line in `line` */
  uint32_t position; /* in the order, of what is expected next */
  uint32_t *next;    /* from each publisher */
  char *line;
};

static struct listener *listeners;
static int started, pending, open_count;
static int listener_epoll, control_epoll, timer_fd = -1;
static char *input; /* one for all: a listener keeps no more than an incomplete line */
static char request[2048];
static int request_length;
static int number_place = -1; /* where `{n}` stands in `request`; -1 when it does not */

static uint64_t delivered, skipped, duplicated, reordered, corrupted, order_differs, comments, lost;
static uint64_t moment; /* when the bytes being read were received */
static uint64_t progress; /* when anything last got on */

/* Deliveries that were passed over: so one that comes late is told from one that comes twice. */
static struct skip {
  uint32_t listener, message;
} skips[SKIPS];
static uint32_t skip_count;

static void complain(const char *what, const struct listener *l, const char *text, size_t length) {
  static int complaints;
  if (complaints++ < 10)
    fprintf(stderr, "load: listener %d: %s: %.*s\n", (int)(l - listeners), what, (int)length, text);
}

static void lose(struct listener *l, const char *why) {
  if (l->state == LOST) return;
  complain("lost", l, why, strlen(why));
  if (!l->open) pending--;
  lost++;
  l->state = LOST;
  close(l->fd);
}

static void did_open(struct listener *l) {
  if (l->open) return;
  l->open = true;
  pending--;
  open_count++;
}

static void deliver(const struct message *m) {
  delivered++;
  record(&latencies, moment > m->due ? moment - m->due : 0);
}

/* Looks into a delivery that is not the one expected next. */
static void judge(struct listener *l, const char *text, size_t length) {
  unsigned publisher, number;
  char name[NAME + 1] = "";
  if (length >= NAME) memcpy(name, text, NAME);
  if (length != (size_t)options.size || sscanf(name, "%2u.%16u.", &publisher, &number) != 2 ||
      publisher >= MAX_TALKERS || number >= series[publisher].count) {
    corrupted++;
    complain("no message of ours", l, text, length);
    return;
  }
  uint32_t index = series[publisher].indexes[number];
  struct message *m = message_at(index);
  if (memcmp(m->text, text, length) != 0) {
    corrupted++;
    complain("altered", l, text, length);
    return;
  }
  if (number < l->next[publisher]) {
    uint32_t who = l - listeners, i = 0;
    while (i < skip_count && (skips[i].listener != who || skips[i].message != index)) i++;
    if (i == skip_count) {
      duplicated++;
      return complain("again", l, text, NAME);
    }
    skips[i] = skips[--skip_count];
    skipped--;
    reordered++;
    complain("late", l, text, NAME);
    return deliver(m);
  }
  bool in_turn = number == l->next[publisher];
  if (!in_turn) complain("skipped some before", l, text, NAME);
  while (l->next[publisher] < number) {
    if (skip_count < SKIPS)
      skips[skip_count++] =
          (struct skip){l - listeners, series[publisher].indexes[l->next[publisher]]};
    l->next[publisher]++;
    skipped++;
  }
  l->next[publisher]++;
  if (m->position == UNORDERED) {
    m->position = ordered;
    order[ordered++] = index;
  }
  if (in_turn && m->position != l->position) order_differs++;
  l->position = m->position + 1;
  deliver(m);
}

/* A line of data: the message, behind "[HH:MM:SS] anonymous: " in a chat. */
static void data_line(struct listener *l, const char *text, size_t length) {
  static const char prefix[] = "[##:##:##] anonymous: ";
  if (length && *text == ' ') text++, length--;
  if (l->has_data) {
    corrupted++;
    return complain("a second data line", l, text, length);
  }
  l->has_data = true;
  if (!options.bare) {
    bool fits = length >= sizeof prefix - 1;
    for (size_t i = 0; fits && i < sizeof prefix - 1; i++)
      fits = prefix[i] == '#' ? text[i] >= '0' && text[i] <= '9' : text[i] == prefix[i];
    if (!fits) {
      corrupted++;
      return complain("no line of the chat", l, text, length);
    }
    text += sizeof prefix - 1;
    length -= sizeof prefix - 1;
  }
  if (l->position < ordered && length == (size_t)options.size) {
    const struct message *m = message_at(order[l->position]);
    if (memcmp(m->text, text, length) == 0 && l->next[m->publisher] == m->number) {
      l->position++;
      l->next[m->publisher]++;
      return deliver(m);
    }
  }
  judge(l, text, length);
}

static void body_line(struct listener *l, const char *line, size_t length) {
  if (length && line[length - 1] == '\r') length--;
  if (length == 0) l->has_data = false;
  else if (line[0] == ':') comments++;
  else if (length >= 5 && memcmp(line, "data:", 5) == 0) data_line(l, line + 5, length - 5);
}

static void head_line(struct listener *l, const char *line, size_t length) {
  if (length && line[length - 1] == '\r') length--;
  if (l->state == STATUS) {
    if (length < 12 || memcmp(line, "HTTP/1.1 200", 12) != 0) return lose(l, "refused");
    l->state = FIELDS;
  } else if (length == 0) {
    l->state = l->chunked ? CHUNK_SIZE : PLAIN;
    if (options.opens_by_head) did_open(l);
  } else if (length == 26 && strncasecmp(line, "Transfer-Encoding: chunked", 26) == 0) {
    l->chunked = true;
  }
}

/* Takes a line from `*at`, without its LF; NULL when there is none yet, and the rest is kept. */
static const char *take_line(struct listener *l, const char **at, const char *end, size_t *length) {
  const char *start = *at, *feed = memchr(start, '\n', end - start);
  *at = feed ? feed + 1 : end;
  *length = (feed ? feed : end) - start;
  if (feed && !l->kept) return start;
  if (l->kept + *length > (size_t)options.size + LINE_SLACK) return lose(l, "line too long"), NULL;
  memcpy(l->line + l->kept, start, *length);
  *length += l->kept;
  l->kept = feed ? 0 : *length;
  return feed ? l->line : NULL;
}

/* Lines of the event stream, whatever chunks they came in. */
static void body(struct listener *l, const char *at, const char *end) {
  if (!options.opens_by_head && at < end) did_open(l);
  while (at < end && l->state != LOST) {
    size_t length;
    const char *line = take_line(l, &at, end, &length);
    if (line) body_line(l, line, length);
  }
}

static void chunk_size(struct listener *l, char c) {
  char lower = c | 32;
  int digit = c >= '0' && c <= '9'           ? c - '0'
              : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                             : -1;
  if (digit >= 0 && l->chunk < 1u << 27) {
    l->chunk = l->chunk * 16 + digit;
    l->has_size = true;
  } else if (c == '\n' && l->has_size) {
    if (l->chunk == 0) return lose(l, "ended by the server");
    l->state = CHUNK_DATA;
    l->has_size = false;
  } else if (c != '\r') {
    corrupted++;
    lose(l, "bad chunk size");
  }
}

static void feed(struct listener *l, const char *at, const char *end) {
  while (at < end) {
    switch (l->state) {
      case STATUS:
      case FIELDS: {
        size_t length;
        const char *line = take_line(l, &at, end, &length);
        if (line) head_line(l, line, length);
        break;
      }
      case CHUNK_SIZE: chunk_size(l, *at++); break;
      case CHUNK_DATA: {
        size_t run = (size_t)(end - at) < l->chunk ? (size_t)(end - at) : l->chunk;
        body(l, at, at + run);
        at += run;
        l->chunk -= run;
        if (l->chunk == 0 && l->state != LOST) l->state = CHUNK_END;
        break;
      }
      case CHUNK_END:
        if (*at == '\n') l->state = CHUNK_SIZE;
        else if (*at != '\r') corrupted++, lose(l, "bad end of chunk");
        at++;
        break;
      case PLAIN:
        body(l, at, end);
        at = end;
        break;
      default: return;
    }
  }
}

/* The head goes out as soon as the kernel takes it; on loopback a connect is through at once. */
static bool send_request(struct listener *l) {
  static char own[sizeof request + 16];
  const char *text = request;
  int length = request_length;
  if (number_place >= 0) {
    length = snprintf(own, sizeof own, "%.*s%d%s", number_place, request, (int)(l - listeners),
                      request + number_place + 3);
    text = own;
  }
  ssize_t n = send(l->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) return false;
  if (n != length) lose(l, strerror(errno));
  else l->state = STATUS;
  return true;
}

static void start_listener(void) {
  struct listener *l = &listeners[started];
  l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (l->fd < 0) die("socket: %s", strerror(errno));
  int on = 1;
  setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct linger abort = {.l_onoff = 1}; /* a reset at the end leaves no TIME_WAIT behind */
  setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  struct sockaddr_in from = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + started % SOURCES)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(options.port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(l->fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind: %s", strerror(errno));
  l->state = CONNECTING;
  pending++;
  if (connect(l->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
    die("connect: %s", strerror(errno));
  send_request(l);
  /* Edge-triggered: a read that comes back short has emptied the socket. */
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                              .data.u32 = started++};
  if (epoll_ctl(listener_epoll, EPOLL_CTL_ADD, l->fd, &event) < 0) die("epoll_ctl");
}

static void read_listener(struct listener *l) {
  if (l->state == LOST || (l->state == CONNECTING && !send_request(l))) return;
  for (;;) {
    ssize_t n = recv(l->fd, input, INPUT, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return lose(l, n < 0 ? strerror(errno) : "closed by the server");
    moment = now();
    feed(l, input, input + n);
    if (n < INPUT || l->state == LOST) return;
  }
}

/* ---- Publishers and the probe: keep-alive connections with one request at a time ---- */

struct talker {
  int fd;
  bool is_open, busy;
  uint64_t since; /* when its request was due, or sent */
  int length;
  char *input;
};
static struct talker talkers[MAX_TALKERS + 1];
static struct talker *const probe = &talkers[MAX_TALKERS];
static uint64_t stop_publishing; /* a burst's end */
static uint64_t next_probe;
enum { PROBE_INTERVAL = 5000000 }; /* nanoseconds */

/* At the first request: servers close a connection that asks for nothing. */
static void open_talker(struct talker *t) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(options.port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  t->is_open = true;
  if (!t->input) t->input = need(malloc(TALKER_INPUT + 1));
  if (t->fd < 0 || connect(t->fd, (struct sockaddr *)&to, sizeof to) < 0)
    die("connect: %s", strerror(errno));
  setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = t};
  if (epoll_ctl(control_epoll, EPOLL_CTL_ADD, t->fd, &event) < 0) die("epoll_ctl");
}

static void ask(struct talker *t, const char *text, int length, uint64_t due) {
  if (!t->is_open) open_talker(t);
  t->busy = true;
  t->since = due;
  if (send(t->fd, text, length, MSG_NOSIGNAL) != length) die("send: %s", strerror(errno));
}

static void publish(int publisher, uint64_t due) {
  static char text[64 << 10];
  const struct message *m = make_message(publisher, due);
  const char *field = options.raw ? "" : "message=";
  int length = snprintf(text, sizeof text,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: %s\r\n"
                        "Content-Length: %d\r\n\r\n%s%.*s%s",
                        options.publish_path, options.port,
                        options.raw ? "text/plain" : "application/x-www-form-urlencoded",
                        (int)(strlen(field) + options.size + strlen(options.publish_tail)), field,
                        options.size, m->text, options.publish_tail);
  ask(&talkers[publisher], text, length, due);
}

/* The length of the answer in `t->input` once it is complete, or 0. */
static int answer_length(const struct talker *t) {
  const char *end = strstr(t->input, "\r\n\r\n");
  if (!end) return 0;
  int head = (int)(end + 4 - t->input), status = 0;
  if (sscanf(t->input, "HTTP/1.1 %d", &status) != 1 || status < 200 || status > 299)
    die("unexpected answer: %.*s", head, t->input);
  if (status == 204) return head;
  const char *field = strcasestr(t->input, "\r\nContent-Length:");
  if (field && field < end) {
    int all = head + atoi(field + 17);
    return t->length >= all ? all : 0;
  }
  const char *last = strstr(end, "\r\n0\r\n\r\n"); /* chunked; these bodies have no such line */
  return last ? (int)(last + 7 - t->input) : 0;
}

static void read_talker(struct talker *t) {
  ssize_t n = recv(t->fd, t->input + t->length, TALKER_INPUT - t->length, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    if (t->busy) die("%s was cut off", t == probe ? "the probe" : "a publisher");
    close(t->fd); /* idle for too long; the next request opens it again */
    t->is_open = false;
    return;
  }
  t->length += n;
  t->input[t->length] = '\0';
  int all = answer_length(t);
  if (!all) {
    if (t->length == TALKER_INPUT) die("too long an answer");
    return;
  }
  if (all != t->length || !t->busy) die("more than one answer to one request");
  t->length = 0;
  t->busy = false;
  uint64_t time = now();
  progress = time;
  if (t == probe) record(&probes, time - t->since);
  else if (time < stop_publishing) publish(t - talkers, time);
}

static void ask_probe(uint64_t time) {
  char text[512];
  int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n",
                        options.probe_path, options.port);
  ask(probe, text, length, time);
  /* On a fixed grid. One that an answer came too late for is left out: made up for at once, they
   * would be a queue of our own as soon as an answer takes longer than the interval. */
  if (!next_probe) next_probe = time;
  while (next_probe <= time) next_probe += PROBE_INTERVAL;
}

/* ---- The loop ---- */

static bool probing;

static void set_timer(uint64_t at) {
  struct itimerspec when = {.it_value = {.tv_sec = at / 1000000000u, .tv_nsec = at % 1000000000u}};
  timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Serves the publishers, then a batch of listeners; waits at most `wait` ms for something. */
static void turn(int wait) {
  struct epoll_event events[EVENTS];
  int count = epoll_wait(control_epoll, events, EVENTS, 0);
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr) read_talker(events[i].data.ptr);
    else set_timer(UINT32_MAX * 1000000000ull); /* it rang: that ended the wait, no more */
  }
  if (probing && !probe->busy) {
    uint64_t time = now();
    if (time >= next_probe) ask_probe(time);
    else set_timer(next_probe);
  }
  count = epoll_wait(listener_epoll, events, EVENTS, count > 0 ? 0 : wait);
  for (int i = 0; i < count; i++)
    if (events[i].data.u32 != UINT32_MAX) read_listener(&listeners[events[i].data.u32]);
}

/* Turns, and tells whether anything was delivered, opened or answered within the stall time. */
static bool turn_or_stall(void) {
  static uint64_t last_delivered;
  static int last_open;
  turn(100);
  uint64_t time = now();
  if (delivered != last_delivered || open_count != last_open || !progress) progress = time;
  last_delivered = delivered;
  last_open = open_count;
  return time - progress < options.stall * 1e9;
}

static void open_listeners(int target) {
  progress = now();
  while (open_count < target && !lost) {
    while (started < target && pending < PENDING) start_listener();
    if (!turn_or_stall()) die("only %d of %d streams opened", open_count, target);
  }
  if (lost) die("a stream was refused or lost while opening");
}

static void pause_for_step(const char *word, double seconds) {
  if (!options.step) return;
  printf("%s %.6f\n", word, seconds);
  fflush(stdout);
  /* Streams that get a heartbeat meanwhile keep it in the kernel: a few bytes. */
  char line[64];
  if (!fgets(line, sizeof line, stdin)) exit(3);
}

/* Waits until every message is answered and at every listener, or known to be missing there. */
static void settle(void) {
  progress = now();
  for (;;) {
    bool busy = false;
    for (int i = 0; i < options.publishers; i++) busy |= talkers[i].busy;
    if (!busy && delivered + skipped >= (uint64_t)published * open_count) return;
    if (!turn_or_stall()) return;
  }
}

static void publish_singly(void) {
  int leg = options.messages / options.legs;
  for (int i = 0; i < options.messages; i++) {
    if (i > 0 && i % leg == 0) pause_for_step("leg", 0);
    publish(0, now());
    settle();
    if (delivered + skipped < (uint64_t)published * open_count) return;
  }
}

/* The first publisher that waits for nothing, from `first` round; -1 when all do. */
static int idle_publisher(int first) {
  for (int i = 0; i < options.publishers; i++) {
    int candidate = (first + i) % options.publishers;
    if (!talkers[candidate].busy) return candidate;
  }
  return -1;
}

static void publish_by_schedule(void) {
  uint64_t start = now() + 1000000;
  for (int i = 0; i < options.messages;) {
    uint64_t due = start + (uint64_t)(i * 1e9 / options.rate), time = now();
    int publisher = idle_publisher(i);
    if (time >= due && publisher >= 0) {
      publish(publisher, due);
      i++;
      continue;
    }
    if (time < due && !probing) set_timer(due);
    turn(time < due && probing ? 1 : 1000);
  }
}

static void publish_without_waiting(void) {
  uint64_t time = now();
  stop_publishing = time + (uint64_t)(options.seconds * 1e9);
  for (int i = 0; i < options.publishers; i++) publish(i, time);
  while (now() < stop_publishing) turn(10);
}

static void hold(void) {
  uint64_t end = now() + (uint64_t)(options.seconds * 1e9);
  while (now() < end) turn(100);
}

/* ---- Setting up, and the result ---- */

/* What Chromium sends with an EventSource, 16 fields. */
static void make_request(void) {
  request_length = snprintf(
      request, sizeof request,
      "GET %s HTTP/1.1\r\n"
      "Host: 127.0.0.1:%d\r\n"
      "Connection: keep-alive\r\n"
      "Cache-Control: no-cache\r\n"
      "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\", \"Google Chrome\";v=\"140\"\r\n"
      "sec-ch-ua-mobile: ?0\r\n"
      "sec-ch-ua-platform: \"Windows\"\r\n"
      "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
      "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n"
      "Accept: text/event-stream\r\n"
      "DNT: 1\r\n"
      "Sec-Fetch-Site: same-origin\r\n"
      "Sec-Fetch-Mode: cors\r\n"
      "Sec-Fetch-Dest: empty\r\n"
      "Referer: http://127.0.0.1:%d/rooms/general/today?tab=messages&sort=oldest-first"
      "&density=compact\r\n"
      "Accept-Encoding: gzip, deflate, br, zstd\r\n"
      "Accept-Language: zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7\r\n"
      "Cookie: theme=dark; consent=2025-11-03T08%%3A15%%3A00Z; "
      "visitor=6f1c2ab0-52d7-4a9f-9a5e-0d1b7c3e8f42\r\n"
      "\r\n",
      options.stream_path, options.port, options.port);
  const char *place = strstr(request, "{n}");
  if (place) number_place = (int)(place - request);
}

static void parse_stages(char *text) {
  options.stage_count = 0;
  for (char *part = strtok(text, ","); part && options.stage_count < 16; part = strtok(NULL, ","))
    options.stages[options.stage_count++] = atoi(part);
}

static void parse(int argc, char **argv) {
  static const struct option names[] = {
      {"mode", 1, 0, 'm'},        {"port", 1, 0, 'p'},         {"listeners", 1, 0, 'l'},
      {"messages", 1, 0, 'n'},    {"size", 1, 0, 's'},         {"rate", 1, 0, 'r'},
      {"publishers", 1, 0, 'k'},  {"seconds", 1, 0, 't'},      {"stream-path", 1, 0, 'S'},
      {"publish-path", 1, 0, 'P'}, {"raw", 0, 0, 'w'},         {"bare", 0, 0, 'b'},
      {"open-by-head", 0, 0, 'h'}, {"probe", 1, 0, 'g'},       {"step", 0, 0, 'i'},
      {"stall", 1, 0, 'z'},       {"legs", 1, 0, 'L'},         {"publish-tail", 1, 0, 'T'},
      {0, 0, 0, 0},
  };
  int c;
  while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
    switch (c) {
      case 'm':
        while (options.mode <= CONNECT && strcmp(mode_names[options.mode], optarg)) options.mode++;
        break;
      case 'p': options.port = atoi(optarg); break;
      case 'l': parse_stages(optarg); break;
      case 'n': options.messages = atoi(optarg); break;
      case 's': options.size = atoi(optarg); break;
      case 'r': options.rate = atof(optarg); break;
      case 'k': options.publishers = atoi(optarg); break;
      case 't': options.seconds = atof(optarg); break;
      case 'S': options.stream_path = optarg; break;
      case 'P': options.publish_path = optarg; break;
      case 'w': options.raw = true; break;
      case 'b': options.bare = true; break;
      case 'h': options.opens_by_head = true; break;
      case 'g': options.probe_path = optarg; break;
      case 'i': options.step = true; break;
      case 'z': options.stall = atof(optarg); break;
      case 'T': options.publish_tail = optarg; break;
      case 'L': options.legs = atoi(optarg); break;
      default: exit(64);
    }
  }
  if (options.mode > CONNECT || options.port <= 0 || options.stage_count < 1 ||
      options.size <= NAME || options.size > 16384 || options.publishers < 1 ||
      options.publishers > MAX_TALKERS || options.rate <= 0 || options.legs < 1 ||
      options.messages % options.legs || optind < argc)
    die("bad arguments; see the top of load.c and `parse`");
}

static void set_up(int most) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if ((rlim_t)most + 100 > limit.rlim_cur)
    die("%d listeners need a higher limit of descriptors than %lu", most, (long)limit.rlim_cur);
  stride = (sizeof(struct message) + options.size + 7) & ~7ul;
  listeners = need(calloc(most, sizeof *listeners));
  uint32_t *next = need(calloc((size_t)most * options.publishers, sizeof *next));
  char *lines = need(malloc((size_t)most * (options.size + LINE_SLACK)));
  for (int i = 0; i < most; i++) {
    listeners[i].next = next + (size_t)i * options.publishers;
    listeners[i].line = lines + (size_t)i * (options.size + LINE_SLACK);
  }
  input = need(malloc(INPUT));
  make_request();
  listener_epoll = epoll_create1(EPOLL_CLOEXEC);
  control_epoll = epoll_create1(EPOLL_CLOEXEC);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  struct epoll_event control = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
  struct epoll_event timer = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(listener_epoll, EPOLL_CTL_ADD, control_epoll, &control) < 0 ||
      epoll_ctl(control_epoll, EPOLL_CTL_ADD, timer_fd, &timer) < 0)
    die("epoll_ctl");
}

static void print_histogram(const char *name, const struct histogram *h) {
  printf(", \"%s\": {\"count\": %lu, \"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, "
         "\"p999\": %.3f, \"max\": %.3f}",
         name, h->count, quantile(h, .5), quantile(h, .9), quantile(h, .99), quantile(h, .999),
         h->max / 1e6);
}

int main(int argc, char **argv) {
  parse(argc, argv);
  int most = options.stages[options.stage_count - 1];
  set_up(most);

  uint64_t start = now();
  double cpu = cpu_seconds(), connect_seconds = 0;
  for (int stage = 0; stage < options.stage_count; stage++) {
    start = now();
    open_listeners(options.stages[stage]);
    double seconds = (now() - start) / 1e9;
    connect_seconds += seconds;
    pause_for_step("open", seconds);
  }
  double connect_cpu = cpu_seconds() - cpu;

  probing = options.probe_path != NULL;
  start = now();
  cpu = cpu_seconds();
  switch (options.mode) {
    case SINGLE: publish_singly(); break;
    case RATE: publish_by_schedule(); break;
    case BURST: publish_without_waiting(); break;
    case HOLD: hold(); break;
    case CONNECT: break;
  }
  settle();
  double seconds = (now() - start) / 1e9;
  cpu = cpu_seconds() - cpu;
  probing = false;
  /* What comes once more would come now. */
  for (uint64_t end = now() + 200000000; now() < end;) turn(10);
  pause_for_step("done", 0);

  uint64_t expected = (uint64_t)published * most;
  uint64_t missing = expected - (delivered < expected ? delivered : expected);
  printf("{\"mode\": \"%s\", \"opened\": %d, \"connect_per_second\": %.0f, "
         "\"connect_cpu_seconds\": %.3f, \"published\": %u, \"delivered\": %lu, \"missing\": %lu, "
         "\"duplicated\": %lu, \"reordered\": %lu, \"order_differs\": %lu, \"corrupted\": %lu, "
         "\"lost\": %lu, \"comments\": %lu, \"seconds\": %.3f, \"deliveries_per_second\": %.0f, "
         "\"cpu_seconds\": %.3f",
         mode_names[options.mode], open_count, open_count / connect_seconds, connect_cpu, published,
         delivered, missing, duplicated, reordered, order_differs, corrupted, lost, comments, seconds,
         delivered / seconds, cpu);
  print_histogram("latency_ms", &latencies);
  if (options.probe_path) print_histogram("probe_ms", &probes);
  printf("}\n");
  return missing || duplicated || reordered || order_differs || corrupted || lost ? 1 : 0;
}
