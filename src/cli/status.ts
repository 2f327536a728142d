import { detail } from '../status/detail.ts'
import { type NodeStatus, toJson } from '../status/node-status.ts'
import { overview } from '../status/overview.ts'
import { clusterFlags, joinAdmin } from './admin-cluster.ts'
import { closest, type Command } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { findLocks, type FoundLocks, readStates } from './lock-states.ts'
import { OutputError, outputFlow } from './output-flow.ts'
import { readTableOrJson } from './output-form.ts'
import { readInterval, watch, watchFlags } from './watch.ts'

/** `usher status` */
export const statusCommand: Command = {
  name: 'status',
  summary: 'show who starts and who waits on the nodes of a cluster',
  description:
    'Asks the startup lock of every node, through the API server, and shows for each: the permits that are taken, how many ' +
    'pods start and wait, the longest wait of those, the waits of the last hour (how many, the median, the longest), gates, ' +
    'and for how long the lock has run. With NODE it names the pods. The exit code is 1 where a lock does not answer.',
  operand: { value: 'NODE', isOptional: true, help: 'show this node in detail' },
  flags: {
    ...clusterFlags,
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json: one object, with the whole state of each lock' },
    ...watchFlags,
  },
  examples: ['usher status', 'usher status worker-3', 'usher status --watch', 'usher status -o json'],
  async run(values, output) {
    const form = readTableOrJson(values)
    const everyMs = readInterval(values)
    const admin = await joinAdmin(values)
    let isNoted = false
    async function look(signal: AbortSignal): Promise<Look> {
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
      if (everyMs !== undefined) {
        const textOf = form === 'json' ? (seen: Look): string => `${JSON.stringify(jsonOf(seen))}\n` : undefined
        return await watch({ command: 'status', look, linesOf, textOf, everyMs }, output, flow)
      }
      const seen = await look(new AbortController().signal)
      await flow.write(form === 'json' ? `${JSON.stringify(jsonOf(seen), undefined, 2)}\n` : `${linesOf(seen).join('\n')}\n`)
      return codeOf(seen)
    } catch (error) {
      if (error instanceof OutputError && error.isClosed) return exitCodes.done
      throw error
    }
  },
}

interface Look {
  readonly namespace: string
  readonly statuses: readonly NodeStatus[]
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
