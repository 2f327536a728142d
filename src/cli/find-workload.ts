import { at, textAt } from '../check/json-paths.ts'
import { jobLabel } from '../job/names.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { type Wanted, type WorkloadKind, workloadsPath } from '../why/workload-kinds.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'
import { closest, UsageError } from './command.ts'

/** A workload, and of which kinds of that name it is not known whether there is one, too. */
export interface FoundWorkload {
  /** With its kind and apiVersion. */
  readonly workload: JsonObject
  readonly unasked: readonly string[]
}

const askedAtATime = 6

/**
 * Finds the one workload that somebody means.
 *
 * @throws {UsageError} where it may be one of several.
 * @throws where there is none, with what was probably meant; where the cluster cannot be reached, or does not tell.
 */
export async function findWorkload(admin: JoinedAdmin, asker: Asker, namespace: string, wanted: Wanted): Promise<FoundWorkload> {
  const asked = await mapBounded(wanted.kinds, askedAtATime, async (kind) => {
    try {
      const object = await asker.getIfThere(`${workloadsPath(kind, namespace)}/${encodeURIComponent(wanted.name)}`)
      return { kind, object: object === undefined ? undefined : { ...object, apiVersion: kind.apiVersion, kind: kind.kind } }
    } catch (error) {
      return { kind, error }
    }
  })
  const found = asked.flatMap(({ object }) => (object === undefined || !isMeant(wanted, object) ? [] : [object]))
  const failed = asked.filter((each) => each.error !== undefined)
  const jobs = found.filter((object) => isJob(object, wanted.name))
  const [only, another] = wanted.jobs !== 'none' && jobs.length > 0 ? jobs : found
  if (only !== undefined && another === undefined) return { workload: only, unasked: failed.map(({ kind, error }) => `whether there is a ${kind.kind} ${wanted.name}, too, could not be asked: ${messageOf(error)}`) }
  if (another !== undefined) {
    const names = found.map((object) => `${wordOf(wanted.kinds, object)}/${wanted.name}`)
    throw new UsageError(`there are several of that name in namespace ${namespace}: say which, ${names.join(' or ')}`)
  }
  const [first] = failed
  if (first !== undefined) throw explainFailure(admin, first.error)
  throw new Error(await whyNone(admin, asker, namespace, wanted))
}

/** Of the kinds that jobs are of, others than jobs have that name, too. */
function isMeant({ jobs, name }: Wanted, object: JsonObject): boolean {
  return jobs === 'none' || isJob(object, name) || (jobs === 'first' && object['kind'] === 'Job')
}

function isJob(object: JsonObject, name: string): boolean {
  return at(object, 'metadata', 'labels', jobLabel) === name
}

function wordOf(kinds: readonly WorkloadKind[], { kind }: JsonObject): string {
  return kinds.find((each) => each.kind === kind)?.words[0] ?? (typeof kind === 'string' ? kind : '')
}

const shownPlaces = 5

/** What was probably meant: a namespace that is there, another of that name, or one that is called much the same. */
async function whyNone(admin: JoinedAdmin, asker: Asker, namespace: string, wanted: Wanted): Promise<string> {
  const { kinds, name, jobs } = wanted
  const space = await asker.ask('namespaces', () => asker.getIfThere(`/api/v1/namespaces/${encodeURIComponent(namespace)}`))
  if (space.kind === 'told' && space.value === undefined) {
    const names = await asker.ask('namespaces', () => asker.listPicked('/api/v1/namespaces', {}, nameAt))
    const nearest = names.kind === 'told' ? closest(namespace, names.value) : undefined
    return `there is no namespace ${namespace} (${admin.title})${nearest === undefined ? '' : `; did you mean ${nearest}?`}`
  }
  const what = jobs !== 'none' ? 'job' : kinds.length === 1 ? (kinds[0]?.kind ?? 'workload') : 'workload'
  const begin = `there is no ${what} ${name} in namespace ${namespace}`
  const places = await mapBounded(kinds, askedAtATime, async (kind) => {
    const pick = (object: JsonObject): string | undefined => (isMeant(wanted, { ...object, kind: kind.kind }) ? textAt(object, 'metadata', 'namespace') : undefined)
    const found = await asker.ask(kind.resource, () => asker.listPicked(workloadsPath(kind, undefined), { fieldSelector: `metadata.name=${name}` }, pick))
    return found.kind === 'told' ? found.value : []
  })
  const elsewhere = [...new Set(places.flat())].toSorted()
  if (elsewhere.length > 0) return `${begin}; there is one in ${elsewhere.slice(0, shownPlaces).join(', ')}${elsewhere.length > shownPlaces ? ', …' : ''}: -n ${elsewhere[0] ?? ''}`
  const names = await mapBounded(kinds, askedAtATime, async (kind) => {
    const listed = await asker.ask(kind.resource, () => asker.listPicked(workloadsPath(kind, namespace), jobs === 'only' ? { labelSelector: jobLabel } : {}, nameAt))
    return listed.kind === 'told' ? listed.value : []
  })
  const nearest = closest(name, [...new Set(names.flat())])
  if (nearest !== undefined) return `${begin}; did you mean ${nearest}?`
  // Pods have names that nobody would choose by, and there are many.
  const known = [...new Set(names.flatMap((each, index) => (kinds.length > 1 && kinds[index]?.kind === 'Pod' ? [] : each)))]
  return `${begin}${known.length === 0 ? '' : `; there are ${known.toSorted().slice(0, shownPlaces).join(', ')}${known.length > shownPlaces ? ', …' : ''}`}`
}

function nameAt(object: JsonObject): string | undefined {
  return textAt(object, 'metadata', 'name')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
