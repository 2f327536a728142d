#ifndef USHER_PROBE_SYSTEM_H
#define USHER_PROBE_SYSTEM_H

/*
 * System calls of arm64: the number in x8; arguments in x0 to x4; `svc` puts the result, or -errno, into x0, and leaves
 * all else as it was. At the start argc is at sp, and argv behind it.
 *
 * Its twin is amd64.h: the same names in the same order.
 */

#define SYS_READ 63
#define SYS_WRITEV 66
#define SYS_SOCKET 198
#define SYS_CONNECT 203
#define SYS_SENDMSG 211
#define SYS_CLOCK_GETTIME 113
#define SYS_EXIT_GROUP 94
#define SYS_PPOLL 73

#define MACHINE "183"
#define PAGE_SIZE "0x10000" /* the largest that a kernel may use */

__asm__(
    ".section .text.entry,\"ax\"\n"
    ".globl _start\n"
    "_start:\n"
    "  mov x0, sp\n"
    "  bl start\n"
    ".text\n");

static inline long call3(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

static inline long call5(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}

#endif
