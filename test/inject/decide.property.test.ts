import * as fc from 'fast-check'
import t from 'tap'
import type { Decision, DecisionContext } from '../../src/inject/context.ts'
import { decide } from '../../src/inject/decide.ts'
import { reasonTable } from '../../src/inject/reasons.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { anotherInjector, arbitraryChange } from '../support/arbitrary-change.ts'
import { arbitraryContext } from '../support/arbitrary-context.ts'
import { arbitraryLimits, limitsFor } from '../support/arbitrary-limits.ts'
import { arbitraryAlmostPod, arbitraryGarbage, arbitraryPod, asParsed } from '../support/arbitrary-pod.ts'
import {
  emptyHooks,
  graceOf,
  missingParts,
  napSeconds,
  newlyMissing,
  newNaps,
  patched,
  twice,
  withoutOurs,
} from '../support/injected.ts'
import { limitRangeViolations } from '../support/limit-range.ts'
import { allContainers, initNames, listAt, objectAt, valueAt } from '../support/pod-reader.ts'
import { restrictedViolations } from '../support/pod-security.ts'
import {
  deepFreeze,
  equal,
  forAll,
  forEveryCopy,
  forEveryInjection,
  injection,
  partsOf,
  podAndContext,
  runs,
} from '../support/property.ts'
import { effectiveLimits, effectiveRequests, limitsOf, qosClass, raised, requestsOf } from '../support/qos.ts'

t.test('never throws on any JSON', async (t) => {
  forAll(t, 1, fc.tuple(arbitraryGarbage, arbitraryContext), ([garbage, context]) => {
    equal(decide(garbage, context).patch, [], 'patch')
    return true
  })
})

t.test('never throws on a pod of which one node is something else, and its patch fits', async (t) => {
  // More often, since there are many nodes.
  forAll(t, 0.15, fc.tuple(arbitraryAlmostPod, arbitraryContext), fitsOrPasses, 5 * runs)
})

t.test('gives the same answer to the same pod, and changes neither pod nor context', async (t) => {
  forAll(t, 1, podAndContext, ([pod, context]) => {
    const answer = decide(deepFreeze(pod), deepFreeze(context))
    equal(decide(pod, context), answer, 'again')
    equal(decide(asParsed(pod), structuredClone(context)), answer, 'of copies')
    return true
  })
})

t.test('shares nothing between patch and pod', async (t) => {
  forEveryInjection(t, 0.4, ({ pod, context, decision }) => {
    const ofPod = new Set(partsOf(pod))
    const ofContext = new Set(partsOf(context))
    for (const part of partsOf(decision.patch)) {
      if (ofPod.has(part) || ofContext.has(part)) throw new Error(`shared: ${JSON.stringify(part)}`)
    }
    return true
  })
})

t.test('wants nothing more of a pod that it has injected, and knows why', async (t) => {
  forEveryInjection(t, 0.4, ({ after, context, decision }) => {
    const second = decide(after, context)
    equal(second.patch, [], 'second patch')
    for (const { code, feature } of decision.reasons) {
      if (code !== 'lock-added' && code !== 'nap-added') continue
      const again = second.reasons.filter((reason) => reason.feature === feature).map((reason) => reason.code)
      if (!again.includes('already-injected') || again.includes(code)) throw new Error(`${feature}: ${again.join()}`)
    }
    return true
  })
})

t.test('leaves all that is not its own as it was, and where it was', async (t) => {
  forEveryInjection(t, 0.4, ({ pod, context, after }) => {
    leftAlone(pod, after, context)
    return true
  })
})

t.test('puts the init container at an end of the list', async (t) => {
  forEveryInjection(t, 0.3, ({ pod, after }) => {
    const names = initNames(after)
    if (!names.includes('usher-lock') || initNames(pod).includes('usher-lock')) return false
    if (names.at(0) !== 'usher-lock' && names.at(-1) !== 'usher-lock') throw new Error(names.join())
    return true
  })
})

t.test('names nothing in the pod that is not there', async (t) => {
  forEveryInjection(t, 0.4, ({ pod, after }) => {
    equal(newlyMissing(pod, after), [], 'missing')
    return true
  })
})

t.test('keeps the QoS class', async (t) => {
  forEveryInjection(t, 0.4, ({ pod, after }) => {
    equal(qosClass(after), qosClass(pod), 'class')
    return true
  })
})

t.test('raises neither the requests nor the limits of the pod', async (t) => {
  forEveryInjection(t, 0.4, ({ pod, after }) => {
    equal(raised(effectiveRequests(pod), effectiveRequests(after)), [], 'raised requests')
    equal(raised(effectiveLimits(pod), effectiveLimits(after)), [], 'raised limits')
    return true
  })
})

t.test('gives the init container the amounts of the first regular container', async (t) => {
  forEveryInjection(t, 0.3, ({ pod, after }) => {
    if (initNames(pod).includes('usher-lock')) return false
    const ours = listAt(after, 'spec', 'initContainers').find(({ name }) => name === 'usher-lock')
    const [first] = listAt(after, 'spec', 'containers')
    if (ours === undefined || first === undefined) return false
    equal(amountsOf(ours), amountsOf(first), 'requests and limits')
    return true
  })
})

t.test('is admitted by every LimitRange that admits the pod', async (t) => {
  forAll(t, 0.08, fc.tuple(arbitraryPod, arbitraryContext, arbitraryLimits), ([pod, context, recipes]) => {
    const limits = limitsFor(pod, recipes)
    const isBound = limits.some(({ min, max, maxLimitRequestRatio }) =>
      [min, max, maxLimitRequestRatio].some((bounds) => Object.keys(bounds ?? {}).length > 0),
    )
    if (!isBound || limitRangeViolations(limits, pod).length > 0) return false
    const { after, decision } = injection([pod, context])
    equal(limitRangeViolations(limits, after), [], JSON.stringify(limits))
    return decision.patch.length > 0
  })
})

t.test('raises the grace periods by the nap, so that every nap ends before them', async (t) => {
  forEveryInjection(t, 0.2, ({ pod, after }) => {
    const naps = newNaps(pod, after)
    for (const container of naps) {
      const nap = napSeconds(container) ?? 0
      if (graceOf(after) < graceOf(pod) + nap) throw new Error(`grace period of ${graceOf(after)} s, nap of ${nap} s`)
      if (nap >= graceOf(after)) throw new Error(`sleeps ${nap} s of ${graceOf(after)} s`)
      for (const probe of ['livenessProbe', 'startupProbe']) {
        const grace = valueAt(container, probe, 'terminationGracePeriodSeconds')
        if (typeof grace === 'number' && grace <= nap) throw new Error(`${probe} leaves ${grace} s for ${nap} s`)
      }
    }
    return naps.length > 0
  })
})

t.test('satisfies Pod Security restricted where the pod did', async (t) => {
  forEveryInjection(t, 0.2, ({ pod, after }) => {
    if (restrictedViolations(pod).length > 0) return false
    equal(restrictedViolations(after), [], 'violations')
    return true
  })
})

t.test('runs its init container as a user that is a number and not 0', async (t) => {
  forEveryInjection(t, 0.3, ({ pod, after }) => {
    if (initNames(pod).includes('usher-lock')) return false
    const ours = listAt(after, 'spec', 'initContainers').find(({ name }) => name === 'usher-lock')
    const user = valueAt(ours, 'securityContext', 'runAsUser')
    if (ours !== undefined && !(Number.isInteger(user) && Number(user) > 0)) throw new Error(String(user))
    return ours !== undefined
  })
})

t.test('gives a token to the init container that waits for the lock where that is turned on, and to no other container', async (t) => {
  let given = 0
  forEveryInjection(t, 0.4, ({ pod, context, decision, after }) => {
    const waits = decision.reasons.some(({ code }) => code === 'lock-added' || code === 'gate-added')
    const wanted = waits && context.config.lock.token
    const isToken = ({ name }: JsonObject) => name === 'usher-token'
    const [old, now] = [pod, after].map((each) => listAt(each, 'spec', 'volumes').filter(isToken))
    const volume = {
      name: 'usher-token',
      projected: { defaultMode: 292, sources: [{ serviceAccountToken: { audience: 'usher', expirationSeconds: 3_600, path: 'token' } }] },
    }
    equal(now, wanted ? [volume] : old, 'volumes')
    const [before, mounting] = [pod, after].map((each) => allContainers(each).filter((container) => listAt(container, 'volumeMounts').some(isToken)))
    equal(mounting?.map(({ name }) => name), wanted ? ['usher-lock'] : before?.map(({ name }) => name), 'containers')
    if (!wanted) return true
    equal(listAt(mounting?.[0], 'volumeMounts').filter(isToken), [{ name: 'usher-token', mountPath: '/usher-token', readOnly: true }], 'mount')
    equal(newlyMissing(pod, after), [], 'missing')
    given++
    return true
  })
  t.ok(runs < 100 || given > 0.04 * runs, `${given} tokens`)
})

t.test('stands another injector between two reviews', async (t) => {
  forAll(t, 0.4, fc.tuple(podAndContext, arbitraryChange), ([value, change]) => {
    const first = injection(value)
    const { pod, context } = first
    const changed = anotherInjector(pod, first.after, change)
    const { after } = injection([changed, context])
    equal(decide(after, context).patch, [], 'third patch')
    const before = initNames(changed)
    const names = initNames(after)
    if (before.includes('usher-lock')) equal(names, before, 'init containers')
    equal(names.filter((name) => name !== 'usher-lock'), before.filter((name) => name !== 'usher-lock'), 'others')
    equal(twice(after).filter((what) => !twice(pod).includes(what)), [], 'twice')
    for (const container of newNaps(pod, after)) {
      const wasOther = container['name'] === 'other-sidecar' && change.sidecar?.['lifecycle'] !== undefined
      const nap = napSeconds(container) ?? 0
      if (!wasOther && nap >= graceOf(after)) throw new Error(`sleeps ${nap} s of ${graceOf(after)} s`)
    }
    equal(newlyMissing(changed, after), [], 'missing')
    return first.decision.patch.length > 0
  })
})

t.test('leaves no hook of its own without a handler after a webhook with older types, which is called again', async (t) => {
  forAll(t, 0.1, fc.tuple(podAndContext, arbitraryChange), ([value, change]) => {
    const { pod, context, after } = injection(value)
    const old = { sidecar: undefined, initContainer: false, volume: false, annotation: false, emptiesHooks: true, grace: undefined }
    const emptied = anotherInjector(pod, after, { ...change, emptiesHooks: true })
    if (!emptyHooks(emptied).some((name) => name !== 'other-sidecar' && !emptyHooks(pod).includes(name))) return false
    const last = anotherInjector(emptied, injection([emptied, context]).after, old)
    const ofOther = (hooks: readonly unknown[]) => hooks.filter((name) => name === 'other-sidecar')
    equal(emptyHooks(last), [...emptyHooks(pod), ...ofOther(emptyHooks(emptied))], 'empty hooks')
    return true
  })
})

t.test('brings a copied manifest to rest, with every nap shorter than the grace period', async (t) => {
  forEveryCopy(t, ({ copied, context, after }) => {
    equal(decide(after, context).patch, [], 'third patch')
    for (const container of newNaps(copied, after)) {
      const nap = napSeconds(container) ?? 0
      if (nap >= graceOf(after)) throw new Error(`sleeps ${nap} s of ${graceOf(after)} s`)
    }
  })
})

t.test('adds no mount without its volume to a copied manifest', async (t) => {
  forEveryCopy(t, ({ copied, after }) => {
    equal(newlyMissing(copied, after).filter((part) => part.startsWith('the volume ')), [], 'volumes missing')
  })
})

t.test('adds no nap without its binary to a copied manifest', async (t) => {
  forEveryCopy(t, ({ copied, after }) => {
    equal(missingParts(after, newNaps(copied, after)), [], 'missing')
  })
})

t.test('tells in the status that it writes of no nap that is not there', async (t) => {
  forEveryCopy(t, ({ copied, after }) => {
    const text = valueAt(after, 'metadata', 'annotations', 'usher.dev/status')
    if (typeof text !== 'string' || text === valueAt(copied, 'metadata', 'annotations', 'usher.dev/status')) return
    const status: unknown = JSON.parse(text)
    const told = valueAt(status, 'nap', 'containers') ?? []
    const naps = newNaps({}, after).filter((container) => napSeconds(container) === valueAt(status, 'nap', 'seconds'))
    const found = naps.map(({ name }) => name).filter((name) => Array.isArray(told) && told.includes(name))
    equal(found, told, 'containers')
    equal(missingParts(after, naps.filter(({ name }) => found.includes(name))), [], 'missing')
  })
})

t.test('takes a status for nothing where nothing else of usher is in the pod', async (t) => {
  forAll(t, 0.3, fc.tuple(podAndContext, arbitraryChange), ([value, change]) => {
    const { pod, context, after, decision } = injection(value)
    const later = injection([anotherInjector(pod, after, { ...change, sidecar: undefined }), context]).after
    const status = valueAt(later, 'metadata', 'annotations', 'usher.dev/status')
    if (typeof status !== 'string') return false
    // With a grace period of 1 s it cannot be told from a pod whose nap was taken out because of that.
    if (graceOf(pod) < 2) return false
    // Nor from one whose hook was taken out because another webhook empties it.
    if (status.includes('"lost":')) return false
    const annotations = { ...objectAt(pod, 'metadata', 'annotations'), 'usher.dev/status': status }
    const copied = { ...pod, metadata: { ...objectAt(pod, 'metadata'), annotations } }
    equal(ofSpec(decide(copied, context)), ofSpec(decision), 'patch of the spec')
    return true
  })
})

const anyPod = fc.oneof({ weight: 3, arbitrary: arbitraryPod }, { weight: 1, arbitrary: arbitraryAlmostPod })

t.test('gives at least one reason, and all of its table', async (t) => {
  forAll(t, 1, fc.tuple(anyPod, arbitraryContext), ([pod, context]) => {
    const { reasons } = decide(pod, context)
    if (reasons.length === 0) throw new Error('there is no reason')
    for (const { code, containers } of reasons) {
      if (!Object.hasOwn(reasonTable, code)) throw new Error(`${code} is not of the table`)
      if (containers?.length === 0) throw new Error(`${code} is about no container`)
    }
    return true
  })
})

t.test('warns in printable characters', async (t) => {
  forAll(t, 0.2, fc.tuple(anyPod, arbitraryContext), ([pod, context]) => {
    const { warnings } = decide(pod, context)
    for (const warning of warnings) {
      if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(warning) || !warning.isWellFormed()) throw new Error(JSON.stringify(warning))
    }
    return warnings.length > 0
  })
})

t.test('warns in at most 300 characters', async (t) => {
  forAll(t, 0.2, fc.tuple(anyPod, arbitraryContext), ([pod, context]) => {
    const { warnings } = decide(pod, context)
    for (const warning of warnings) {
      if (warning.length > 300) throw new Error(`${warning.length} characters: ${warning}`)
    }
    return warnings.length > 0
  })
})

t.test('never patches a pod that opts out', async (t) => {
  const optOut = fc.constantFrom(
    { annotations: { 'usher.dev/inject': 'disabled' } },
    { annotations: { 'usher.dev/inject': 'FALSE' } },
    { annotations: { 'usher.dev/inject': 'No' } },
    { annotations: { 'usher.dev/inject': 'off' } },
    { labels: { 'usher.dev/inject': 'disabled' } },
  )
  forAll(t, 0.4, fc.tuple(podAndContext, optOut), ([[pod, context], out]) => {
    const { metadata } = pod
    const annotations = { ...objectAt(metadata, 'annotations'), ...out.annotations }
    const labels = { ...objectAt(metadata, 'labels'), ...out.labels }
    const optedOut = { ...pod, metadata: { ...objectAt(metadata), annotations, labels } }
    equal(decide(optedOut, context).patch, [], 'patch')
    return decide(pod, context).patch.length > 0
  })
})

function fitsOrPasses([almost, context]: readonly [unknown, DecisionContext]): boolean {
  const decision = decide(almost, context)
  if (decision.patch.length === 0) return false
  const pod = asParsed(objectAt(almost))
  const after = patched(pod, decision)
  equal(decide(after, context).patch, [], 'second patch')
  leftAlone(pod, after, context)
  return true
}

function leftAlone(pod: JsonObject, after: JsonObject, { namespace }: DecisionContext): void {
  const { was, is } = withoutOurs(pod, after, namespace.annotations)
  if (was !== is) throw new Error(`was\n${was}\nis\n${is}`)
}

function ofSpec({ patch }: Decision): unknown[] {
  return patch.filter(({ path }) => path.startsWith('/spec/'))
}

function amountsOf(container: JsonObject): unknown {
  const resources = ['cpu', 'memory', 'ephemeral-storage']
  return [requestsOf(container), limitsOf(container)].map((amounts) => resources.map((name) => String(amounts.get(name))))
}
