import * as fc from 'fast-check'
import type { JsonObject } from '../../src/units/json.ts'
import { containerBody } from './arbitrary-container.ts'
import { asParsed } from './arbitrary-pod.ts'
import { graceOf, napSeconds, newNaps } from './injected.ts'
import { listAt, objectAt, valueAt } from './pod-reader.ts'

/** What another injector does to a pod between two reviews of ours. */
export interface Change {
  readonly sidecar: JsonObject | undefined
  readonly initContainer: boolean
  readonly volume: boolean
  readonly annotation: boolean
  /** Drops the sleep out of hooks that are ours, as a webhook with older types does (openkruise/rollouts#335). */
  readonly emptiesHooks: boolean
  /** Sets the grace period to this many seconds, where it was longer. */
  readonly grace: number | undefined
}

export const arbitraryChange: fc.Arbitrary<Change> = fc.record({
  sidecar: fc.option(containerBody('any', 'any'), { nil: undefined, freq: 3 }),
  initContainer: fc.boolean(),
  volume: fc.boolean(),
  annotation: fc.boolean(),
  emptiesHooks: fc.constantFrom(false, false, false, true),
  grace: fc.constantFrom(undefined, undefined, undefined, 0, 1, 2, 5, 9, 10, 11, 25),
})

/**
 * The pod as it comes back.
 *
 * @param before the pod before our first review.
 */
export function anotherInjector(before: JsonObject, pod: JsonObject, change: Change): JsonObject {
  const { metadata, spec } = pod
  const annotations = change.annotation ? { 'sidecar.istio.io/status': '{}' } : {}
  const sidecars = change.sidecar === undefined ? [] : [{ name: 'other-sidecar', ...change.sidecar }]
  const inits = change.initContainer ? [{ name: 'other-init', image: 'registry.example.test/other:1' }] : []
  const volumes = change.volume ? [{ name: 'other-data', emptyDir: {} }] : []
  const napped = new Set(change.emptiesHooks ? newNaps(before, pod).map(({ name }) => name) : [])
  const containers = listAt(spec, 'containers').map((container) => (napped.has(container['name']) ? emptied(container) : container))
  const grace = change.grace !== undefined && change.grace < graceOf(pod) ? change.grace : undefined
  return asParsed({
    ...pod,
    metadata: { ...objectAt(metadata), annotations: { ...objectAt(metadata, 'annotations'), ...annotations } },
    spec: {
      ...objectAt(spec),
      ...(grace === undefined ? {} : { terminationGracePeriodSeconds: grace }),
      containers: [...containers, ...sidecars],
      initContainers: [...inits, ...listAt(spec, 'initContainers')],
      volumes: [...listAt(spec, 'volumes'), ...volumes],
    },
  })
}

function emptied(container: JsonObject): JsonObject {
  if (valueAt(container, 'lifecycle', 'preStop', 'sleep') === undefined) return container
  return { ...container, lifecycle: { ...objectAt(container, 'lifecycle'), preStop: {} } }
}

/** Which of our parts do not come along when the manifest of an injected pod is used again. */
export interface Leftovers {
  readonly initContainer: boolean
  /** Together with the init container, which mounts it. */
  readonly token: boolean
  /** Together with the mounts: the API server would not take a mount without its volume. */
  readonly volume: boolean
  /** Together with the hooks: then the container is its author's again. */
  readonly mounts: boolean
  readonly hooks: boolean
  /** As the author wrote it, or as somebody set it anew. */
  readonly grace: 'kept' | 'of the author' | number
}

const mostly = fc.constantFrom(true, true, false)

export const arbitraryLeftovers: fc.Arbitrary<Leftovers> = fc.record({
  initContainer: fc.boolean(),
  token: mostly,
  volume: mostly,
  mounts: mostly,
  hooks: mostly,
  grace: fc.constantFrom('kept' as const, 'kept' as const, 'kept' as const, 'of the author' as const, 1, 5, 60),
})

/** The manifest without those parts; the status stays. */
export function withLeftovers(before: JsonObject, after: JsonObject, lost: Leftovers): JsonObject {
  const spec = objectAt(after, 'spec')
  const foreign = (list: 'initContainers' | 'volumes', name: string) =>
    listAt(before, 'spec', list).some((element) => element['name'] === name)
  function without(list: 'initContainers' | 'volumes', names: readonly string[]) {
    const all = spec[list]
    return Array.isArray(all) ? all.filter(({ name }) => !names.includes(name) || foreign(list, name)) : all
  }
  const authors = objectAt(before, 'spec')['terminationGracePeriodSeconds']
  const ofAuthor = lost.grace === 'of the author' ? authors : lost.grace
  const bin = lost.volume && lost.mounts && lost.hooks ? ['usher-bin'] : []
  const token = lost.token && lost.initContainer ? ['usher-token'] : []
  return asParsed({
    ...after,
    spec: {
      ...spec,
      initContainers: without('initContainers', lost.initContainer ? ['usher-lock'] : []),
      volumes: without('volumes', [...bin, ...token]),
      containers: listAt(spec, 'containers').map((container) => withoutNap(container, lost)),
      terminationGracePeriodSeconds: lost.grace === 'kept' ? spec['terminationGracePeriodSeconds'] : ofAuthor,
    },
  })
}

function withoutNap(container: JsonObject, lost: Leftovers): JsonObject {
  const { lifecycle, volumeMounts, ...rest } = container
  const mounts = Array.isArray(volumeMounts) ? volumeMounts.filter((mount) => mount.name !== 'usher-bin') : volumeMounts
  return {
    ...rest,
    ...(lost.hooks && napSeconds(container) !== undefined ? {} : { lifecycle }),
    volumeMounts: lost.mounts && lost.hooks ? mounts : volumeMounts,
  }
}
