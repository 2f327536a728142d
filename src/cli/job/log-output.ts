import type { InspectColor } from 'node:util'
import type { LogLine } from '../../job/instances/log-lines.ts'
import { paintFor } from '../../terminal/paint.ts'
import type { JsonObject } from '../../units/json.ts'
import type { JoinedAdmin } from '../admin-cluster.ts'
import type { OutputFlow } from '../output-flow.ts'
import { type MachineForm, streamText } from '../output-form.ts'

/** Which logs, and how much of them. */
export interface LogWish {
  /** Undefined: all that go on for as long as their pod. */
  readonly container: string | undefined
  /** Undefined: all lines. */
  readonly tail: number | undefined
  readonly isPrevious: boolean
  readonly sinceSeconds: number | undefined
}

/** What reads logs, and writes them. */
export interface LogParts {
  readonly admin: JoinedAdmin
  readonly workload: JsonObject
  readonly wish: LogWish
  readonly writer: LogWriter
  /** Of what is wrong with a log, or with all of them. */
  readonly tell: (sentence: string) => void
  readonly stopping: AbortSignal
}

/** Whose log it is. */
export interface LogOwner {
  readonly pod: string
  readonly container: string
  /** Of how many of its pod. */
  readonly containers: number
}

/** Writes lines, each with the name of whose it is; no faster than they are read. */
export interface LogWriter {
  write(lines: readonly { readonly of: LogOwner; readonly line: LogLine }[]): Promise<void>
}

const colors: readonly InspectColor[] = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red']

/** Names are in colour on a terminal, each pod in one of its own as far as they last. */
export function logWriter(stream: NodeJS.WriteStream, flow: OutputFlow): LogWriter {
  const paint = paintFor(stream)
  const prefixes = new Map<string, string>()
  const pods = new Map<string, InspectColor>()

  function prefixOf({ pod, container, containers }: LogOwner): string {
    const name = containers === 1 ? pod : `${pod} ${container}`
    const known = prefixes.get(name)
    if (known !== undefined) return known
    const color = pods.get(pod) ?? colors[pods.size % colors.length] ?? 'cyan'
    pods.set(pod, color)
    const prefix = `${paint(color, `${name} |`)} `
    prefixes.set(name, prefix)
    return prefix
  }

  return {
    async write(lines) {
      if (lines.length > 0) await flow.write(lines.map(({ of, line }) => `${prefixOf(of)}${line.text}\n`).join(''))
    },
  }
}

/** Writes lines for machines: each a line of JSON, or a document of YAML. */
export function recordWriter(form: MachineForm, flow: OutputFlow): LogWriter {
  return {
    async write(lines) {
      const records = lines.map(({ of: { pod, container }, line: { timeText, text } }) => streamText(form, { pod, container, time: timeText === '' ? null : timeText, text }))
      if (lines.length > 0) await flow.write((await Promise.all(records)).join(''))
    },
  }
}
