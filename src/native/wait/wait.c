#define _GNU_SOURCE
#include "wait.h"

#include <poll.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "backoff.h"
#include "clock.h"
#include "connection.h"
#include "detail.h"
#include "lookup.h"
#include "report.h"
#include "request.h"
#include "response.h"
#include "signals.h"
#include "text.h"
#include "token.h"

/* A lock may be a little late with its answer: for so long after what it was asked to hold. */
static const int64_t answer_ms = 5000;

/* While a node boots, its lock may take its time. */
static const int64_t connect_wait_ms = 15000;
static const int64_t connect_wait_after_boot_ms = 90000;
/*
 * One that has answered and is silent now is most probably being restarted: the kubelet waits for 10 and 20 s before it
 * starts a container anew for the second and third time. Who started without it meanwhile would start with all others.
 */
static const int64_t connect_wait_after_answer_ms = 60000;
static const long boot_s = 300;

static const char waiting[] = "waiting for the startup lock of this node";
static const char without[] = ": the pod starts without the startup lock";
static const char anew[] = ": the init container fails, and waits anew";

/* REFUSED: what the pod depends on is not healthy, and its author wants it not to start then. */
enum outcome { GRANTED, QUEUED, FAILED, REFUSED };

struct wait {
  const struct settings *settings;
  int64_t start;
  int64_t end;              /* of --max-wait */
  int64_t connect_wait_ms;  /* CLOCK_NEVER: for ever */
  bool answered;            /* the last request was, by a lock */
  int64_t silent_since;     /* valid while not answered */
  unsigned failures;        /* in a row */
  bool has_token;
  const char *token_fault;  /* what was told last */
  int fd;                   /* the connection, or -1 */
  char said[REPORT_LINE];   /* the last line */
  char place[REPORT_LINE];  /* the last answer's detail, or why there was none */
  char last_words[REPORT_LINE];
  char token[REQUEST_TOKEN];
  char request[REQUEST_SIZE];
  struct response response;
};

static void set_up(struct wait *wait, const struct settings *settings);
static int64_t limit(const struct wait *wait);
static enum outcome ask(struct wait *wait);
static const char *exchange(struct wait *wait, bool *was_used);
static const char *open_connection(struct wait *wait);
static void read_token(struct wait *wait);
static void drop_connection(struct wait *wait);
static enum outcome fail(struct wait *wait, const char *fault);
static enum outcome understand(struct wait *wait);
static void say_where(struct wait *wait, enum outcome outcome);
static bool is_same_but_for_seconds(const char *one, const char *other);
static bool is_seconds(const char *unit);
static int64_t next_time(const struct wait *wait, enum outcome outcome, bool was_answered, int64_t asked);
static void pause_until(int64_t moment);
static void write_end(const struct wait *wait, const char *place, char line[REPORT_LINE]);

bool wait_for_lock(const struct settings *settings) {
  static struct wait the_wait; /* too large for a stack, and there is one */
  struct wait *wait = &the_wait;
  char bytes[REPORT_LINE];
  set_up(wait, settings);
  struct text line = text_in(bytes, sizeof bytes);
  text_add(&line, "asking for the startup lock of this node at ");
  request_add_authority(&line, settings);
  report_news(bytes);
  while (clock_now() < limit(wait)) {
    int64_t asked = clock_now();
    bool was_answered = wait->answered;
    enum outcome outcome = ask(wait);
    if (outcome == GRANTED) {
      line = text_in(bytes, sizeof bytes);
      text_add(&line, "got the startup lock of this node after ");
      text_add_span(&line, clock_now() - wait->start);
      report_news(bytes);
      return true;
    }
    if (outcome == REFUSED) {
      line = text_in(bytes, sizeof bytes);
      text_add(&line, "what the pod depends on is not healthy: ");
      text_add(&line, wait->place);
      text_add(&line, anew);
      report_always(bytes);
      return false;
    }
    if (clock_now() >= limit(wait)) break;
    say_where(wait, outcome);
    pause_until(clock_earlier(next_time(wait, outcome, was_answered, asked), limit(wait)));
  }
  write_end(wait, wait->place, bytes);
  report_always(bytes);
  return true;
}

static void set_up(struct wait *wait, const struct settings *settings) {
  wait->settings = settings;
  wait->start = clock_now();
  wait->end = settings->max_wait_ms == 0 ? CLOCK_NEVER : clock_after(wait->start, settings->max_wait_ms);
  wait->connect_wait_ms = settings->connect_wait_ms == 0 ? CLOCK_NEVER : settings->connect_wait_ms;
  if (settings->connect_wait_ms < 0) {
    struct sysinfo info;
    bool is_booting = sysinfo(&info) == 0 && info.uptime < boot_s;
    wait->connect_wait_ms = is_booting ? connect_wait_after_boot_ms : connect_wait_ms;
  }
  wait->answered = false;
  wait->silent_since = wait->start;
  wait->fd = -1;
  signals_last_words("stopped while waiting for the startup lock of this node", false);
  signals_words_given_back("stopped while waiting for the startup lock of this node: its place is given back");
}

/* When the wait is over as things are. A lock that holds a request of ours is not silent. */
static int64_t limit(const struct wait *wait) {
  if (wait->answered) return wait->end;
  return clock_earlier(wait->end, clock_after(wait->silent_since, wait->connect_wait_ms));
}

/* One request. A kept connection that was closed before it brought an answer is no failure: asks once more on a new one. */
static enum outcome ask(struct wait *wait) {
  bool was_used;
  const char *fault = exchange(wait, &was_used);
  bool is_stale = fault != NULL && fault != connection_late && was_used && wait->response.received == 0;
  if (is_stale) {
    drop_connection(wait);
    fault = exchange(wait, &was_used);
  }
  return fault == NULL ? understand(wait) : fail(wait, fault);
}

static const char *exchange(struct wait *wait, bool *was_used) {
  if (wait->fd >= 0 && !connection_is_idle(wait->fd)) drop_connection(wait);
  *was_used = wait->fd >= 0;
  if (wait->fd < 0) {
    const char *fault = open_connection(wait);
    if (fault != NULL) return fault;
  }
  const struct settings *settings = wait->settings;
  int64_t now = clock_now();
  int64_t left_s = wait->end == CLOCK_NEVER ? -1 : (wait->end > now ? wait->end - now : 0) / 1000;
  int64_t hold_s = wait->answered ? settings->wait_ms / 1000 : 0;
  if (left_s >= 0 && hold_s > left_s) hold_s = left_s;
  struct text request = text_in(wait->request, sizeof wait->request);
  request_ask(&request, settings, wait->has_token ? wait->token : NULL, hold_s, left_s);
  int64_t deadline = clock_earlier(limit(wait), clock_after(now, hold_s * 1000 + answer_ms));
  return connection_ask(wait->fd, request.bytes, request.length, &wait->response, deadline);
}

static const char *open_connection(struct wait *wait) {
  const struct settings *settings = wait->settings;
  struct addresses addresses;
  wait->response.received = 0;
  write_end(wait, "the lookup of its name takes too long", wait->last_words);
  const char *fault = lookup(&addresses, settings->host, settings->port, limit(wait), wait->last_words);
  if (fault != NULL) return fault;
  fault = connection_open(&wait->fd, &addresses, limit(wait));
  if (fault != NULL) return fault;
  read_token(wait);
  struct text request = text_in(wait->request, sizeof wait->request);
  if (request_give_back(&request, settings, wait->has_token ? wait->token : NULL)) {
    signals_give_back(wait->fd, request.bytes, request.length);
  }
  return NULL;
}

/* Asks without a token where there is none: it may come yet, and the lock may want none. */
static void read_token(struct wait *wait) {
  const char *path = wait->settings->token_file;
  if (path == NULL) return;
  const char *fault = token_read(path, wait->token, sizeof wait->token);
  if (fault != NULL && fault != wait->token_fault) {
    char bytes[REPORT_LINE];
    struct text line = text_in(bytes, sizeof bytes);
    text_add(&line, "asks without a token: the file ");
    text_add(&line, fault);
    report_problem(bytes);
  }
  wait->token_fault = fault;
  wait->has_token = fault == NULL;
}

static void drop_connection(struct wait *wait) {
  signals_give_back(-1, NULL, 0);
  connection_close(&wait->fd);
}

/* Everything but a lock's answer is "not yet". */
static enum outcome fail(struct wait *wait, const char *fault) {
  drop_connection(wait);
  /* Where a lock holds our request to the end, its last word tells more than that it has said none since. */
  bool is_held_to_end = fault == connection_late && wait->answered && clock_now() >= wait->end;
  if (!is_held_to_end) {
    struct text place = text_in(wait->place, sizeof wait->place);
    text_add(&place, fault);
  }
  if (wait->answered) wait->silent_since = clock_now();
  wait->answered = false;
  wait->failures++;
  return FAILED;
}

static enum outcome understand(struct wait *wait) {
  const struct response *response = &wait->response;
  if (response->status == 200) return GRANTED;
  if (response->status == 424 && wait->settings->may_fail && response->is_problem) {
    struct text place = text_in(wait->place, sizeof wait->place);
    if (detail_read(&place, response->body, response->body_length)) return REFUSED;
  }
  if (response->status != 423) {
    char bytes[32];
    struct text fault = text_in(bytes, sizeof bytes);
    text_add(&fault, "status ");
    text_add_number(&fault, response->status);
    return fail(wait, bytes);
  }
  struct text place = text_in(wait->place, sizeof wait->place);
  if (response->is_problem) detail_read(&place, response->body, response->body_length);
  if (!response->reusable) drop_connection(wait);
  wait->answered = true;
  wait->failures = 0;
  bool is_said = wait->settings->connect_wait_ms >= 0;
  if (!is_said && wait->connect_wait_ms < connect_wait_after_answer_ms) wait->connect_wait_ms = connect_wait_after_answer_ms;
  return QUEUED;
}

/* Says where we stand, if that is news. */
static void say_where(struct wait *wait, enum outcome outcome) {
  char bytes[REPORT_LINE];
  struct text line = text_in(bytes, sizeof bytes);
  text_add(&line, waiting);
  if (outcome == FAILED) {
    text_add(&line, ": no lock answers at ");
    request_add_authority(&line, wait->settings);
    text_add(&line, " (");
    text_add(&line, wait->place);
    text_add(&line, ")");
  } else if (wait->place[0] != '\0') {
    text_add(&line, ": ");
    text_add(&line, wait->place);
  }
  if (is_same_but_for_seconds(bytes, wait->said)) return;
  memcpy(wait->said, bytes, line.length + 1);
  report_news(bytes);
}

/* Whether two lines differ in nothing but numbers of seconds (`12 s`), which change by themselves. */
static bool is_same_but_for_seconds(const char *one, const char *other) {
  static const char digits[] = "0123456789";
  while (*one != '\0' && *other != '\0') {
    size_t length = strspn(one, digits);
    size_t other_length = strspn(other, digits);
    if (length > 0 && other_length > 0) {
      bool is_same = length == other_length && memcmp(one, other, length) == 0;
      if (!is_same && !(is_seconds(one + length) && is_seconds(other + other_length))) return false;
      one += length;
      other += other_length;
    } else if (*one++ != *other++) {
      return false;
    }
  }
  return *one == *other;
}

static bool is_seconds(const char *unit) {
  bool is_word = unit[0] == ' ' && unit[1] == 's';
  return is_word && !(unit[2] >= 'a' && unit[2] <= 'z');
}

/* When to ask again, as request.h has it. */
static int64_t next_time(const struct wait *wait, enum outcome outcome, bool was_answered, int64_t asked) {
  int64_t now = clock_now();
  int64_t pause_ms = wait->settings->pause_ms;
  if (outcome == FAILED) return clock_after(now, backoff_ms(pause_ms, wait->failures));
  int64_t retry_after_s = wait->response.retry_after_s;
  if (!was_answered && retry_after_s == 0) return now;
  int64_t next = clock_after(asked, pause_ms);
  int64_t said = retry_after_s < 0 ? now : clock_after(now, retry_after_s * 1000);
  return retry_after_s > 0 && said > next ? said : next;
}

static void pause_until(int64_t moment) {
  while (clock_now() < moment) {
    /* Ends early for a signal only. */
    poll(NULL, 0, clock_timeout(moment));
  }
}

/* How it ends without the lock. */
static void write_end(const struct wait *wait, const char *place, char bytes[REPORT_LINE]) {
  struct text line = text_in(bytes, REPORT_LINE);
  bool is_silence = limit(wait) < wait->end;
  if (is_silence) {
    text_add(&line, "no lock has answered at ");
    request_add_authority(&line, wait->settings);
    text_add(&line, " for ");
    text_add_span(&line, wait->connect_wait_ms);
  } else {
    text_add(&line, "the wait is over after ");
    text_add_span(&line, wait->settings->max_wait_ms);
  }
  if (place[0] != '\0') {
    text_add(&line, " (");
    text_add(&line, place);
    text_add(&line, ")");
  }
  text_add(&line, without);
}
