/*
 * nap [seconds]: sleeps, for containers that have no shell. ../README.md says what it promises.
 * Its twin is arm64.S: the same labels in the same order.
 *
 * System calls of amd64: the number in rax; arguments in rdi, rsi, rdx, r10; `syscall` puts the
 * result, or -errno, into rax, overwrites rcx and r11, and leaves all else as it was.
 * At the start: argc at rsp, argv[0] at rsp+8, argv[1] at rsp+16.
 *
 * Kept all the way: rbx, the seconds; ebp, the exit code.
 */

        .set    SYS_write, 1
        .set    SYS_rt_sigprocmask, 14
        .set    SYS_nanosleep, 35
        .set    SYS_exit, 60

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
        .set    PAGE_SIZE, 0x1000

        /* Through the stack: two bytes for a register, three for a small number; mov takes three and five. */
        .macro  copy    value, register
        push    \value
        pop     \register
        .endm

        /* The arguments of write and print: rsi, the text; rdx, its size. */
        .macro  take    text
        mov     $BASE + \text - file, %esi
        copy    $\text\()_size, %rdx
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
        .short  2, 62                   /* ET_EXEC, EM_X86_64 */
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

_start:
        xor     %ebp, %ebp

        /*
         * Whoever read stdout may be gone, or the file that it is may be as large as it is allowed to be:
         * with these signals blocked, a write fails and the nap goes on.
         */
        push    $SIGPIPE_BIT | SIGXFSZ_BIT
        copy    $SIG_BLOCK, %rdi
        copy    %rsp, %rsi
        xor     %edx, %edx              /* what was blocked before is not asked for */
        copy    $SIGSET_SIZE, %r10
        copy    $SYS_rt_sigprocmask, %rax
        syscall
        pop     %rax

        pop     %rax                    /* argc */
        pop     %rsi                    /* argv[0] */
        pop     %rsi                    /* argv[1] */
        cmp     $2, %eax
        jne     default
        xor     %ebx, %ebx

digit:
        movzbl  (%rsi), %eax
        inc     %rsi
        sub     $'0', %eax
        cmp     $9, %eax
        ja      refuse                  /* also what is below '0': it has become a large number */
        imul    $10, %rbx
        jo      overflow
        add     %rax, %rbx
        jno     next

overflow:                               /* kept for later: what follows may not be a digit */
        copy    $CODE_TOO_LARGE, %rbp

next:
        cmpb    $0, (%rsi)
        jne     digit
        test    %ebp, %ebp
        jz      nap
        take    too_large
        jmp     complain

refuse:
        copy    $CODE_NOT_A_NUMBER, %rbp
        take    not_a_number

complain:
        copy    $STDERR, %rdi
        call    write

default:
        copy    $DEFAULT_SECONDS, %rbx

nap:
        take    sleeping
        call    print
        test    %rbx, %rbx
        jz      finish
        push    $0                      /* struct timespec: the nanoseconds, */
        push    %rbx                    /* and before them the seconds */

sleep:
        copy    %rsp, %rdi
        copy    %rsp, %rsi              /* interrupted, the kernel puts the remainder in their place */
        copy    $SYS_nanosleep, %rax
        syscall
        cmp     $-EINTR, %eax
        je      sleep
        test    %eax, %eax
        jz      finish
        copy    $CODE_NO_SLEEP, %rbp
        jmp     exit

finish:
        take    done
        call    print

exit:
        copy    %rbp, %rdi
        copy    $SYS_exit, %rax
        syscall

print:                                  /* rsi: text, rdx: size */
        copy    $STDOUT, %rdi

write:                                  /* rdi: descriptor, rsi: text, rdx: size */
        copy    $SYS_write, %rax
        syscall
        ret                             /* whether it was written or not: words never decide over the nap */

end:
