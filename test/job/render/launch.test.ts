import * as fc from 'fast-check'
import t from 'tap'
import type { JobContainer } from '../../../src/job/job.ts'
import { planLaunch } from '../../../src/job/render/launch.ts'
import { container, job } from '../../support/job-values.ts'

const on = (name: string, condition: 'started' | 'healthy' | 'completed' = 'started'): JobContainer['dependsOn'][number] => ({ container: name, condition })

/** What a launch is, in words. */
function shown(containers: readonly JobContainer[]): unknown {
  const launch = planLaunch(job(containers))
  if ('problems' in launch) return launch.problems.map(({ code, detail, members }) => [code, detail, members?.['launchOrder']])
  return [launch.first.map(({ container, role, isGate }) => `${container.name} ${role}${isGate ? ' gate' : ''}`), launch.last.map(({ name }) => name)]
}

t.test('what others wait for comes first, each after what it waits for itself; the rest stays in the order of the file', async (t) => {
  const found = shown([
    container('web', { dependsOn: [on('migrate', 'completed'), on('cache')] }),
    container('worker', { dependsOn: [on('db', 'healthy')] }),
    container('migrate', { dependsOn: [on('db', 'healthy')] }),
    container('cache'),
    container('db'),
    container('logs'),
  ])
  t.strictSame(found, [['cache sidecar', 'db sidecar gate', 'migrate task'], ['web', 'worker', 'logs']])
})

t.test('one that waits for health makes a gate of it for all', async (t) => {
  const found = shown([container('a', { dependsOn: [on('db')] }), container('b', { dependsOn: [on('db', 'healthy')] }), container('db')])
  t.strictSame(found, [['db sidecar gate'], ['a', 'b']])
})

t.test('a cycle is named as it goes, with the order of launch as far as there is one', async (t) => {
  const found = shown([
    container('app', { dependsOn: [on('api')] }),
    container('api', { dependsOn: [on('db')] }),
    container('db', { dependsOn: [on('api'), on('cache')] }),
    container('cache'),
  ])
  t.strictSame(found, [['unsatisfied-dependency', 'The containers wait for each other: api waits for db waits for api. In the order of launch: cache.', ['cache']]])
})

t.test('a container that waits for itself is a cycle', async (t) => {
  t.strictSame(shown([container('app', { dependsOn: [on('app')] })]), [['unsatisfied-dependency', 'The containers wait for each other: app waits for app.', []]])
})

t.test('unknown names are told, each', async (t) => {
  t.match(shown([container('app', { dependsOn: [on('bd'), on('cahce')] })]), [['unsatisfied-dependency', /app waits for bd, and/], ['unsatisfied-dependency', /cahce/]])
})

t.test('a sidecar that is not always restarted cannot be', async (t) => {
  t.match(shown([container('app', { dependsOn: [on('db')] }), container('db', { restart: { policy: 'on-failure', tries: 3 } })]), [
    ['unsatisfied-dependency', /Kubernetes restarts sidecars always, and db says restart: on-failure/, ['db', 'app']],
  ])
  t.strictSame(shown([container('app', { dependsOn: [on('task', 'completed')] }), container('task', { restart: { policy: 'never' } })]), [['task task'], ['app']])
})

t.test('nothing can both complete and stay', async (t) => {
  t.match(shown([container('a', { dependsOn: [on('db', 'completed')] }), container('b', { dependsOn: [on('db')] }), container('db')]), [['unsatisfied-dependency', /^db cannot be both/]])
})

t.test('of any containers, each starts after what it waits for, or a cycle is told', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const arbitrary = fc.array(fc.subarray(names), { minLength: names.length, maxLength: names.length })
  fc.assert(
    fc.property(arbitrary, (waits) => {
      const containers = names.map((name, index) => container(name, { dependsOn: (waits[index] ?? []).map((each) => on(each)) }))
      const launch = planLaunch(job(containers))
      const reaches = (from: string, to: string, seen: readonly string[] = []): boolean =>
        (waits[names.indexOf(from)] ?? []).some((next) => next === to || (!seen.includes(next) && reaches(next, to, [...seen, next])))
      const isCyclic = names.some((name) => reaches(name, name))
      if ('problems' in launch) return isCyclic
      const order = [...launch.first.map(({ container }) => container), ...launch.last]
      const isSorted = order.every(({ dependsOn }, index) => dependsOn.every(({ container }) => order.findIndex(({ name }) => name === container) < index))
      return !isCyclic && order.length === names.length && isSorted && launch.last.length > 0
    }),
  )
})
