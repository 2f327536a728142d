import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The native programs. */
export type ProgramName = 'nap' | 'usher-probe' | 'usher-wait'

/** The folder of the sources. */
export const sourceFolder = fileURLToPath(new URL('../../../src/native', import.meta.url))

/** The folder of what is built. */
export const outputFolder = fileURLToPath(new URL('../../../dist/native', import.meta.url))

// The same from the folder of the sources: make takes no spaces in names, which the folder of a checkout may have.
const output = '../../dist/native'

/** The end of a build. */
export interface Built {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Builds a program for this machine, where it is older than its sources, and says where it is. */
export function hostProgram(name: ProgramName): string {
  succeed(make([`${output}/host/${name}`]))
  return join(outputFolder, 'host', name)
}

/**
 * Builds a program as it is released, for an architecture by its name in images (`arm64`), and says where it is.
 * Only where {@link missingToolchain} says that nothing is missing.
 */
export function releaseProgram(architecture: string, name: ProgramName): string {
  succeed(release([`${output}/${architecture}/${name}`]))
  return join(outputFolder, architecture, name)
}

/** Why nothing can be built for release here; undefined where it can. It is never installed by a test. */
export function missingToolchain(): string | undefined {
  const zig = succeed(release(['--zig'])).trim()
  return existsSync(zig) ? undefined : 'the pinned zig is not installed: npm run build:native brings it'
}

/** Runs make in the folder of the sources, or a copy of it. */
export function make(args: readonly string[], folder = sourceFolder): Built {
  return build('make', ['-s', '-C', folder, ...args], {})
}

/** Runs the release build of the sources, or of a copy of them. */
export function release(args: readonly string[], folder = sourceFolder, env: Readonly<Record<string, string>> = {}): Built {
  return build('sh', [join(folder, 'release.sh'), ...args], env)
}

/** What a build has printed; throws where it has failed. */
export function succeed({ status, stdout, stderr }: Built): string {
  if (status !== 0) throw new Error(`the build ended with ${status}: ${stderr}`)
  return stdout
}

// Builds take seconds; this only tells them from a hang.
const patienceMs = 100_000

function build(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Built {
  // An environment of its own: an outer make, or tap, puts into ours what is not meant for this one.
  const { PATH, HOME, XDG_CACHE_HOME } = process.env
  const ours = Object.entries({ PATH, HOME, XDG_CACHE_HOME }).filter(([, value]) => value !== undefined)
  const whole = { ...Object.fromEntries(ours), ...env }
  const run = spawnSync(command, args, { encoding: 'utf8', timeout: patienceMs, env: whole })
  if (run.error !== undefined) throw run.error
  return run
}
