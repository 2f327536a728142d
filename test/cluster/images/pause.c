/* Keeps a pod's namespaces: sleeps until it is told to end, and reaps the orphans of a shared process namespace. */
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static void reap(int signal) {
  (void)signal;
  while (waitpid(-1, 0, WNOHANG) > 0) {
  }
}

int main(void) {
  struct sigaction ending = {.sa_handler = end};
  struct sigaction reaping = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};
  if (sigaction(SIGINT, &ending, 0) < 0) return 1;
  if (sigaction(SIGTERM, &ending, 0) < 0) return 2;
  if (sigaction(SIGCHLD, &reaping, 0) < 0) return 3;
  for (;;) pause();
}
