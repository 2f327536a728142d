import t, { type Test } from 'tap'
import { missingCommand } from './commands.ts'
import { hostProgram, missingToolchain, releaseProgram } from './programs.ts'
import type { Command } from './run.ts'

/** A program without a libc, built for one architecture. */
export interface TinyProgram {
  readonly architecture: 'amd64' | 'arm64'
  readonly path: string
  /** A command line of it. */
  command(...args: readonly string[]): Command
}

const architectures = [
  { architecture: 'amd64', here: process.arch === 'x64', qemu: 'qemu-x86_64-static' },
  { architecture: 'arm64', here: process.arch === 'arm64', qemu: 'qemu-aarch64-static' },
] as const

/** What a test of one needs to run. */
export interface Needs {
  readonly commands?: readonly string[]
  /** `here`: only this machine's own will do; `emulated`: only a foreign one. */
  readonly where?: 'here' | 'emulated'
}

/** A test of a program on each architecture: of this machine's own build, and of the released one in an emulator. */
export function testTiny(name: 'nap' | 'usher-probe', title: string, needs: Needs, check: (t: Test, program: TinyProgram) => Promise<void>): void {
  for (const { architecture, here, qemu } of architectures) {
    if (needs.where === (here ? 'emulated' : 'here')) continue
    const emulator = here ? undefined : qemu
    const skip = missingCommand(...(needs.commands ?? [])) || (emulator !== undefined && missingForeign(emulator))
    t.test(`${architecture}: ${title}`, { skip }, async (t) => {
      const path = here ? hostProgram(name) : releaseProgram(architecture, name)
      await check(t, {
        architecture,
        path,
        command: (...args) => (emulator === undefined ? [path, ...args] : [emulator, path, ...args]),
      })
    })
  }
}

function missingForeign(emulator: string): string | false {
  return missingCommand(emulator) || (missingToolchain() ?? false)
}
