#include "request.h"

#include <string.h>

#include "version.h"

static void add_parameter(struct text *text, char *separator, const char *name);
static void add_headers(struct text *text, const struct settings *settings, const char *token);

/* '/' stands in a query as it is (RFC 3986, 3.4). */
static const char kept_in_query[] = "/";

void request_ask(struct text *text, const struct settings *settings, const char *token, int64_t wait_s, int64_t left_s) {
  char separator = '?';
  text_add(text, "GET /");
  if (settings->duration_ms > 0) {
    add_parameter(text, &separator, "duration=");
    text_add_number(text, (settings->duration_ms + 999) / 1000);
  }
  if (settings->pod != NULL) {
    add_parameter(text, &separator, "pod=");
    text_add_encoded(text, settings->pod, kept_in_query);
  }
  if (settings->uid != NULL) {
    add_parameter(text, &separator, "uid=");
    text_add_encoded(text, settings->uid, kept_in_query);
  }
  if (settings->weight > 0) {
    add_parameter(text, &separator, "weight=");
    text_add_number(text, settings->weight);
  }
  if (left_s >= 0) {
    add_parameter(text, &separator, "max-wait=");
    text_add_number(text, left_s);
  }
  add_headers(text, settings, token);
  text_add(text, "Prefer: wait=");
  text_add_number(text, wait_s);
  text_add(text, "\r\nAccept: application/problem+json, text/plain;q=0.5\r\n\r\n");
}

bool request_give_back(struct text *text, const struct settings *settings, const char *token) {
  if (settings->uid == NULL) return false;
  text_add(text, "DELETE /v1/leases/");
  text_add_encoded(text, settings->uid, "");
  if (settings->pod != NULL) {
    text_add(text, "?pod=");
    text_add_encoded(text, settings->pod, kept_in_query);
  }
  add_headers(text, settings, token);
  text_add(text, "\r\n");
  return true;
}

void request_add_authority(struct text *text, const struct settings *settings) {
  bool is_ipv6 = strchr(settings->host, ':') != NULL;
  text_add(text, is_ipv6 ? "[" : "");
  text_add_bytes(text, settings->host, strcspn(settings->host, "%"));
  text_add(text, is_ipv6 ? "]:" : ":");
  text_add_number(text, settings->port);
}

static void add_parameter(struct text *text, char *separator, const char *name) {
  text_add_bytes(text, separator, 1);
  text_add(text, name);
  *separator = '&';
}

/* The end of the first line, and what every request says. */
static void add_headers(struct text *text, const struct settings *settings, const char *token) {
  text_add(text, " HTTP/1.1\r\nHost: ");
  request_add_authority(text, settings);
  text_add(text, "\r\nUser-Agent: usher-wait/" USHER_VERSION "\r\n");
  if (token == NULL) return;
  text_add(text, "Authorization: Bearer ");
  text_add(text, token);
  text_add(text, "\r\n");
}
