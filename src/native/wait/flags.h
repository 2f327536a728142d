#ifndef USHER_FLAGS_H
#define USHER_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest name of a host that DNS has, and the end of the string. */
#define FLAGS_HOST 254
/* A namespace (63), '/', a name (253). */
#define FLAGS_POD 317
/* Uids have 36 characters, mirror pods' 32; nothing promises that. */
#define FLAGS_UID 128

/* Long enough for a flag's name, 40 bytes of its value and what is wrong with it. */
#define FLAGS_PROBLEM 320

/* What the program was told. Strings are those of argv and the environment, and live as long. */
struct settings {
  char host[FLAGS_HOST];    /* without the brackets of an IPv6 address; never empty */
  uint16_t port;
  int64_t pause_ms;
  int64_t duration_ms;      /* 0: not sent */
  int64_t max_wait_ms;      /* 0: for ever */
  int64_t connect_wait_ms;  /* 0: for ever; -1: not said, by the host's uptime */
  int64_t wait_ms;
  const char *pod;          /* NULL: not known; NAMESPACE/NAME */
  const char *uid;          /* NULL: not known */
  int64_t weight;           /* 0: not known */
  const char *token_file;   /* NULL: none */
  const char *install_nap;  /* NULL: not asked for */
  const char *install_probe; /* as well */
  const char *termination_log;
  bool no_lock;
  bool may_fail;
  bool hold;
  bool strict;
  bool quiet;
  bool version;
  bool help;
};

/* Is told of each thing that was not understood, in a line for people. */
typedef void flags_problem(const char *line);

/*
 * Reads the settings: defaults, then the older fork's PSL_LOCK_* variables, then USHER_*, then the flags; what comes
 * later beats what comes earlier. What is not understood is told to `problem`, left out, and the rest holds.
 *
 * `--flag=value`, `--flag value` and the same with one dash (the older client is written in Go). A switch takes a
 * value only behind `=`. Empty variables are as good as none. A value with "://" in it is no value: Kubernetes puts
 * USHER_PORT=tcp://10.0.0.1:80 into every pod of a namespace that has a Service called `usher`.
 *
 * `argv` and `environment` end in NULL. Returns how many things were wrong; variables that Kubernetes set are told
 * but not counted.
 */
unsigned flags_read(struct settings *settings, char *const argv[], char *const environment[], flags_problem *problem);

/* What --help prints. */
extern const char flags_help[];

#endif
