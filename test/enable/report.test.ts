import t from 'tap'
import { candidateOf } from '../../src/enable/candidate.ts'
import { remarksOf, type Row } from '../../src/enable/obstacles.ts'
import { planOf } from '../../src/enable/plan.ts'
import { type Report, reportLines, toJson } from '../../src/enable/report.ts'
import type { Verdict } from '../../src/enable/trial.ts'
import { nextSteps } from '../../src/enable/wish.ts'
import { context } from '../support/context.ts'
import { workload } from '../support/enable-world.ts'

const off = { ...context, namespace: { ...context.namespace, labels: {} } }

function row(kind: string, name: string, verdict?: Verdict, { isLoss = false, running = 0, injected = 0 } = {}): Row {
  const candidate = candidateOf({ apiVersion: 'apps/v1', kind, ...workload(name) })
  if (candidate === undefined) throw new Error('there is no candidate')
  return { candidate, pods: { running, injected }, plan: isLoss ? planOf(candidate, context, off) : planOf(candidate, off, context), verdict }
}

function report(rows: readonly Row[], parts: Partial<Report> = {}): Report {
  const isHypothetical = parts.isHypothetical ?? false
  return { namespace: 'shop', from: 'none', to: 'enabled', isHypothetical, rows, ...remarksOf('shop', rows, isHypothetical), ...parts }
}

const text = (of: Report) => reportLines(of, (_color, part) => part).join('\n')
const passes: Verdict = { kind: 'passes', missing: [] }
const rejected: Verdict = { kind: 'rejected', message: 'no init containers here', cures: ['lock'] }

t.test('a line for each workload: what is refused comes first, what stays as it is last', async (t) => {
  const rows = [row('DaemonSet', 'agent', undefined, { running: 3 }), row('Deployment', 'web', passes, { running: 2, injected: 1 }), row('StatefulSet', 'db', rejected)]
  t.equal(
    text(report(rows)),
    `KIND          NAME    PODS            NEW PODS                                  DRY RUN
StatefulSet   db      0               +lock; +nap 10s in web, grace 30s → 40s   REJECTED
Deployment    web     2, 1 injected   +lock; +nap 10s in web, grace 30s → 40s   passes
DaemonSet     agent   3               daemonset-pod                             -

In namespace shop, new pods of 2 of 3 workloads change (usher.dev/inject: not set → enabled).
Pods that run stay as they are until they are made anew: 5, of which 1 carries what usher puts in.

× the new pods of 1 workload would be rejected for what usher puts into them
    StatefulSet db: no init containers here; it passes with usher.dev/lock: disabled
    to mend it: leave that part out, for all pods of the namespace (kubectl annotate namespace shop usher.dev/lock=disabled) or by the same annotation of a pod template; or have the policy, quota or webhook that says so allow it: the init container usher-lock and its image, preStop sleeps, the longer grace period; or opt these pods out (usher.dev/inject: disabled)`,
  )
})

t.test('one annotation is advised where it mends all, and none where it does not', async (t) => {
  const advice = (...cures: ('lock' | 'nap')[][]) => report(cures.map((each, index) => row('Deployment', `w${index}`, { ...rejected, cures: each }))).obstacles[0]?.hint
  t.match(advice(['nap']), /shop usher\.dev\/nap=disabled/)
  t.match(advice(['lock', 'nap'], ['nap']), /shop usher\.dev\/nap=disabled/)
  t.notMatch(advice(['lock'], ['nap']), /annotate/)
  t.notMatch(advice([]), /annotate/)
})

t.test('what is rejected without usher, too, is told and is no obstacle', async (t) => {
  const { obstacles, notes } = report([row('Deployment', 'web', { kind: 'rejected-anyway', message: 'exceeded quota' })])
  t.strictSame(obstacles, [])
  t.match(notes, [{ detail: /rejected as it is, whatever usher does/, items: ['Deployment web: exceeded quota'] }])
})

t.test('what cannot be told is an obstacle; what is taken out again is told', async (t) => {
  const { obstacles, notes } = report([row('Deployment', 'web', { kind: 'untried', message: 'down' }), row('Deployment', 'api', { kind: 'passes', missing: ['lock'] })])
  t.match(obstacles, [{ detail: /cannot be told/, items: ['Deployment web: down'] }])
  t.match(notes, [{ items: ['Deployment api: no lock'], hint: /usher check/ }])
})

t.test('audit mode puts nothing in: what would be rejected is no obstacle, what pods lose by it is', async (t) => {
  const gains = report([row('Deployment', 'web', rejected)], { to: 'audit', isHypothetical: true })
  t.strictSame(gains.obstacles, [])
  t.match(gains.notes, [{ detail: /would be rejected for what usher puts into them/ }])
  t.match(text(gains), /would get something, were usher on; in audit mode none does\./)
  const losing = report([row('Deployment', 'web', rejected, { isLoss: true })], { to: 'audit', isHypothetical: true })
  t.match(losing.obstacles, [{ detail: /would be rejected without what usher puts into them/ }])
})

t.test('a policy that asks for what usher puts in is told when it is turned off', async (t) => {
  const rows = [row('Deployment', 'web', { kind: 'rejected', message: 'preStop hooks, please', cures: [] }, { isLoss: true, running: 2, injected: 2 })]
  t.match(text(report(rows, { from: 'enabled', to: 'none' })), /-lock; -nap 10s in web, grace 40s → 30s +REJECTED[^]+enabled → not set[^]+× the new pods of 1 workload would be rejected without[^]+give their pod templates what is asked for/)
})

t.test('an empty namespace', async (t) => {
  t.equal(text(report([])), 'Nothing in namespace shop makes pods, and none run there.')
})

t.test('thousands of workloads do not fill the terminal, and are all in the JSON', async (t) => {
  const rows = Array.from({ length: 250 }, (_each, index) => row('Deployment', `w${index}`, rejected))
  const lines = text(report(rows)).split('\n')
  t.ok(lines.includes('… and 50 more (-o json has them)'))
  t.ok(lines.includes('    … and 240 more (-o json has them)'))
  const json = JSON.parse(JSON.stringify(toJson(report(rows)))) as { workloads: object[]; obstacles: { items: string[] }[] }
  t.equal(json.workloads.length, 250)
  t.equal(json.obstacles[0]?.items.length, 250)
  t.match(json.workloads[0], { kind: 'Deployment', name: 'w0', source: 'template', change: 'gains', nap: { method: 'native', seconds: 10, containers: ['web'] }, grace: { without: 30, with: 40 }, lock: true, reasons: [{ code: 'nap-added' }, { code: 'lock-added' }], dryRun: { kind: 'rejected', cures: ['lock'] } })
})

t.test('names of the cluster do not steer the terminal', async (t) => {
  const odd = row('Deployment', 'web', { kind: 'rejected', message: 'no\u{1b}[2Jthing', cures: [] })
  t.notOk(text(report([odd])).includes('\u{1b}'))
})

t.test('afterwards: how pods that run are made anew, one workload named', async (t) => {
  const wish = { namespace: 'shop', from: 'none', to: 'enabled' } as const
  const rows = [row('DaemonSet', 'agent', undefined, { running: 3 }), row('ReplicaSet', 'lone', passes, { running: 1 }), row('Deployment', 'web', passes, { running: 2 })]
  t.match(nextSteps(wish, rows, 'x').join('\n'), /made anew, workload after workload: kubectl --namespace shop rollout restart deployment web$/)
  t.match(nextSteps(wish, rows.slice(0, 2), 'x').join('\n'), /until they are made anew$/)
  t.equal(nextSteps(wish, rows.slice(0, 1), 'x').length, 1, 'where none would gain by it')
})
