#define _GNU_SOURCE
#include "clock.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

int64_t clock_now(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
    report_always("no startup lock, the pod starts without it: the kernel has no monotonic clock");
    _exit(0);
  }
  return (int64_t)now.tv_sec * 1000 + (int64_t)now.tv_nsec / 1000000;
}

int64_t clock_after(int64_t moment, int64_t ms) {
  return moment > CLOCK_NEVER - ms ? CLOCK_NEVER : moment + ms;
}

int clock_timeout(int64_t deadline) {
  if (deadline == CLOCK_NEVER) return -1;
  int64_t left = deadline - clock_now();
  if (left <= 0) return 0;
  return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t clock_earlier(int64_t one, int64_t other) {
  return one < other ? one : other;
}
