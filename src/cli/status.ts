import { detail } from '../status/detail.ts'
import { type NodeStatus, toJson } from '../status/node-status.ts'
import { overview } from '../status/overview.ts'
import { clusterFlags, joinAdmin } from './admin-cluster.ts'
import { closest, type Command, type FlagValues, type Output, UsageError } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { liveLines } from './live-lines.ts'
import { findLocks, type FoundLocks, readStates } from './lock-states.ts'
import { lookAgain } from './look-again.ts'
import { OutputError, type OutputFlow, outputFlow } from './output-flow.ts'
import { settingsReader } from './settings-reader.ts'

/** `usher status` */
export const statusCommand: Command = {
  name: 'status',
  summary: 'show who starts and who waits on the nodes of a cluster',
  description:
    'Asks the startup lock of every node, through the API server, and shows for each: the permits that are taken, how many ' +
    'pods start and wait, the longest wait of those, the waits of the last hour (how many, the median, the longest), gates, ' +
    'and for how long the lock has run. With NODE it names the pods. The exit code is 1 where a lock does not answer.',
  operand: { value: 'NODE', help: 'show this node in detail' },
  flags: {
    ...clusterFlags,
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json: one object, with the whole state of each lock' },
    watch: { type: 'boolean', short: 'w', help: 'show it again and again, until Ctrl-C; with -o json a line each time' },
    interval: { type: 'string', value: 'SPAN', default: '2s', help: 'with --watch: how often' },
  },
  examples: ['usher status', 'usher status worker-3', 'usher status --watch', 'usher status -o json'],
  async run(values, output) {
    const form = readForm(values)
    const everyMs = readInterval(values)
    const admin = await joinAdmin(values)
    const stopping = new AbortController()
    const { signal } = stopping
    let isNoted = false
    async function look(): Promise<Look> {
      const found = await findLocks(admin, signal)
      if (found.others.length > 0 && !isNoted) {
        output.stderr.write(`usher status: there are locks in ${found.others.join(', ')}, too (usher check); these are of ${found.namespace}, to which the webhook configuration leads\n`)
        isNoted = true
      }
      return { namespace: found.namespace, statuses: await readStates(admin, chosen(found, values.operand), signal) }
    }
    const linesOf = ({ statuses }: Look): readonly string[] =>
      values.operand === undefined ? overview(statuses) : statuses.flatMap((status) => detail(status))
    const flow = outputFlow(output.stdout)
    try {
      if (everyMs !== undefined) return await watch({ look, linesOf, form, everyMs, stopping }, output, flow)
      const seen = await look()
      await flow.write(form === 'json' ? `${JSON.stringify(jsonOf(seen), undefined, 2)}\n` : `${linesOf(seen).join('\n')}\n`)
      return codeOf(seen)
    } catch (error) {
      if (error instanceof OutputError && error.isClosed) return exitCodes.done
      throw error
    }
  },
}

type OutputForm = 'table' | 'json'

interface Look {
  readonly namespace: string
  readonly statuses: readonly NodeStatus[]
}

interface Watching {
  readonly look: () => Promise<Look>
  readonly linesOf: (seen: Look) => readonly string[]
  readonly form: OutputForm
  readonly everyMs: number
  readonly stopping: AbortController
}

/** Shows it until somebody ends it, which is how it is meant to end. */
async function watch({ look, linesOf, form, everyMs, stopping }: Watching, { stdout, stderr }: Output, flow: OutputFlow): Promise<ExitCode> {
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const live = form === 'json' ? undefined : liveLines(stdout, flow)
  try {
    await lookAgain({
      look,
      everyMs,
      signal: stopping.signal,
      show: (seen) => (live === undefined ? flow.write(`${JSON.stringify(jsonOf(seen))}\n`) : live.show(linesOf(seen))),
      async failed({ message }) {
        if (live === undefined) stderr.write(`usher status: ${message}\n`)
        else await live.fail(message)
      },
    })
    return exitCodes.done
  } finally {
    live?.end()
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function jsonOf({ namespace, statuses }: Look): object {
  return toJson(namespace, statuses)
}

function codeOf({ statuses }: Look): ExitCode {
  return statuses.every(({ state }) => state !== undefined) ? exitCodes.done : exitCodes.failed
}

function chosen({ locks }: FoundLocks, node: string | undefined): FoundLocks['locks'] {
  if (node === undefined) return locks
  const found = locks.filter((lock) => lock.node === node)
  if (found.length > 0) return found
  const nodes = locks.flatMap((lock) => lock.node ?? []).toSorted()
  const nearest = closest(node, nodes)
  const hint = nearest === undefined ? `there are ${nodes.slice(0, shownNodes).join(', ')}${nodes.length > shownNodes ? ', …' : ''}` : `did you mean ${nearest}?`
  throw new Error(`no lock runs on a node ${JSON.stringify(node)}; ${hint}`)
}

const shownNodes = 10

function readForm(values: FlagValues): OutputForm {
  const form = values.text('output')
  if (form === 'table' || form === 'json') return form
  throw new UsageError(`--output: ${JSON.stringify(form)} is neither table nor json`)
}

// Each look asks every node.
const shortestMs = 500
const longestMs = 3_600_000

/** Undefined: it is shown once. */
function readInterval(values: FlagValues): number | undefined {
  const everyMs = settingsReader(values, {}).span('interval', undefined, longestMs)
  if (everyMs < shortestMs) throw new UsageError(`--interval: ${JSON.stringify(values.text('interval'))} is less than ${shortestMs} ms`)
  if (values.isOn('watch')) return everyMs
  if (values.isGiven('interval')) throw new UsageError('--interval goes with --watch')
  return undefined
}
