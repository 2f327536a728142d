/*
 * usher-wait: the program of the init container that waits for the startup lock of its node.
 *
 * Exit codes: 0 in every case in which a pod should start; 4 where the lock says that what the pod depends on is not
 * healthy, and its author wants it not to start then (--may-fail); with --strict, for people, 2 for wrong flags and 1
 * for a copy that failed; 143 and 130 when stopped by SIGTERM or SIGINT, but 0 where --hold was waiting for that.
 */

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "flags.h"
#include "install.h"
#include "report.h"
#include "signals.h"
#include "text.h"
#include "version.h"
#include "wait.h"

extern char **environ;

static bool install(const char *name, const char *path);
static void print(const char *string);
static void hold(void);

int main(int argc, char *argv[]) {
  (void)argc;
  signals_setup();
  static struct settings settings;
  unsigned wrong = flags_read(&settings, argv, environ, report_problem);
  report_setup(settings.termination_log, settings.quiet);
  if (settings.help || settings.version) {
    print(settings.help ? flags_help : "usher-wait " USHER_VERSION "\n");
    return 0;
  }
  if (settings.strict && wrong > 0) {
    report_problem("stops for that, as --strict says; --help tells the flags");
    return 2;
  }
  bool installed = install("nap", settings.install_nap);
  installed = install("usher-probe", settings.install_probe) && installed;
  if (!installed && settings.strict) return 1;
  if (settings.hold) {
    hold();
  } else if (settings.no_lock) {
    report_news("does not ask for the startup lock of this node, as --no-lock says");
  } else if (!wait_for_lock(&settings)) {
    return 4;
  }
  return 0;
}

/* Where there is no path, it was not asked for. */
static bool install(const char *name, const char *path) {
  if (path == NULL) return true;
  const char *fault = install_program(name, path);
  char bytes[REPORT_LINE];
  struct text line = text_in(bytes, sizeof bytes);
  text_add(&line, fault == NULL ? "installed " : "could not install ");
  text_add(&line, name);
  text_add(&line, " as ");
  text_add_clean(&line, path, strlen(path), 256);
  if (fault == NULL) {
    report_news(bytes);
    return true;
  }
  text_add(&line, ": ");
  text_add(&line, fault);
  report_problem(bytes);
  return false;
}

/* What a person has asked for may wait for its reader. */
static void print(const char *string) {
  size_t length = strlen(string);
  while (length > 0) {
    ssize_t count = write(STDOUT_FILENO, string, length);
    if (count <= 0) return;
    string += count;
    length -= (size_t)count;
  }
}

static void hold(void) {
  signals_last_words("stopped", true);
  report_news("holds this image on its node until SIGTERM");
  for (;;) pause();
}
