import { readFileSync, writeFileSync } from 'node:fs'

// What a kubelet sets, for all of the machine: how it ends when memory runs out or the kernel fails, and how many keys
// containers may have.
const settings = [
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/vm/panic_on_oom',
  '/proc/sys/kernel/panic',
  '/proc/sys/kernel/panic_on_oops',
  '/proc/sys/kernel/keys/root_maxkeys',
  '/proc/sys/kernel/keys/root_maxbytes',
]

/** The settings of this machine's kernel that a kubelet changes. */
export function readKernelSettings(): Readonly<Record<string, string>> {
  return Object.fromEntries(settings.flatMap((file) => {
    const value = read(file)
    return value === undefined ? [] : [[file, value]]
  }))
}

/** Gives this machine's kernel its settings back. */
export function restoreKernelSettings(before: Readonly<Record<string, string>>): void {
  for (const [file, value] of Object.entries(before)) {
    if (read(file) !== value) writeFileSync(file, value)
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    // Not every kernel has each.
    return undefined
  }
}
