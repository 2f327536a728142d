import { fileURLToPath } from 'node:url'
import type { Children } from './children.ts'

/** What one of the native programs said and how it ended. */
export interface ProgramRun {
  /** As a shell would call it. */
  readonly command: string
  readonly lines: readonly string[]
  readonly code: number | null
}

/** The programs, played; or why they cannot be here. */
export type ProgramsOutcome = { readonly kind: 'played'; readonly runs: readonly ProgramRun[] } | { readonly kind: 'skipped'; readonly reason: string }

const sources = fileURLToPath(new URL('../native/', import.meta.url))
const programs = fileURLToPath(new URL('../../dist/native/host/', import.meta.url))

/** Where the init container's program is, once it is built. */
export const usherWait = `${programs}usher-wait`

/** Builds what runs inside the pods for this machine, and runs nap; the boot shows usher-wait. */
export async function playPrograms(children: Children): Promise<ProgramsOutcome> {
  const tools = ['make', 'cc', 'objcopy']
  const found = await Promise.all(tools.map((tool) => runs(children, tool)))
  const missing = tools.filter((_, index) => found[index] !== true)
  if (missing.length > 0) return { kind: 'skipped', reason: `${missing.join(' and ')} not found; a C compiler builds them` }
  const build = children.start({ name: 'make', command: ['make', '-s', '-C', sources] })
  const code = await build.ended
  children.signal.throwIfAborted()
  if (code !== 0) return { kind: 'skipped', reason: `they cannot be built here: ${build.lines.at(-1)?.trim() ?? ''}` }
  return { kind: 'played', runs: [await play(children, 'nap', ['1'])] }
}

async function runs(children: Children, tool: string): Promise<boolean> {
  return (await children.start({ name: tool, command: [tool, '--version'] }).ended) === 0
}

async function play(children: Children, name: string, args: readonly string[]): Promise<ProgramRun> {
  const child = children.start({ name, command: [`${programs}${name}`, ...args], env: {} })
  const code = await child.ended
  children.signal.throwIfAborted()
  return { command: `${name} ${args.join(' ')}`, lines: child.lines, code }
}
