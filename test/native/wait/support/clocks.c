/*
 * Clocks for a dynamic program, by LD_PRELOAD.
 *
 *   WALL_CLOCK=frozen   always the same second
 *   WALL_CLOCK=jumping  decades forth and back with each look
 *   SPEED=N             the monotonic clock runs N times as fast, and poll(2) waits as much less
 *   UPTIME=N            what sysinfo(2) says of the host, in seconds
 */

#define _GNU_SOURCE
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const time_t second = 1700000000;

static time_t wall_clock(time_t real) {
  static unsigned looks = 0;
  const char *mode = getenv("WALL_CLOCK");
  if (mode == NULL) return real;
  if (strcmp(mode, "frozen") == 0) return second;
  return ++looks % 2 == 0 ? second + 1000000000 : second - 1000000000;
}

static long speed(void) {
  const char *text = getenv("SPEED");
  return text == NULL ? 1 : atol(text);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI) now->tv_sec = wall_clock(now->tv_sec);
  if (clock == CLOCK_MONOTONIC) {
    static long long start = 0;
    long long nanos = now->tv_sec * 1000000000LL + now->tv_nsec;
    if (start == 0) start = nanos;
    nanos = start + (nanos - start) * speed();
    now->tv_sec = nanos / 1000000000LL;
    now->tv_nsec = nanos % 1000000000LL;
  }
  return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec precise;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec precise;
  time_t found = (clock_gettime(CLOCK_REALTIME, &precise), precise.tv_sec);
  if (now != NULL) *now = found;
  return found;
}

int poll(struct pollfd *ready, nfds_t count, int timeout) {
  long ms = timeout < 0 ? 0 : (timeout + speed() - 1) / speed();
  struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  return (int)syscall(SYS_ppoll, ready, count, timeout < 0 ? NULL : &wait, NULL, 0);
}

int sysinfo(struct sysinfo *info) {
  const char *text = getenv("UPTIME");
  if (syscall(SYS_sysinfo, info) != 0) return -1;
  if (text != NULL) info->uptime = atol(text);
  return 0;
}
