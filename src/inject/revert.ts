import { isCount, isObject, type Json, type JsonObject } from '../units/json.ts'
import { hasOurInitContainer } from './init-container.ts'
import { isEmptied, isOurs } from './nap-container.ts'
import { dependsOnKey } from '../depends-on/dependency.ts'
import { binVolumeName, evictKey, lockContainerName, statusKey, tokenVolumeName } from './names.ts'
import { type PatchOperation, pointer } from './patch.ts'
import { type ContainerFacts, defaultGraceSeconds, type PodFacts, readPod } from './pod.ts'
import { type InjectionStatus, isNewerStatus, readStatus } from './status.ts'

/** What takes usher out of a pod again. */
export type Reversal =
  /** There is no status of usher's, so nothing of it is known. */
  | { readonly kind: 'not-injected' }
  /** A newer usher has injected the pod, in a form that this one does not know. */
  | { readonly kind: 'newer-status' }
  /** There is a status, but it, or the pod, cannot be read; `detail` says why. */
  | { readonly kind: 'unreadable'; readonly detail: string }
  | {
      readonly kind: 'revert'
      /** RFC 6902; each operation is about the place that it names in the pod as it came. */
      readonly patch: readonly PatchOperation[]
      /** Places that somebody has changed since the injection; they stay as they are. */
      readonly kept: readonly string[]
      /** As {@link InjectionStatus.text}. */
      readonly text: JsonObject
    }

/**
 * Takes out of a pod, or a pod template, exactly what {@link decide} has put in, by what the status annotation
 * tells. What somebody has changed since is left alone. Pure.
 */
export function revert(pod: unknown): Reversal {
  const facts = readPod(pod)
  if ('malformed' in facts) return hasStatus(pod) ? { kind: 'unreadable', detail: facts.malformed } : { kind: 'not-injected' }
  const annotation = facts.annotations[statusKey]
  if (annotation === undefined) return { kind: 'not-injected' }
  if (isNewerStatus(annotation)) return { kind: 'newer-status' }
  const status = readStatus(annotation)
  if (status === undefined) return { kind: 'unreadable', detail: `metadata.annotations.${statusKey} is not what usher writes` }

  const draft: Draft = { facts, status, was: status.was ?? {}, operations: [], kept: [] }
  for (const container of facts.containers) revertContainer(draft, container)
  keepMissing(draft)
  if (hasOurInitContainer(facts, status)) revertList(draft, 'initContainers', [lockContainerName])
  revertList(draft, 'volumes', volumesOf(status))
  revertGrace(draft)
  revertAnnotations(draft)
  return { kind: 'revert', patch: draft.operations, kept: draft.kept, text: status.text ?? {} }
}

/** Whether a pod that cannot be read as a whole has a status of usher's. */
function hasStatus(pod: unknown): boolean {
  const metadata = isObject(pod) ? pod['metadata'] : undefined
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined
  return isObject(annotations) && statusKey in annotations
}

interface Draft {
  readonly facts: PodFacts
  readonly status: InjectionStatus
  readonly was: JsonObject
  readonly operations: PatchOperation[]
  readonly kept: string[]
}

type Path = readonly (string | number)[]

function revertContainer(draft: Draft, container: ContainerFacts): void {
  const { status, was } = draft
  const { name, index, raw } = container
  const at = ['spec', 'containers', index]
  const { lifecycle, volumeMounts } = raw
  const { nap } = status
  if (nap === undefined) return
  if (isObject(lifecycle) && (isOurs(container, nap) || isEmptied(container, nap))) {
    const before = placeOf(was, `lifecycle/${name}`)
    if (Object.keys(lifecycle).length === 1 && before !== undefined) putBack(draft, [...at, 'lifecycle'], before)
    else putBack(draft, [...at, 'lifecycle', 'preStop'], was[`preStop/${name}`] === null ? null : 'absent')
  } else if (nap.containers.includes(name)) draft.kept.push([...at, 'lifecycle', 'preStop'].join('.'))
  const mount = Array.isArray(volumeMounts) ? volumeMounts.findIndex((each) => isNamed(each, binVolumeName)) : -1
  if (nap.method === 'exec' && mount >= 0) {
    removeElements(draft, [...at, 'volumeMounts'], volumeMounts, [mount], `volumeMounts/${name}`)
  }
  for (const probe of ['livenessProbe', 'startupProbe'] as const) {
    const before = was[`${probe}/${name}`]
    if (!isCount(before)) continue
    const path = [...at, probe, 'terminationGracePeriodSeconds']
    const raised = isObject(raw[probe]) ? raw[probe]['terminationGracePeriodSeconds'] : undefined
    if (raised === before + nap.raised) putBack(draft, path, before)
    else if (raised !== before) draft.kept.push(path.join('.'))
  }
}

/** Containers that napped and are not there by their names any more: whatever they are called now keeps its hook. */
function keepMissing({ facts, status, kept }: Draft): void {
  for (const name of status.nap?.containers ?? []) {
    if (!facts.containers.some((container) => container.name === name)) kept.push(`spec.containers, where ${name} was,`)
  }
}

/** The volumes that usher has added. */
function volumesOf({ nap, token }: InjectionStatus): readonly string[] {
  return [...(nap?.method === 'exec' ? [binVolumeName] : []), ...(token === true ? [tokenVolumeName] : [])]
}

function revertList(draft: Draft, field: 'initContainers' | 'volumes', names: readonly string[]): void {
  const list = draft.facts.spec[field]
  if (!Array.isArray(list)) return
  const indexes = names.map((name) => list.findIndex((each) => isNamed(each, name))).filter((index) => index >= 0)
  removeElements(draft, ['spec', field], list, indexes, field)
}

function isNamed(value: unknown, name: string): boolean {
  return isObject(value) && value['name'] === name
}

/** Removes elements, and where no other is left, what usher has made for them. */
function removeElements(draft: Draft, path: Path, list: unknown, indexes: readonly number[], place: string): void {
  if (indexes.length === 0) return
  const before = placeOf(draft.was, place)
  const alone = Array.isArray(list) && list.length === indexes.length
  if (alone && before !== undefined) putBack(draft, path, before)
  // From the end: the places of those before do not change by that.
  else for (const index of indexes.toSorted((left, right) => right - left)) putBack(draft, [...path, index], 'absent')
}

function revertGrace(draft: Draft): void {
  const { nap } = draft.status
  if (nap === undefined) return
  const path = ['spec', 'terminationGracePeriodSeconds']
  const grace = draft.facts.spec['terminationGracePeriodSeconds']
  if (grace !== (nap.grace ?? defaultGraceSeconds) + nap.raised) {
    if (grace !== nap.grace) draft.kept.push(path.join('.'))
  } else putBack(draft, path, nap.grace ?? (draft.was['terminationGracePeriodSeconds'] === 'absent' ? 'absent' : null))
}

function revertAnnotations(draft: Draft): void {
  const { facts, status, was } = draft
  const before = new Map<string, string | null>([[statusKey, null]])
  for (const [place, value] of Object.entries(was)) {
    const key = /^annotation\/(.+)$/.exec(place)?.[1]
    const now = key === undefined ? undefined : facts.annotations[key]
    if (key === undefined || now === undefined || (value !== null && typeof value !== 'string')) continue
    const shorter = key === dependsOnKey ? unlessChanged(now, value, status.dependsOn) : withoutItem(now, value, ourItem(facts, key))
    if (shorter === undefined) draft.kept.push(`metadata.annotations.${key}`)
    else before.set(key, shorter)
  }
  const { metadata } = facts
  const stays = Object.keys(facts.annotations).some((key) => before.get(key) !== null)
  const ofAll = stays ? undefined : placeOf(was, 'annotations')
  const ofMetadata = stays ? undefined : placeOf(was, 'metadata')
  if (ofMetadata !== undefined && isObject(metadata) && Object.keys(metadata).length === 1) {
    putBack(draft, ['metadata'], ofMetadata)
  } else if (ofAll !== undefined || ofMetadata !== undefined) {
    putBack(draft, ['metadata', 'annotations'], ofAll === undefined ? 'absent' : ofAll)
  } else {
    for (const [key, value] of before) {
      const path = pointer('metadata', 'annotations', key)
      draft.operations.push(value === null ? { op: 'remove', path } : { op: 'replace', path, value })
    }
  }
}

/** What stood there before what usher has written; undefined where that is not there any more. */
function unlessChanged(now: string, was: string | null, written: string | undefined): string | null | undefined {
  return now === written ? was : undefined
}

/** What usher has appended to a list in an annotation: its volume, or the lock's port. */
function ourItem(facts: PodFacts, key: string): string | undefined {
  if (key === evictKey) return binVolumeName
  const args = facts.initContainers.find(({ name }) => name === lockContainerName)?.raw['args']
  const port = Array.isArray(args) ? args.map((arg) => /^--port=(\d+)$/.exec(String(arg))?.[1]) : []
  return port.find((each) => each !== undefined)
}

/**
 * The list without the item that was appended to it; null where nothing is to be left of it, undefined where the
 * item is not there any more.
 */
function withoutItem(now: string, was: string | null, item: string | undefined): string | null | undefined {
  if (item === undefined) return was
  const wasList = was !== null && was.trim() !== ''
  if (now === (wasList ? `${was},${item}` : item)) return was
  const items = now.split(',')
  const at = items.findLastIndex((each) => each.trim() === item)
  if (at < 0) return undefined
  // Where there was no annotation, all up to our item is ours: it went on from the namespace's.
  const left = items.slice(at + 1)
  if (was === null) return left.length === 0 ? null : left.join(',')
  return [...items.slice(0, at), ...left].join(',')
}

/** What stood in a place that was absent, null or empty; undefined where something was there. */
function placeOf(was: JsonObject, place: string): Json | undefined {
  const before = was[place]
  if (before === 'absent' || before === null) return before
  if (Array.isArray(before)) return before.length === 0 ? before : undefined
  return isObject(before) && Object.keys(before).length === 0 ? before : undefined
}

function putBack(draft: Draft, tokens: Path, before: Json): void {
  const path = pointer(...tokens)
  if (before === 'absent') draft.operations.push({ op: 'remove', path })
  else draft.operations.push({ op: 'replace', path, value: before })
}
