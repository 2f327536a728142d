import jsonpatch, { type Operation } from 'fast-json-patch'
import t from 'tap'
import type { Controller } from '../../../src/inject/pod.ts'
import type { DecisionContext } from '../../../src/inject/context.ts'
import { decide } from '../../../src/inject/decide.ts'
import type { Job } from '../../../src/job/job.ts'
import { copyOf, type Json, type JsonObject } from '../../../src/units/json.ts'
import { context as usual } from '../../support/context.ts'
import { container, job, seen, simpleWebapp } from '../../support/job-values.ts'
import { initNames, listAt, objectAt, valueAt } from '../../support/pod-reader.ts'

// In a namespace that says nothing: the pods of jobs opt in by themselves.
const context: DecisionContext = { ...usual, namespace: { ...usual.namespace, labels: {} } }
const execNap: DecisionContext = { ...context, config: { ...context.config, nap: { ...context.config.nap, method: 'exec' } } }

/** A pod of a job as the webhook leaves it, and the codes of what it did. */
function injected(value: Job, given: DecisionContext, kind: Controller['kind']): { readonly pod: JsonObject; readonly codes: readonly string[]; readonly warnings: readonly string[] } {
  const { metadata, spec } = objectAt(seen(value).workload, 'spec', 'template')
  const owner = { apiVersion: 'v1', kind, name: 'web-1', uid: '1', controller: true }
  const pod = copyOf({ apiVersion: 'v1', kind: 'Pod', metadata: { ...objectAt({ metadata }, 'metadata'), name: 'web-1-a', ownerReferences: [owner] }, spec }) as Json
  const { patch, reasons, warnings } = decide(pod, given)
  const patched = jsonpatch.applyPatch(pod, copyOf(patch) as Operation[]).newDocument as JsonObject
  return { pod: patched, codes: reasons.map(({ code }) => code), warnings }
}

t.test('the lock comes first, then the program of checks, then the sidecars; the nap is added to the grace period', async (t) => {
  const { pod, codes, warnings } = injected(simpleWebapp, context, 'ReplicaSet')
  t.strictSame(initNames(pod), ['usher-lock', 'usher-probe', 'db'])
  t.ok(codes.includes('lock-added') && codes.includes('nap-added'), codes.join(', '))
  t.strictSame(warnings, [])
  t.equal(valueAt(pod, 'spec', 'terminationGracePeriodSeconds'), 30)
})

t.test('the volume of the nap goes beside that of the checks', async (t) => {
  const { pod, codes } = injected(simpleWebapp, execNap, 'ReplicaSet')
  t.strictSame(codes.filter((code) => code.includes('conflict')), [])
  t.match(listAt(pod, 'spec', 'containers')[0]?.['volumeMounts'], [{ mountPath: '/usher-probe' }, { mountPath: '/data/shared' }, { mountPath: '/data/scratch' }, { mountPath: '/usher' }])
  t.match(valueAt(pod, 'metadata', 'annotations', 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes'), /usher-probe,.*usher-bin/)
})

t.test('the pods of a batch job take the lock, and do not nap', async (t) => {
  const once = container('once', { restart: { policy: 'never' } })
  const { codes } = injected(job([once]), context, 'Job')
  t.strictSame(codes.toSorted(), ['finishes-by-itself', 'lock-added'])
  t.match(injected(job([once], { startupLock: { isEnabled: false } }), context, 'Job').codes, ['finishes-by-itself', 'lock-disabled'])
})

t.test('what the file says of lock and nap is understood', async (t) => {
  const value = job([container('app')], { startupLock: { isEnabled: true, timeoutSeconds: 90 }, napSeconds: 15 })
  const { pod, warnings } = injected(value, context, 'ReplicaSet')
  t.strictSame(warnings, [])
  t.match(listAt(pod, 'spec', 'initContainers'), [{ args: /--max-wait=90s/ }])
  t.match(listAt(pod, 'spec', 'containers')[0]?.['lifecycle'], { preStop: { sleep: { seconds: 15 } } })
  const { codes } = injected(job([container('app')], { startupLock: { isEnabled: false }, napSeconds: 0 }), context, 'ReplicaSet')
  t.strictSame(codes.toSorted(), ['lock-disabled', 'nap-disabled'])
})
