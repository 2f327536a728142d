#include "flags.h"

#include <string.h>

#include "duration.h"
#include "text.h"

enum kind { HOST, PORT, SPAN, POD, UID, WEIGHT, PATH, SWITCH, COMMAND };

struct flag {
  const char *name;
  enum kind kind;
  size_t field;
  const char *older; /* what the older fork's client calls it in the environment, or NULL */
};

/* A COMMAND is a switch that is no variable: a stray USHER_VERSION=1.2 must not end the program. */
static const struct flag flags[] = {
    {"host", HOST, offsetof(struct settings, host), "PSL_LOCK_HOST"},
    {"port", PORT, offsetof(struct settings, port), "PSL_LOCK_PORT"},
    {"pause", SPAN, offsetof(struct settings, pause_ms), "PSL_LOCK_CHECK_PERIOD"},
    {"duration", SPAN, offsetof(struct settings, duration_ms), "PSL_LOCK_DURATION"},
    {"max-wait", SPAN, offsetof(struct settings, max_wait_ms), NULL},
    {"connect-wait", SPAN, offsetof(struct settings, connect_wait_ms), NULL},
    {"wait", SPAN, offsetof(struct settings, wait_ms), "PSL_LOCK_CHECK_TIMEOUT"},
    {"pod", POD, offsetof(struct settings, pod), NULL},
    {"uid", UID, offsetof(struct settings, uid), NULL},
    {"weight", WEIGHT, offsetof(struct settings, weight), NULL},
    {"token-file", PATH, offsetof(struct settings, token_file), NULL},
    {"install-nap", PATH, offsetof(struct settings, install_nap), NULL},
    {"install-probe", PATH, offsetof(struct settings, install_probe), NULL},
    {"termination-log", PATH, offsetof(struct settings, termination_log), NULL},
    {"no-lock", SWITCH, offsetof(struct settings, no_lock), NULL},
    {"may-fail", SWITCH, offsetof(struct settings, may_fail), NULL},
    {"hold", SWITCH, offsetof(struct settings, hold), NULL},
    {"strict", SWITCH, offsetof(struct settings, strict), NULL},
    {"quiet", SWITCH, offsetof(struct settings, quiet), NULL},
    {"version", COMMAND, offsetof(struct settings, version), NULL},
    {"help", COMMAND, offsetof(struct settings, help), NULL},
    {"h", COMMAND, offsetof(struct settings, help), NULL},
};

#define FLAG_COUNT (sizeof flags / sizeof flags[0])

const char flags_help[] =
    "usher-wait: waits for the startup lock of its node, then exits 0; also when it cannot be had.\n"
    "\n"
    "  --host HOST           where the lock is (localhost)\n"
    "  --port PORT           its port (8888)\n"
    "  --duration TIME       how long the lock is wanted (as the lock is set)\n"
    "  --pause TIME          between two tries (1s)\n"
    "  --wait TIME           how long the lock may hold one request (30s)\n"
    "  --connect-wait TIME   gives up when no lock has answered for so long; 0: never\n"
    "                        (15s; 60s once one has answered; 90s while the host is\n"
    "                        up for less than 5 minutes)\n"
    "  --max-wait TIME       gives up in any case; 0: never (240s)\n"
    "  --pod NAMESPACE/NAME  whom the lock is for\n"
    "  --uid UID             the pod's uid\n"
    "  --weight N            how many permits it takes\n"
    "  --token-file PATH     sends the token in this file along\n"
    "  --install-nap PATH    first copies nap, which stands beside this program, there\n"
    "  --install-probe PATH  the same of usher-probe\n"
    "  --termination-log PATH  where the last line goes for kubectl (/dev/termination-log)\n"
    "  --no-lock             does not ask for the lock\n"
    "  --may-fail            exits 4 where the lock says that what the pod depends on is not healthy\n"
    "  --hold                sleeps until SIGTERM: keeps this image on the node\n"
    "  --strict              wrong flags end in exit 2, a failed copy in exit 1\n"
    "  --quiet               says only what went wrong\n"
    "  --version, --help\n"
    "\n"
    "TIME is in seconds, or as 90s, 5m, 1h30m, 300ms. Each flag is also a variable, as USHER_MAX_WAIT;\n"
    "a flag beats it. PSL_LOCK_HOST, _PORT, _DURATION, _CHECK_PERIOD and _CHECK_TIMEOUT are read, too.\n";

struct source {
  const struct flag *flag;
  const char *name; /* as it was written: a variable's name, or a flag's with its dashes */
  size_t name_length;
  bool variable;
};

static unsigned read_variables(struct settings *settings, char *const environment[], bool older, flags_problem *problem);
static void write_variable(struct text *text, const char *flag);
static const char *find_variable(char *const environment[], const char *name);
static const struct flag *find_flag(const char *name, size_t length);
static unsigned set(struct settings *settings, const struct source *source, const char *value, flags_problem *problem);
static const char *read_value(struct settings *settings, const struct flag *flag, const char *value);
static bool read_host(char host[FLAGS_HOST], const char *value);
static bool read_number(const char *value, int64_t least, int64_t most, int64_t *number);
static bool read_switch(const char *value, bool *is_on);
static bool is_pod(const char *value);
static bool is_printable(const char *value, size_t most);
static unsigned tell(flags_problem *problem, const char *name, size_t length, const char *value, const char *fault);

unsigned flags_read(struct settings *settings, char *const argv[], char *const environment[], flags_problem *problem) {
  *settings = (struct settings){
      .host = "localhost",
      .port = 8888,
      .pause_ms = 1000,
      .max_wait_ms = 240000,
      .connect_wait_ms = -1,
      .wait_ms = 30000,
      .termination_log = "/dev/termination-log",
  };
  unsigned wrong = read_variables(settings, environment, true, problem);
  wrong += read_variables(settings, environment, false, problem);
  bool all_flags = true;
  for (char *const *next = argv[0] == NULL ? argv : argv + 1; *next != NULL; next++) {
    const char *argument = *next;
    size_t dashes = argument[0] != '-' ? 0 : argument[1] != '-' ? 1 : 2;
    const char *name = argument + dashes;
    if (all_flags && dashes == 2 && *name == '\0') {
      all_flags = false; /* as Go: none of what follows is a flag */
      continue;
    }
    if (!all_flags || dashes == 0 || *name == '\0') {
      wrong += tell(problem, argument, strlen(argument), NULL, "is no flag");
      continue;
    }
    const char *equals = strchr(name, '=');
    size_t length = equals == NULL ? strlen(name) : (size_t)(equals - name);
    struct source source = {find_flag(name, length), argument, dashes + length, false};
    if (source.flag == NULL) {
      wrong += tell(problem, argument, source.name_length, NULL, "is not known");
    } else if (equals != NULL) {
      wrong += set(settings, &source, equals + 1, problem);
    } else if (source.flag->kind == SWITCH || source.flag->kind == COMMAND) {
      wrong += set(settings, &source, "true", problem);
    } else if (next[1] != NULL) {
      wrong += set(settings, &source, *++next, problem);
    } else {
      wrong += tell(problem, argument, source.name_length, NULL, "wants a value");
    }
  }
  return wrong;
}

static unsigned read_variables(struct settings *settings, char *const environment[], bool older, flags_problem *problem) {
  unsigned wrong = 0;
  for (size_t at = 0; at < FLAG_COUNT; at++) {
    const struct flag *flag = &flags[at];
    char bytes[32]; /* the longest is USHER_TERMINATION_LOG */
    struct text name = text_in(bytes, sizeof bytes);
    if (flag->kind == COMMAND || (older && flag->older == NULL)) continue;
    if (older) {
      text_add(&name, flag->older);
    } else {
      write_variable(&name, flag->name);
    }
    const char *value = find_variable(environment, bytes);
    struct source source = {flag, bytes, name.length, true};
    if (value != NULL && *value != '\0') wrong += set(settings, &source, value, problem);
  }
  return wrong;
}

/* `max-wait` is USHER_MAX_WAIT. */
static void write_variable(struct text *text, const char *flag) {
  text_add(text, "USHER_");
  for (; *flag != '\0'; flag++) {
    char upper = *flag == '-' ? '_' : (char)(*flag - 'a' + 'A');
    text_add_bytes(text, &upper, 1);
  }
}

static const char *find_variable(char *const environment[], const char *name) {
  size_t length = strlen(name);
  for (; *environment != NULL; environment++) {
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
  }
  return NULL;
}

static const struct flag *find_flag(const char *name, size_t length) {
  for (size_t at = 0; at < FLAG_COUNT; at++) {
    if (strlen(flags[at].name) == length && memcmp(flags[at].name, name, length) == 0) return &flags[at];
  }
  return NULL;
}

/* Returns how many things were wrong: 0 or 1. */
static unsigned set(struct settings *settings, const struct source *source, const char *value, flags_problem *problem) {
  /* A uid is a bearer value, and where a token lies is nobody's business. */
  bool secret = source->flag->kind == UID || source->flag->kind == PATH;
  if (strstr(value, "://") != NULL) {
    tell(problem, source->name, source->name_length, secret ? NULL : value, "is an address that Kubernetes set, or a URL");
    return source->variable ? 0 : 1;
  }
  const char *fault = read_value(settings, source->flag, value);
  if (fault == NULL) return 0;
  return tell(problem, source->name, source->name_length, secret ? NULL : value, fault);
}

/* Sets the flag's field. Returns what is wrong with the value, or NULL; the field is as it was then. */
static const char *read_value(struct settings *settings, const struct flag *flag, const char *value) {
  void *field = (char *)settings + flag->field;
  int64_t number;
  bool is_on;
  switch (flag->kind) {
    case HOST:
      return read_host(field, value) ? NULL : "is not the name or address of a host";
    case PORT:
      if (!read_number(value, 1, 65535, &number)) return "is not a port (1 to 65535)";
      *(uint16_t *)field = (uint16_t)number;
      return NULL;
    case SPAN:
      return duration_read(value, field) ? NULL : "is not a time (90, 90s, 1h30m, 300ms)";
    case POD:
      if (!is_pod(value)) return "is not a pod (NAMESPACE/NAME)";
      break;
    case UID:
      if (!is_printable(value, FLAGS_UID)) return "is not a uid";
      break;
    case WEIGHT:
      return read_number(value, 1, 1000000, field) ? NULL : "is not a weight (1 to 1000000)";
    case PATH:
      if (*value == '\0') return "is not a path";
      break;
    case SWITCH:
    case COMMAND:
      if (!read_switch(value, &is_on)) return "is neither true nor false";
      *(bool *)field = is_on;
      return NULL;
  }
  *(const char **)field = value;
  return NULL;
}

/* A name, an IPv4 address, or an IPv6 address with or without brackets, with or without a zone (`fe80::1%eth0`). */
static bool read_host(char host[FLAGS_HOST], const char *value) {
  size_t length = strlen(value);
  if (length > 2 && value[0] == '[' && value[length - 1] == ']') {
    value++;
    length -= 2;
  }
  if (length == 0 || length > FLAGS_HOST - 1) return false;
  for (size_t at = 0; at < length; at++) {
    char byte = value[at];
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    if (!letter && (byte == '\0' || strchr("-._:%", byte) == NULL)) return false;
  }
  memcpy(host, value, length);
  host[length] = '\0';
  return true;
}

static bool read_number(const char *value, int64_t least, int64_t most, int64_t *number) {
  int64_t sum = 0;
  if (*value == '\0') return false;
  for (; *value != '\0'; value++) {
    if (*value < '0' || *value > '9') return false;
    sum = sum * 10 + (*value - '0');
    if (sum > most) return false;
  }
  if (sum < least) return false;
  *number = sum;
  return true;
}

/* Any case. */
static bool read_switch(const char *value, bool *is_on) {
  static const char words[][6] = {"true", "t", "1", "yes", "y", "on", "false", "f", "0", "no", "n", "off"};
  char lower[6];
  size_t length = strlen(value);
  if (length >= sizeof lower) return false;
  for (size_t at = 0; at <= length; at++) {
    char byte = value[at];
    lower[at] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
  }
  for (size_t at = 0; at < sizeof words / sizeof words[0]; at++) {
    if (strcmp(lower, words[at]) == 0) {
      *is_on = at < 6;
      return true;
    }
  }
  return false;
}

static bool is_pod(const char *value) {
  const char *slash = strchr(value, '/');
  return slash != NULL && slash != value && slash[1] != '\0' && strchr(slash + 1, '/') == NULL &&
         is_printable(value, FLAGS_POD);
}

/* Not empty, and no spaces or control characters. */
static bool is_printable(const char *value, size_t most) {
  size_t length = strlen(value);
  if (length == 0 || length > most) return false;
  for (size_t at = 0; at < length; at++) {
    if ((unsigned char)value[at] <= ' ' || value[at] == 0x7F) return false;
  }
  return true;
}

/* Returns 1, which is how many things are wrong. */
static unsigned tell(flags_problem *problem, const char *name, size_t length, const char *value, const char *fault) {
  char bytes[FLAGS_PROBLEM];
  struct text line = text_in(bytes, sizeof bytes);
  text_add(&line, "ignored ");
  text_add_clean(&line, name, length, 80);
  if (value != NULL) {
    text_add(&line, ": \"");
    text_add_clean(&line, value, strlen(value), 40);
    text_add(&line, "\" ");
  } else {
    text_add(&line, ": it ");
  }
  text_add(&line, fault);
  problem(bytes);
  return 1;
}
