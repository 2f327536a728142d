import { columns } from '../../terminal/columns.ts'
import { formatAge } from '../../units/age.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Ledger, Revision } from './ledger.ts'

const longestMessage = 80

/** A table of the revisions of a job, the newest first. */
export function historyLines({ revisions, pending }: Ledger, nowMs: number): readonly string[] {
  const rows = revisions.toReversed().map((revision) => [
    String(revision.number),
    stateOf(revision, pending?.isDetached === true),
    formatAge((nowMs - Date.parse(revision.at)) / 1_000),
    changeOf(revision),
    shownInstances(revision),
    firstLine(revision.message ?? ''),
  ])
  return columns([['REVISION', 'STATE', 'AGE', 'CHANGE', 'INSTANCES', 'MESSAGE'], ...rows])
}

/** One revision with all that was kept of it, for people. */
export function revisionLines(revision: Revision): readonly string[] {
  return [
    `revision ${revision.number} of ${revision.at}: ${changeOf(revision)}, ${revision.state}`,
    ...(revision.message === undefined ? [] : [revision.message]),
    ...(revision.evidence ?? []),
  ]
}

/** A revision as other programs read it: without its objects, which may hold secrets. */
export function revisionJson(revision: Revision): JsonObject {
  const { number, at, state, change, note, instances, message, evidence } = revision
  return { revision: number, at, state, change, note, instances, message, evidence, objects: revision.objects.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, name: nameIn(metadata) })) }
}

function nameIn(metadata: unknown): string {
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata ? String(metadata.name) : ''
}

function stateOf({ state }: Revision, isDetached: boolean): string {
  return state === 'pending' && isDetached ? 'pending (nobody watches it)' : state
}

function changeOf({ change, note }: Revision): string {
  return note === undefined ? change : `${change} ${note}`
}

function shownInstances({ instances }: Revision): string {
  return instances === 'each-node' ? 'each node' : String(instances)
}

function firstLine(message: string): string {
  const [line = ''] = message.split('\n', 1)
  return line.length > longestMessage ? `${line.slice(0, longestMessage - 1)}…` : line
}
