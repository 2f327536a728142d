#ifndef USHER_PROBE_SYSTEM_H
#define USHER_PROBE_SYSTEM_H

/*
 * System calls of amd64: the number in rax; arguments in rdi, rsi, rdx, r10, r8; `syscall` puts the result, or -errno,
 * into rax, and overwrites rcx and r11. At the start argc is at rsp, and argv behind it.
 *
 * Its twin is arm64.h: the same names in the same order.
 */

#define SYS_READ 0
#define SYS_WRITEV 20
#define SYS_SOCKET 41
#define SYS_CONNECT 42
#define SYS_SENDMSG 46
#define SYS_CLOCK_GETTIME 228
#define SYS_EXIT_GROUP 231
#define SYS_PPOLL 271

#define MACHINE "62"
#define PAGE_SIZE "0x1000"

__asm__(
    ".section .text.entry,\"ax\"\n"
    ".globl _start\n"
    "_start:\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call start\n"
    ".text\n");

static inline long call3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

static inline long call5(long number, long a, long b, long c, long d, long e) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

#endif
