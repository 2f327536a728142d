import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { logFile, logFolder, processFolder } from './folders.ts'

/** A part of the cluster that was started, whether it still runs or not. */
export interface Part {
  /** The machine and the program: `node-1/kubelet`. */
  readonly name: string
  readonly pid: number
  /** When the process began, in the kernel's ticks since the boot: with it, a pid that was given again is told apart. */
  readonly startTicks: string
}

/** How a part is started. */
export interface Start {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** Files of cgroups that the process puts itself into. */
  readonly cgroupFiles: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a part that outlives this command, with its output in a log, and records it. */
export function startPart({ name, command, cgroupFiles, env = {} }: Start): Part {
  mkdirSync(logFolder, { recursive: true })
  mkdirSync(processFolder, { recursive: true })
  const log = openSync(logFile(name), 'a')
  // It joins its cgroups before anything else, so that none of its children escapes.
  const script = `${cgroupFiles.map((file) => `echo $$ > '${file}' && `).join('')}exec "$@"`
  try {
    const child = spawn('/bin/sh', ['-c', script, 'sh', ...command], {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...env },
      stdio: ['ignore', log, log],
    })
    child.on('error', () => {})
    if (child.pid === undefined) throw new Error(`${name} cannot be started: /bin/sh does not run`)
    child.unref()
    const part = { name, pid: child.pid, startTicks: startTicks(child.pid) ?? '' }
    writeFileSync(recordFile(name), JSON.stringify(part))
    return part
  } finally {
    closeSync(log)
  }
}

/** The parts that were started and not stopped, by name. */
export function recordedParts(): readonly Part[] {
  if (!existsSync(processFolder)) return []
  const files = readdirSync(processFolder).toSorted()
  return files.map((file) => JSON.parse(readFileSync(join(processFolder, file), 'utf8')) as Part)
}

/** Whether the process of a part still runs. */
export function isRunning({ pid, startTicks: recorded }: Part): boolean {
  return startTicks(pid) === recorded
}

/** Kills a part and waits until it is gone; one that has ended by itself is only forgotten. */
export async function stopPart(part: Part): Promise<void> {
  const end = performance.now() + patienceMs
  while (isRunning(part)) {
    if (performance.now() > end) throw new Error(`${part.name}, process ${part.pid}, does not end, though it was killed`)
    try {
      process.kill(part.pid, 'SIGKILL')
    } catch {
      // It has just ended.
    }
    await pause(lookAgainMs)
  }
  rmSync(recordFile(part.name), { force: true })
}

const patienceMs = 20_000
const lookAgainMs = 10

function recordFile(name: string): string {
  return join(processFolder, `${name.replaceAll('/', '.')}.json`)
}

/**
 * The 22nd field of proc(5)'s stat; undefined where the process has ended, and for a zombie, which is only not reaped. One
 * whose other threads have not ended yet has its sockets still.
 */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name, which may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1 ? undefined : fields[19]
  } catch {
    return undefined
  }
}
