#define _GNU_SOURCE
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"
#include "request.h"

static const char *volatile words_stopped = NULL;
static const char *volatile words_given_back = NULL;
static const char *volatile words_at_end = NULL;
static volatile sig_atomic_t stop_is_end = 0;

static volatile sig_atomic_t give_back_fd = -1;
static volatile sig_atomic_t give_back_length = 0;
static char give_back_request[REQUEST_SIZE];

static void handle(int signal, void (*handler)(int));
static void on_stop(int signal);
static void on_alarm(int signal);

void signals_setup(void) {
  handle(SIGTERM, on_stop);
  handle(SIGINT, on_stop);
  handle(SIGALRM, on_alarm);
  handle(SIGPIPE, SIG_IGN);
  /* A parent may have left them blocked. */
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, SIGTERM);
  sigaddset(&ours, SIGINT);
  sigaddset(&ours, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

void signals_last_words(const char *line, bool is_end) {
  words_stopped = line;
  stop_is_end = is_end;
}

void signals_words_given_back(const char *line) {
  words_given_back = line;
}

void signals_give_back(int fd, const char *request, size_t length) {
  give_back_fd = -1;
  atomic_signal_fence(memory_order_seq_cst);
  if (fd < 0 || length > sizeof give_back_request) return;
  memcpy(give_back_request, request, length);
  give_back_length = (sig_atomic_t)length;
  atomic_signal_fence(memory_order_seq_cst);
  give_back_fd = fd;
}

void signals_end_at(int64_t deadline, const char *last_words) {
  if (deadline == CLOCK_NEVER) return;
  words_at_end = last_words;
  int64_t left = deadline - clock_now();
  if (left < 1) left = 1; /* a timer of 0 is none */
  struct itimerval timer = {.it_value = {.tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000)}};
  /* Fails for wrong values only. It counts as CLOCK_MONOTONIC does. */
  setitimer(ITIMER_REAL, &timer, NULL);
}

void signals_end_never(void) {
  words_at_end = NULL;
  struct itimerval none = {0};
  setitimer(ITIMER_REAL, &none, NULL);
}

/* Fails for signals that do not exist only. While one is handled, the others wait: the handlers never return. */
static void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  sigfillset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}

static void on_stop(int signal) {
  const char *words = words_stopped;
  int fd = give_back_fd;
  if (fd >= 0) {
    ssize_t sent = send(fd, give_back_request, (size_t)give_back_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == give_back_length && words_given_back != NULL) words = words_given_back;
  }
  if (words != NULL) report_always(words);
  _exit(stop_is_end ? 0 : 128 + signal);
}

static void on_alarm(int signal) {
  (void)signal;
  const char *words = words_at_end;
  /* Nobody has set our timer: somebody has sent the signal. */
  if (words == NULL) return;
  report_always(words);
  _exit(0);
}
