import jsonpatch, { type Operation } from 'fast-json-patch'
import type { Decision } from '../../src/inject/context.ts'
import { isAbsent, isObject, type JsonObject } from '../../src/units/json.ts'
import { asParsed } from './arbitrary-pod.ts'
import { allContainers, listAt, objectAt, shown, valueAt } from './pod-reader.ts'

/** A pod that may be changed. */
type Draft = Record<string, unknown>

/** Applies a decision's patch to a copy of the pod, checking each operation. Throws where one does not fit. */
export function patched(pod: JsonObject, decision: Decision): JsonObject {
  const operations: Operation[] = JSON.parse(JSON.stringify(decision.patch))
  return jsonpatch.applyPatch(asParsed(pod), operations, true).newDocument
}

/** How long a container sleeps before SIGTERM by a hook of the form that usher writes; undefined without one. */
export function napSeconds(container: JsonObject): number | undefined {
  const preStop = valueAt(container, 'lifecycle', 'preStop')
  const sleep = valueAt(preStop, 'sleep', 'seconds')
  if (typeof sleep === 'number') return sleep
  const command = valueAt(preStop, 'exec', 'command')
  if (!Array.isArray(command) || command.length !== 2 || command[0] !== '/usher/nap') return undefined
  return /^[1-9]\d*$/.test(String(command[1])) ? Number(command[1]) : undefined
}

/** The regular containers that got a nap: those whose preStop was not there before, and is of our form. */
export function newNaps(before: unknown, after: unknown): readonly JsonObject[] {
  const old = new Map(listAt(before, 'spec', 'containers').map((container) => [container['name'], container]))
  return listAt(after, 'spec', 'containers').filter((container) => {
    const wasThere = !isAbsent(valueAt(old.get(container['name']), 'lifecycle', 'preStop'))
    return !wasThere && napSeconds(container) !== undefined
  })
}

/** The grace period that holds for a pod, in seconds. */
export function graceOf(pod: unknown): number {
  const grace = valueAt(pod, 'spec', 'terminationGracePeriodSeconds')
  return typeof grace === 'number' ? grace : 30
}

/**
 * What the API server, or the kubelet, would not find in a pod: of ours, what containers name and is not there.
 *
 * @param containers those that are looked at.
 */
export function missingParts(pod: unknown, containers: readonly JsonObject[] = allContainers(pod)): string[] {
  const missing: string[] = []
  const volumes = listAt(pod, 'spec', 'volumes').map(({ name }) => name)
  const bringsNap = listAt(pod, 'spec', 'initContainers').some(
    ({ name, args }) => name === 'usher-lock' && Array.isArray(args) && args.includes('--install-nap=/usher/nap'),
  )
  for (const container of containers) {
    const mounts = listAt(container, 'volumeMounts')
    for (const ours of ['usher-bin', 'usher-token']) {
      if (mounts.some(({ name }) => name === ours) && !volumes.includes(ours)) missing.push(`the volume ${ours}`)
    }
    const { args } = container
    const readsToken = Array.isArray(args) && args.includes('--token-file=/usher-token/token')
    if (readsToken && !mounts.some(({ mountPath }) => mountPath === '/usher-token')) missing.push('the mount at /usher-token')
    const command = valueAt(container, 'lifecycle', 'preStop', 'exec', 'command')
    if (!Array.isArray(command) || command[0] !== '/usher/nap') continue
    if (!mounts.some(({ mountPath }) => mountPath === '/usher')) missing.push('the mount at /usher')
    if (!bringsNap) missing.push('the init container that brings the nap binary')
  }
  return missing
}

/** Names of containers with a hook that has no handler, which the API server rejects. */
export function emptyHooks(pod: unknown): unknown[] {
  return allContainers(pod).filter(hasEmptyHook).map(({ name }) => name)
}

function hasEmptyHook(container: JsonObject): boolean {
  return JSON.stringify(valueAt(container, 'lifecycle', 'preStop')) === '{}'
}

/** As {@link missingParts}, of those that were not missing before. */
export function newlyMissing(before: unknown, after: unknown): string[] {
  const known = new Set(missingParts(before))
  return missingParts(after).filter((part) => !known.has(part))
}

/** What a pod has twice: names of init containers and volumes, and places of mounts of ours. */
export function twice(pod: unknown): string[] {
  const places = allContainers(pod).flatMap((container) =>
    listAt(container, 'volumeMounts')
      .filter(({ name }) => name === 'usher-bin' || name === 'usher-token')
      .map(({ name, mountPath }) => ({ name: `${shown(container['name'])}: ${shown(name)} at ${shown(mountPath)}` })),
  )
  return [listAt(pod, 'spec', 'initContainers'), listAt(pod, 'spec', 'volumes'), places].flatMap((list) => {
    const names = list.map(({ name }) => shown(name))
    return names.filter((name, index) => names.indexOf(name) !== index)
  })
}

/**
 * Takes usher's parts out of an injected pod, by what the documentation says of them, and shares no code with
 * the injection. Throws where something that is not ours was changed in a way that it should not have been.
 *
 * @param ofNamespace the annotations of the pod's namespace.
 * @returns the pod as it was before, and what it is now without ours, both without the empty places that ours
 *   need to stand in; to be compared as text, so that the order of keys counts.
 */
export function withoutOurs(
  before: JsonObject,
  after: JsonObject,
  ofNamespace: JsonObject = {},
): { readonly was: string; readonly is: string } {
  const was: Draft = asParsed(before)
  const is: Draft = asParsed(after)
  if (JSON.stringify(was) === JSON.stringify(is)) return { was: '', is: '' }
  annotations(was, is, ofNamespace)
  const wasSpec = draftAt(was, 'spec')
  const isSpec = draftAt(is, 'spec')
  elements(wasSpec, isSpec, 'initContainers', ({ name }) => name === 'usher-lock')
  volumes(wasSpec, isSpec)
  const naps = new Map(newNaps(before, after).map((container) => [container['name'], napSeconds(container) ?? 0]))
  const wasContainers = listAt(was, 'spec', 'containers')
  for (const [index, container] of listAt(is, 'spec', 'containers').entries()) {
    unnap(wasContainers[index] ?? {}, container, naps.get(container['name']))
  }
  const raised = graceOf(after) - graceOf(before)
  if (raised !== Math.max(0, ...naps.values())) throw new Error(`the grace period was raised by ${raised}`)
  if (raised > 0) restore(wasSpec, isSpec, 'terminationGracePeriodSeconds')
  return { was: JSON.stringify(was), is: JSON.stringify(is) }
}

const grown: Readonly<Record<string, string>> = {
  'traffic.sidecar.istio.io/excludeOutboundPorts': '8888',
  'config.linkerd.io/skip-outbound-ports': '8888',
  'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'usher-bin',
}

function annotations(was: Draft, is: Draft, ofNamespace: JsonObject): void {
  const now = draftAt(is, 'metadata', 'annotations')
  const old = objectAt(was, 'metadata', 'annotations')
  if (!('usher.dev/status' in now)) throw new Error('the pod was changed and has no status')
  const written: unknown = JSON.parse(shown(now['usher.dev/status']))['dependsOn']
  delete now['usher.dev/status']
  const dependsOn = 'usher.dev/depends-on'
  if (now[dependsOn] !== old[dependsOn]) {
    if (now[dependsOn] !== written) throw new Error(`${dependsOn} became ${JSON.stringify(now[dependsOn])}, and the status says ${JSON.stringify(written)}`)
    restore(old, now, dependsOn)
  }
  for (const [key, item] of Object.entries(grown)) {
    if (now[key] === old[key]) continue
    // Linkerd's annotation on a pod beats the one of its namespace, which then has to stand in it.
    const text = old[key] ?? (key.startsWith('config.linkerd.io/') ? ofNamespace[key] : undefined)
    const list = typeof text === 'string' && text.trim() !== '' ? `${text},` : ''
    if (list.split(',').includes(item)) throw new Error(`${key} had ${item} already`)
    if (now[key] !== `${list}${item}`) throw new Error(`${key} became ${JSON.stringify(now[key])}`)
    restore(old, now, key)
  }
  const wasMetadata = was['metadata']
  if (isObject(wasMetadata)) sameEmpty(wasMetadata, draftAt(is, 'metadata'), 'annotations')
  else if (Object.keys(now).length === 0 && Object.keys(draftAt(is, 'metadata')).length === 1) {
    delete was['metadata']
    delete is['metadata']
  }
}

/** A foreign one of ours' names means that none of ours of that name may be there. */
function volumes(was: Draft, is: Draft): void {
  const old = listAt(was, 'volumes')
  const now = listAt(is, 'volumes')
  const ours = ['usher-bin', 'usher-token'].filter((ours) => !old.some(({ name }) => name === ours) && now.some(({ name }) => name === ours))
  if (ours.length === 0) return
  is['volumes'] = now.filter(({ name }) => !ours.includes(shown(name)))
  sameEmpty(was, is, 'volumes')
}

function elements(was: Draft, is: Draft, key: string, isOurs: (element: JsonObject) => boolean): void {
  const old = listAt(was, key)
  const now = listAt(is, key)
  // A foreign one of that name means that none of ours may be there.
  if (old.some(isOurs) || !now.some(isOurs)) return
  const index = now.findIndex(isOurs)
  is[key] = now.toSpliced(index, 1)
  sameEmpty(was, is, key)
}

function unnap(was: Draft, is: Draft, nap: number | undefined): void {
  elements(was, is, 'volumeMounts', ({ name, mountPath }) => name === 'usher-bin' && mountPath === '/usher')
  if (nap === undefined) return
  for (const probe of ['livenessProbe', 'startupProbe']) {
    const old = valueAt(was, probe, 'terminationGracePeriodSeconds')
    const now = valueAt(is, probe, 'terminationGracePeriodSeconds')
    if (now === old || typeof now !== 'number') continue
    if (now - Number(old) !== nap) throw new Error(`the grace period of a ${probe} became ${now}`)
    restore(objectAt(was, probe), draftAt(is, probe), 'terminationGracePeriodSeconds')
  }
  delete draftAt(is, 'lifecycle')['preStop']
  if (isObject(was['lifecycle'])) delete draftAt(was, 'lifecycle')['preStop']
  sameEmpty(was, is, 'lifecycle')
}

/** Absent, null and empty are one and the same where ours stood. */
function sameEmpty(was: Draft, is: Draft, key: string): void {
  if (!isEmpty(was[key]) || !isEmpty(is[key])) return
  delete was[key]
  delete is[key]
}

function isEmpty(value: unknown): boolean {
  return isAbsent(value) || (typeof value === 'object' && Object.keys(value).length === 0)
}

function restore(was: Draft | JsonObject, is: Draft, key: string): void {
  if (was[key] === undefined) delete is[key]
  else is[key] = was[key]
}

function draftAt(value: unknown, ...path: readonly string[]): Draft {
  const found = valueAt(value, ...path)
  if (!isObject(found)) throw new Error(`there is no object at ${path.join('.')}`)
  return found
}
