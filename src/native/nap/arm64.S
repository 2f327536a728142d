/*
 * nap [seconds]: sleeps, for containers that have no shell. ../README.md says what it promises.
 * Its twin is amd64.S: the same labels in the same order.
 *
 * System calls of arm64: the number in x8; arguments in x0, x1, x2, x3; `svc` puts the result, or
 * -errno, into x0, and leaves all else as it was.
 * At the start: argc at sp, argv[0] at sp+8, argv[1] at sp+16. The stack moves by 16 bytes at a time.
 *
 * Kept all the way: x19, the seconds; w20, the exit code.
 */

        .set    SYS_write, 64
        .set    SYS_exit, 93
        .set    SYS_nanosleep, 101
        .set    SYS_rt_sigprocmask, 135

        .set    STDOUT, 1
        .set    STDERR, 2
        .set    EINTR, 4
        .set    SIG_BLOCK, 0
        .set    SIGPIPE_BIT, 1 << 12    /* in a set of signals, bit 0 is signal 1 */
        .set    SIGXFSZ_BIT, 1 << 24
        .set    SIGSET_SIZE, 8

        .set    DEFAULT_SECONDS, 10
        .set    CODE_NOT_A_NUMBER, 1
        .set    CODE_TOO_LARGE, 2
        .set    CODE_NO_SLEEP, 3

        .set    BASE, 0x400000          /* the address at which the file is mapped */
        .set    PAGE_SIZE, 0x10000      /* the largest that a kernel may use */

        /* The arguments of write and print: x1, the text; x2, its size. */
        .macro  take    text
        adr     x1, \text
        mov     x2, #\text\()_size
        .endm

        .text

/*
 * The file is this section and nothing else. Its ELF headers stand here as data, for a linker would
 * add a table of sections, which takes more room than the code and which nobody reads to run it.
 */
file:                                   /* Elf64_Ehdr, in the order of elf(5) */
        .byte   0x7f
        .ascii  "ELF"
        .byte   2, 1, 1, 0              /* 64 bits, little endian, version 1, System V */
        .quad   0                       /* padding */
        .short  2, 183                  /* ET_EXEC, EM_AARCH64 */
        .long   1                       /* version */
        .quad   BASE + _start - file    /* entry */
        .quad   program_headers - file, 0       /* offsets: program headers; no section headers */
        .long   0                       /* flags */
        .short  program_headers - file  /* size of this header */
        .short  56, 2                   /* program headers: size of one, number */
        .short  0, 0, 0                 /* section headers: none */

program_headers:                        /* Elf64_Phdr */
        .long   1, 5                    /* PT_LOAD, to read and execute: the file from end to end */
        .quad   0, BASE, BASE           /* offset, address, physical address */
        .quad   end - file, end - file  /* size in the file, size in memory */
        .quad   PAGE_SIZE               /* alignment */

        .long   0x6474e551, 6           /* PT_GNU_STACK, to read and write: the stack is not executable */
        .quad   0, 0, 0, 0, 0, 16

sleeping:
        .ascii  "Sleeping...\n"
        .set    sleeping_size, . - sleeping
done:
        .ascii  "Done!\n"
        .set    done_size, . - done
not_a_number:
        .ascii  "Not a number, naps 10 s\n"
        .set    not_a_number_size, . - not_a_number
too_large:
        .ascii  "Too large, naps 10 s\n"
        .set    too_large_size, . - too_large

        .balign 4                       /* instructions have four bytes */
_start:
        mov     w20, #0

        /*
         * Whoever read stdout may be gone, or the file that it is may be as large as it is allowed to be:
         * with these signals blocked, a write fails and the nap goes on.
         */
        mov     x9, #SIGPIPE_BIT
        orr     x9, x9, #SIGXFSZ_BIT
        str     x9, [sp, #-16]!
        mov     x0, #SIG_BLOCK
        mov     x1, sp
        mov     x2, #0                  /* what was blocked before is not asked for */
        mov     x3, #SIGSET_SIZE
        mov     x8, #SYS_rt_sigprocmask
        svc     #0

        ldr     x9, [sp, #16]           /* argc */
        ldr     x21, [sp, #16 + 16]     /* argv[1] */
        cmp     x9, #2
        b.ne    default
        mov     x19, #0
        mov     x22, #10

digit:
        ldrb    w9, [x21], #1
        sub     w9, w9, #'0'
        cmp     w9, #9
        b.hi    refuse                  /* also what is below '0': it has become a large number */
        umulh   x10, x19, x22
        mul     x19, x19, x22
        orr     x10, x10, x19, lsr #63  /* the bits of the product from the sign on */
        cbnz    x10, overflow
        add     x19, x19, x9
        tbz     x19, #63, next

overflow:                               /* kept for later: what follows may not be a digit */
        mov     w20, #CODE_TOO_LARGE

next:
        ldrb    w9, [x21]
        cbnz    w9, digit
        cbz     w20, nap
        take    too_large
        b       complain

refuse:
        mov     w20, #CODE_NOT_A_NUMBER
        take    not_a_number

complain:
        mov     x0, #STDERR
        bl      write

default:
        mov     x19, #DEFAULT_SECONDS

nap:
        take    sleeping
        bl      print
        cbz     x19, finish
        stp     x19, xzr, [sp, #-16]!   /* struct timespec: the seconds, then the nanoseconds */

sleep:
        mov     x0, sp
        mov     x1, sp                  /* interrupted, the kernel puts the remainder in their place */
        mov     x8, #SYS_nanosleep
        svc     #0
        cmn     x0, #EINTR
        b.eq    sleep
        cbz     x0, finish
        mov     w20, #CODE_NO_SLEEP
        b       exit

finish:
        take    done
        bl      print

exit:
        mov     w0, w20
        mov     x8, #SYS_exit
        svc     #0

print:                                  /* x1: text, x2: size */
        mov     x0, #STDOUT

write:                                  /* x0: descriptor, x1: text, x2: size */
        mov     x8, #SYS_write
        svc     #0
        ret                             /* whether it was written or not: words never decide over the nap */

end:
