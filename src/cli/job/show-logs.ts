import { containerNames, type LogPod, readLogPod } from '../../job/instances/log-pod.ts'
import { mergeLines, type OwnedLine } from '../../job/instances/merge-lines.ts'
import { mapBounded } from '../../units/map-bounded.ts'
import { askWith } from '../asker.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { listOffspring } from '../workload-pods.ts'
import type { LogOwner, LogParts } from './log-output.ts'
import { type OpenLog, openLog } from './open-log.ts'

/** Each is a connection. */
export const mostLogs = 100
const openedAtATime = 8
// So many lines are written together: less than a terminal shows at once, and more than one by one.
const batchLines = 64

/** Shows the logs of all instances as one, by the times of their lines. */
export async function showLogs(parts: LogParts): Promise<ExitCode> {
  const { tell, wish } = parts
  const pods = await listPods(parts)
  if (pods.length === 0) tell('it has no instances; usher job why says why')
  const owners = pods.flatMap(ownersOf)
  if (owners.length > mostLogs) throw new Error(`there are ${owners.length} logs, and ${mostLogs} are read at a time: --container names one of each instance, and usher job status the instances, of which kubectl logs reads one`)
  for (const { name, containers } of pods) {
    // Of one that waits there is nothing to read yet.
    const waiting = containers.filter(({ id }) => id === undefined)
    if (waiting.length > 0 && !wish.isPrevious) tell(`${name}: ${waiting.map((container) => container.name).join(', ')} ${waiting.length === 1 ? 'has' : 'have'} not been started yet`)
  }
  let isAll = true
  const opened = await mapBounded(owners, openedAtATime, async (of) => {
    try {
      return { of, log: await openLog(parts, of) }
    } catch (error) {
      if (parts.stopping.aborted) throw error
      isAll = false
      tell(`the log of ${of.pod} ${of.container} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  })
  const logs = opened.filter((each) => each !== undefined)
  try {
    await writeMerged(parts, logs)
  } finally {
    for (const { log } of logs) log.close()
  }
  return isAll ? exitCodes.done : exitCodes.failed
}

async function writeMerged({ writer }: LogParts, logs: readonly { readonly of: LogOwner; readonly log: OpenLog }[]): Promise<void> {
  let batch: OwnedLine<LogOwner>[] = []
  for await (const line of mergeLines(logs.map(({ of, log }) => ({ of, lines: log.lines })))) {
    batch.push(line)
    if (batch.length < batchLines) continue
    await writer.write(batch)
    batch = []
  }
  await writer.write(batch)
}

/** The pods of the job, as far as their logs go. Throws where they cannot be listed, or none has the container that is wanted. */
async function listPods({ admin, workload, wish, stopping }: LogParts): Promise<readonly LogPod[]> {
  const failures: string[] = []
  const { pods } = await listOffspring(workload, { asker: askWith(admin, stopping), unasked: (sentence) => void failures.push(sentence) })
  if (pods.length === 0 && failures.length > 0) throw new Error(failures.join('; '))
  const names = new Set(pods.flatMap(containerNames))
  if (wish.container !== undefined && pods.length > 0 && !names.has(wish.container)) throw noContainer(wish.container, names)
  return pods.map((pod) => readLogPod(pod, wish.container)).toSorted((left, right) => left.name.localeCompare(right.name))
}

/** That no instance has a container, and which there are. */
export function noContainer(container: string, names: ReadonlySet<string>): Error {
  return new Error(`no instance has a container ${JSON.stringify(container)}; there are ${[...names].join(', ')}`)
}

/** The containers of a pod that have been started. */
export function ownersOf({ name, containers }: LogPod): readonly LogOwner[] {
  return containers.flatMap((container) => (container.id === undefined ? [] : [{ pod: name, container: container.name, containers: containers.length }]))
}
