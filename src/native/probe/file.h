#ifndef USHER_PROBE_FILE_H
#define USHER_PROBE_FILE_H

/*
 * The ELF headers of the program, as data, in the order of elf(5): the file is the section .text and nothing else, as it
 * is for nap (../nap/amd64.S says why). `base` and `file_size` are those of probe.ld.
 */
__asm__(
    ".section .text.headers,\"ax\"\n"
    "  .byte 0x7f\n"
    "  .ascii \"ELF\"\n"
    "  .byte 2, 1, 1, 0\n" /* 64 bits, little endian, version 1, System V */
    "  .quad 0\n"
    "  .short 2, " MACHINE "\n" /* ET_EXEC */
    "  .long 1\n"
    "  .quad _start\n"
    "  .quad 64, 0\n" /* offsets: program headers; no section headers */
    "  .long 0\n"
    "  .short 64, 56, 2, 0, 0, 0\n" /* sizes: of this header, of a program header, of which there are two */

    "  .long 1, 5\n" /* PT_LOAD, to read and execute: the file from end to end */
    "  .quad 0, base, base\n"
    "  .quad file_size, file_size\n"
    "  .quad " PAGE_SIZE "\n"

    "  .long 0x6474e551, 6\n" /* PT_GNU_STACK, to read and write: the stack is not executable */
    "  .quad 0, 0, 0, 0, 0, 16\n"
    ".text\n");

#endif
