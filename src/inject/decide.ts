import { dependsOnKey } from '../depends-on/dependency.ts'
import { isAbsent, isObject, type Json, type JsonObject } from '../units/json.ts'
import type { Decision, DecisionContext } from './context.ts'
import { buildInitContainer, hasOurInitContainer } from './init-container.ts'
import { type LockPlan, planLock, reasonUngated } from './lock.ts'
import { meshAnnotations } from './mesh.ts'
import { binMountPath, binVolumeName, evictKey, statusKey } from './names.ts'
import { type NapPlan, planNap } from './nap.ts'
import { type PatchOperation, pointer } from './patch.ts'
import { type PodFacts, readPod } from './pod.ts'
import type { Reason } from './reasons.ts'
import { scopeOf } from './scope.ts'
import { resolveSettings, type Settings } from './settings.ts'
import { type InjectionStatus, isNewerStatus, readStatus, writeStatus } from './status.ts'
import { tokenVolume } from './token-volume.ts'

/**
 * Decides what usher does with a pod that is about to be created. Pure: the same pod and context give the same
 * answer. Idempotent: a pod to which the patch has been applied gets an empty one. Does not change the pod.
 *
 * @param pod the raw JSON of a Pod, or of a pod template; `context` then names the controller of its pods.
 */
export function decide(pod: unknown, context: DecisionContext): Decision {
  const facts = readPod(pod, context.controller)
  if ('malformed' in facts) {
    return { patch: [], reasons: [{ code: 'malformed-pod', detail: facts.malformed }], warnings: [] }
  }
  const warnings: string[] = []
  const scope = scopeOf(facts, context, warnings)
  if (scope.kind === 'skip') return { patch: [], reasons: [{ code: scope.code }], warnings }

  if (isNewerStatus(facts.annotations[statusKey])) return { patch: [], reasons: [{ code: 'newer-status' }], warnings }
  const settings = resolveSettings(facts, context, warnings)
  const status = readStatus(facts.annotations[statusKey])
  const nap = planNap(facts, settings, context, status, warnings)
  const lock = planLock(facts, settings, context, status, warnings)
  const reasons: Reason[] = [...nap.reasons, lockReason(lock, nap), ...gateReasons(facts, settings, lock)]
  const patch = render(facts, settings, context, status, nap, lock)
  if (patch === undefined) return { patch: [], reasons: [{ code: 'annotations-full' }], warnings }
  if (scope.kind === 'audit') return { patch: [], reasons: [{ code: 'audit' }, ...reasons], warnings }
  return { patch, reasons, warnings }
}

function lockReason(lock: LockPlan, nap: NapPlan): Reason {
  if (lock.kind === 'wait') {
    if (lock.without === undefined) return { code: 'lock-added', feature: 'lock' }
    return { code: lock.without, feature: 'lock', detail: 'the init container only waits for what the pod depends on' }
  }
  if (lock.kind === 'resize') return { code: 'lock-resized', feature: 'lock' }
  const detail = nap.copy ? { detail: 'the init container only brings the nap binary' } : {}
  return { code: lock.code, feature: 'lock', ...detail }
}

/** What becomes of what the pod depends on; nothing where that is nothing. */
function gateReasons(facts: PodFacts, { gate }: Settings, lock: LockPlan): readonly Reason[] {
  if (gate.dependencies.length === 0) return []
  const ungated = reasonUngated(facts, gate)
  if (ungated !== undefined) return [{ code: ungated, feature: 'gate' }]
  if (lock.kind === 'wait') return [{ code: 'gate-added', feature: 'gate' }]
  return [{ code: lock.kind === 'resize' ? 'already-injected' : lock.code, feature: 'gate' }]
}

/** What a patch is made of while it is made. */
interface Draft {
  readonly operations: PatchOperation[]
  /** As {@link InjectionStatus.was}. */
  readonly was: Record<string, Json>
}

/** The patch; undefined where the annotations that it needs would be too large. */
function render(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  status: InjectionStatus | undefined,
  nap: NapPlan,
  lock: LockPlan,
): readonly PatchOperation[] | undefined {
  const draft: Draft = { operations: [], was: {} }
  renderNap(draft, facts, nap)
  const needsInit = lock.kind === 'wait' || nap.copy
  const token = lock.kind === 'wait' && lock.token
  if (needsInit) {
    const container = buildInitContainer(facts, settings, context, {
      lock: lock.kind === 'wait' ? { ...lock, mayFail: lock.dependencies.some(({ onTimeout }) => onTimeout === 'fail') } : undefined,
      copy: nap.copy,
    })
    const at = settings.position === 'first' ? 0 : '-'
    addElements(draft, ['spec', 'initContainers'], facts.spec['initContainers'], 'initContainers', [container], at)
  }
  const volumes = [...(nap.copy ? [binVolume()] : []), ...(token ? [tokenVolume()] : [])]
  addElements(draft, ['spec', 'volumes'], facts.spec['volumes'], 'volumes', volumes, '-')
  if (lock.kind === 'resize') {
    const path = pointer('spec', 'initContainers', lock.index, 'resources')
    draft.operations.push({ op: 'add', path, value: lock.resources })
  }
  const waits = lock.kind === 'wait' || ((status?.init === 'lock' || status?.init === 'gate') && hasOurInitContainer(facts, status))
  const annotations = new Map<string, string>(waits ? meshAnnotations(facts, context) : [])
  const dependsOn = lock.kind === 'wait' ? lock.annotation : undefined
  if (dependsOn !== undefined) annotations.set(dependsOnKey, dependsOn)
  if (draft.operations.length === 0 && annotations.size === 0) return []

  const evictable = facts.annotations[evictKey]
  const longer = appendName(evictable, binVolumeName)
  if (nap.copy && longer !== evictable) annotations.set(evictKey, longer)
  for (const key of annotations.keys()) {
    draft.was[`annotation/${key}`] = facts.annotations[key] ?? null
  }
  noteAnnotationsPlace(draft, facts)
  const init = needsInit ? purposeOf(lock) : undefined
  annotations.set(statusKey, writeStatus(nextStatus(facts, status, nap, { init, token, dependsOn, was: draft.was })))
  if (!haveRoom(facts, annotations)) return undefined
  renderAnnotations(draft, facts, annotations)
  return draft.operations
}

function purposeOf(lock: LockPlan): 'lock' | 'gate' | 'copy' {
  if (lock.kind !== 'wait') return 'copy'
  return lock.without === undefined ? 'lock' : 'gate'
}

function renderNap(draft: Draft, facts: PodFacts, nap: NapPlan): void {
  const { operations } = draft
  for (const { container, hook, mount } of nap.hooks) {
    const at = ['spec', 'containers', container.index]
    const lifecycle = container.raw['lifecycle']
    if (hook === undefined) {
      const alone = isObject(lifecycle) && Object.keys(lifecycle).length === 1
      operations.push({ op: 'remove', path: pointer(...at, 'lifecycle', ...(alone ? [] : ['preStop'])) })
    } else if (isObject(lifecycle)) {
      noteEmpty(draft, `lifecycle/${container.name}`, lifecycle)
      if (lifecycle['preStop'] === null) draft.was[`preStop/${container.name}`] = null
      operations.push({ op: 'add', path: pointer(...at, 'lifecycle', 'preStop'), value: hook })
    } else {
      noteEmpty(draft, `lifecycle/${container.name}`, lifecycle)
      operations.push({ op: 'add', path: pointer(...at, 'lifecycle'), value: { preStop: hook } })
    }
    const mounts = container.raw['volumeMounts']
    if (mount && !(Array.isArray(mounts) && mounts.some(({ name }) => name === binVolumeName))) {
      const value = { name: binVolumeName, mountPath: binMountPath, readOnly: true }
      addElements(draft, [...at, 'volumeMounts'], mounts, `volumeMounts/${container.name}`, [value], '-')
    }
  }
  for (const { container, probe, before, seconds } of nap.probes) {
    const path = pointer('spec', 'containers', container.index, probe, 'terminationGracePeriodSeconds')
    draft.was[`${probe}/${container.name}`] = before
    operations.push({ op: 'replace', path, value: seconds })
  }
  if (nap.grace !== undefined) {
    const path = pointer('spec', 'terminationGracePeriodSeconds')
    if (!('terminationGracePeriodSeconds' in facts.spec)) draft.was['terminationGracePeriodSeconds'] = 'absent'
    operations.push({ op: 'add', path, value: nap.grace })
  }
}

function binVolume(): JsonObject {
  return { name: binVolumeName, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }
}

/** Adds elements to a list that may be absent; at its start, one alone. */
function addElements(
  draft: Draft,
  tokens: readonly (string | number)[],
  list: unknown,
  place: string,
  values: readonly Json[],
  at: 0 | '-',
): void {
  if (values.length === 0) return
  noteEmpty(draft, place, list)
  const path = pointer(...tokens)
  if (!Array.isArray(list)) draft.operations.push({ op: 'add', path, value: values })
  else for (const value of values) draft.operations.push({ op: 'add', path: `${path}/${at}`, value })
}

/** Remembers what stood in a place, where that cannot be seen afterwards. */
function noteEmpty(draft: Draft, place: string, value: unknown): void {
  if (value === undefined) draft.was[place] = 'absent'
  else if (value === null) draft.was[place] = null
  else if (Array.isArray(value) && value.length === 0) draft.was[place] = []
  else if (isObject(value) && Object.keys(value).length === 0) draft.was[place] = {}
}

function noteAnnotationsPlace(draft: Draft, facts: PodFacts): void {
  if (!isObject(facts.metadata)) noteEmpty(draft, 'metadata', facts.metadata)
  else noteEmpty(draft, 'annotations', facts.metadata['annotations'])
}

/** What this review adds, and what stood there before. */
interface Addition {
  readonly init: InjectionStatus['init']
  readonly token: boolean
  readonly dependsOn: string | undefined
  readonly was: JsonObject
}

function nextStatus(
  facts: PodFacts,
  status: InjectionStatus | undefined,
  nap: NapPlan,
  { init, token, dependsOn, was }: Addition,
): InjectionStatus {
  const hasInit = hasOurInitContainer(facts, status)
  // A status of which nothing is left in the pod came along with a copied manifest.
  const isLeft = hasInit || nap.again
  const all = isLeft ? { ...was, ...status?.was } : was
  const nextInit = init ?? (hasInit ? status?.init : undefined)
  const nextToken = token || (hasInit && status?.token === true)
  const nextDependsOn = dependsOn ?? (hasInit ? status?.dependsOn : undefined)
  return {
    v: 1,
    ...(nap.status === undefined ? {} : { nap: nap.status }),
    ...(nextInit === undefined ? {} : { init: nextInit }),
    ...(nextToken ? { token: true } : {}),
    ...(nextDependsOn === undefined ? {} : { dependsOn: nextDependsOn }),
    ...(Object.keys(all).length > 0 ? { was: all } : {}),
    ...(isLeft && status?.text !== undefined ? { text: status.text } : {}),
  }
}

function renderAnnotations(draft: Draft, facts: PodFacts, annotations: ReadonlyMap<string, string>): void {
  const all = Object.fromEntries(annotations)
  if (!isObject(facts.metadata)) {
    draft.operations.push({ op: 'add', path: '/metadata', value: { annotations: all } })
    return
  }
  if (isAbsent(facts.metadata['annotations'])) {
    draft.operations.push({ op: 'add', path: '/metadata/annotations', value: all })
    return
  }
  for (const [key, value] of annotations) {
    draft.operations.push({ op: 'add', path: pointer('metadata', 'annotations', key), value })
  }
}

// The API server's limit for all annotations of an object, keys and values, in bytes.
const maxAnnotationBytes = 256 * 1_024

function haveRoom(facts: PodFacts, changes: ReadonlyMap<string, string>): boolean {
  const all = { ...facts.annotations, ...Object.fromEntries(changes) }
  let characters = 0
  for (const key in all) characters += key.length + (all[key]?.length ?? 0)
  // No character takes more than three bytes in UTF-8, so that only large ones have to be encoded.
  if (3 * characters <= maxAnnotationBytes) return true
  // A pod that is over the limit without us is the API server's to reject.
  return bytesOf(all) <= maxAnnotationBytes || bytesOf(facts.annotations) > maxAnnotationBytes
}

function bytesOf(annotations: Readonly<Record<string, string>>): number {
  return new TextEncoder().encode(Object.entries(annotations).flat().join('')).length
}

function appendName(list: string | undefined, name: string): string {
  if (list === undefined || list.trim() === '') return name
  return list.split(',').some((item) => item.trim() === name) ? list : `${list},${name}`
}
