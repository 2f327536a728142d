import t, { type Test } from 'tap'
import { missingCommand } from './commands.ts'
import { hostProgram, missingToolchain, releaseProgram } from './programs.ts'
import type { Command } from './run.ts'

/** nap, built for one architecture. */
export interface Nap {
  readonly architecture: 'amd64' | 'arm64'
  readonly path: string
  /** The command line of a nap. */
  command(...args: readonly string[]): Command
}

const architectures = [
  { architecture: 'amd64', here: process.arch === 'x64', qemu: 'qemu-x86_64-static' },
  { architecture: 'arm64', here: process.arch === 'arm64', qemu: 'qemu-aarch64-static' },
] as const

/** What a test of nap needs to run. */
export interface Needs {
  readonly commands?: readonly string[]
  /** `here`: only this machine's own nap will do; `emulated`: only a foreign one. */
  readonly where?: 'here' | 'emulated'
}

/** A test of nap on each architecture: of this machine's own build, and of the released one in an emulator. */
export function testNap(title: string, needs: Needs, check: (t: Test, nap: Nap) => Promise<void>): void {
  for (const { architecture, here, qemu } of architectures) {
    if (needs.where === (here ? 'emulated' : 'here')) continue
    const emulator = here ? undefined : qemu
    const skip = missingCommand(...(needs.commands ?? [])) || (emulator !== undefined && missingForeign(emulator))
    t.test(`${architecture}: ${title}`, { skip }, async (t) => {
      const path = here ? hostProgram('nap') : releaseProgram(architecture, 'nap')
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
