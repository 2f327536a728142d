/*
 * Whatever stands in the arguments and the environment: settings are in their bounds, lines are safe to print, and
 * the requests that come of it are whole, one each, and fit.
 *
 * The input is lines: those with a name of a variable before '=' are the environment, the others are the arguments.
 */

#include "flags.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "duration.h"
#include "request.h"

#define MOST 32

static unsigned problems;

static void count_problem(const char *line);
static void check_span(int64_t ms);
static void check_request(const char *request, const char *method);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *copy = malloc(size + 1);
  char *arguments[MOST + 2] = {(char[]){"usher-wait"}};
  char *environment[MOST + 1] = {NULL};
  size_t argument_count = 1;
  size_t variable_count = 0;
  check(copy != NULL);
  memcpy(copy, data, size);
  copy[size] = '\0';
  for (char *line = copy; line != NULL && argument_count <= MOST && variable_count < MOST;) {
    char *end = strchr(line, '\n');
    if (end != NULL) *end = '\0';
    bool is_variable = strncmp(line, "USHER_", 6) == 0 || strncmp(line, "PSL_", 4) == 0;
    if (is_variable) {
      environment[variable_count++] = line;
    } else {
      arguments[argument_count++] = line;
    }
    line = end == NULL ? NULL : end + 1;
  }
  static struct settings settings;
  problems = 0;
  unsigned wrong = flags_read(&settings, arguments, environment, count_problem);
  check(wrong <= problems);
  check(settings.host[0] != '\0' && strlen(settings.host) < FLAGS_HOST);
  check(settings.port != 0);
  check(settings.connect_wait_ms >= -1);
  check_span(settings.pause_ms);
  check_span(settings.duration_ms);
  check_span(settings.max_wait_ms);
  check_span(settings.wait_ms);
  check(settings.weight >= 0 && settings.weight <= 1000000);

  static char token[REQUEST_TOKEN];
  static char bytes[REQUEST_SIZE];
  memset(token, 't', sizeof token - 1);
  struct text request = text_in(bytes, sizeof bytes);
  request_ask(&request, &settings, token, INT32_MAX, INT32_MAX);
  check(!request.full);
  check_request(bytes, "GET /");
  request = text_in(bytes, sizeof bytes);
  if (request_give_back(&request, &settings, token)) check_request(bytes, "DELETE /v1/leases/");
  check(!request.full);
  free(copy);
  return 0;
}

static void count_problem(const char *line) {
  check(strlen(line) < FLAGS_PROBLEM - 1);
  check(is_line(line));
  problems++;
}

static void check_span(int64_t ms) {
  check(ms >= 0 && ms <= DURATION_MAX_MS);
}

/* One head, of lines that end in CRLF, and nothing behind it. */
static void check_request(const char *request, const char *method) {
  check(strncmp(request, method, strlen(method)) == 0);
  const char *end = strstr(request, "\r\n\r\n");
  check(end != NULL && end[4] == '\0');
  const char *first_end = strstr(request, " HTTP/1.1\r\n");
  check(first_end != NULL && strchr(request + strlen(method), ' ') == first_end);
  unsigned lines = 0;
  for (; *request != '\0'; request++) {
    check((unsigned char)*request < 0x7F);
    check((unsigned char)*request >= ' ' || (request[0] == '\r' && request[1] == '\n') || *request == '\n');
    if (*request == '\n') {
      check(request[-1] == '\r');
      lines++;
    }
  }
  check(lines == 5 || lines == 7); /* with the empty one; GET has Prefer and Accept besides */
}
