import { at, textAt } from '../check/json-paths.ts'
import { partsOf } from '../job/instances/parts.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { type Happening, happenings } from '../why/events.ts'
import { groupsOf } from '../why/explain.ts'
import type { LogTail, SeenPod, WhyFacts } from '../why/facts.ts'
import { readLog } from './read-log.ts'
import { type Looking, seePods } from './see-pods.ts'
import { listOffspring } from './workload-pods.ts'

/** So many groups of pods are looked at closely, and of each the first one. */
const mostGroups = 6
const askedAtATime = 6
const shownLines = 5

/** Asks what is needed to explain a workload, and no more. Never throws for what cannot be asked: that is said. */
export async function gatherWhy(workload: JsonObject, looking: Looking): Promise<Omit<WhyFacts, 'unasked' | 'node'>> {
  const { pods, replicaSets } = await listOffspring(workload, looking)
  const seen = await seePods(pods, looking)
  const chosen = groupsOf(seen).slice(0, mostGroups).map(([first]) => first)
  // Of ReplicaSets that are done with, nothing is told any more.
  const alive = replicaSets.filter((each) => at(each, 'spec', 'replicas') !== 0)
  const tellers = [workload, ...alive, ...chosen.map(({ pod }) => pod)]
  const [events, logs] = await Promise.all([eventsOf(tellers, looking), logsOf(chosen, looking)])
  return { nowMs: looking.nowMs, workload, replicaSets, pods: seen, events, logs }
}

async function eventsOf(objects: readonly JsonObject[], { asker, unasked }: Looking): Promise<readonly Happening[]> {
  const byUid = new Map(objects.map((object) => [textAt(object, 'metadata', 'uid') ?? '', object]))
  const failures = new Set<string>()
  const found = await mapBounded([...byUid], askedAtATime, async ([uid, object]) => {
    const path = `/api/v1/namespaces/${encodeURIComponent(textAt(object, 'metadata', 'namespace') ?? '')}/events`
    const listed = await asker.ask('events', () => asker.list(path, { fieldSelector: `involvedObject.uid=${uid}` }))
    if (listed.kind === 'told') return listed.value
    failures.add(listed.message)
    return []
  })
  for (const failure of failures) unasked(`Events could not be asked: ${failure}`)
  return happenings(found.flat())
}

/** The last words of containers that have ended. */
async function logsOf(pods: readonly SeenPod[], looking: Looking): Promise<readonly LogTail[]> {
  const ended = pods.flatMap(({ pod, instance }) => {
    const part = partsOf(pod).find(({ name }) => name === instance.container)
    const isEnded = (instance.state === 'Unhealthy' || instance.state === 'Failed') && (part?.ended ?? part?.endedBefore) !== undefined
    return part === undefined || !isEnded ? [] : [{ instance, part }]
  })
  const tails = await mapBounded(ended, askedAtATime, async ({ instance: { namespace, name }, part }): Promise<readonly LogTail[]> => {
    const log = await readLog(looking, { namespace, pod: name, container: part.name, tail: shownLines, isPrevious: part.ended === undefined })
    if (log.kind === 'told') return [{ pod: name, container: part.name, lines: log.value }]
    looking.unasked(`the log of ${name} could not be read: ${log.message}`)
    return []
  })
  return tails.flat()
}
