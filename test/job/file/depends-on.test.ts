import t from 'tap'
import { launchOrder } from '../../../src/job/file/launch-order.ts'
import { faultsIn, jobIn, read } from '../../support/job-file.ts'

const check = 'healthcheck: {type: tcp, port: 1}'
const two = (dependsOn: string, db = '', app = '') => `name: web\ncontainers:\n  app: {image: i, depends_on: ${dependsOn}${app}}\n  db: {image: i${db}}\n`
const appOf = (text: string) => jobIn(text).containers[0]

t.test('the short form waits until a sibling is healthy where it says so, else until it has started', async (t) => {
  t.strictSame(appOf(two('[db]', `, ${check}`))?.dependsOn, [{ container: 'db', condition: 'healthy' }])
  t.strictSame(appOf(two('[db]'))?.dependsOn, [{ container: 'db', condition: 'started' }])
  t.strictSame(appOf(two('{db: {}}'))?.dependsOn, [{ container: 'db', condition: 'started' }])
})

t.test('conditions, in our words and in those of Compose', async (t) => {
  for (const [written, condition] of [
    ['healthy', 'healthy'],
    ['service_healthy', 'healthy'],
    ['started', 'started'],
    ['service_started', 'started'],
  ] as const) {
    t.strictSame(appOf(two(`{db: {condition: ${written}}}`, `, ${check}`))?.dependsOn, [{ container: 'db', condition }], written)
  }
  for (const written of ['completed', 'service_completed_successfully']) {
    const { containers } = jobIn(two(`{db: {condition: ${written}}}`))
    t.match(containers, [{ dependsOn: [{ container: 'db', condition: 'completed' }] }, { restart: { policy: 'on-failure' } }], 'what is to end is not started again for ever')
    t.equal(jobIn(two(`{db: {condition: ${written}}}`, ', restart: never')).containers[1]?.restart.policy, 'never')
  }
})

t.test('what others wait for must be able to be it', async (t) => {
  for (const [text, fault] of [
    [two('{db: {condition: healthy}}'), '3:32: app waits for db to be healthy, which has no healthcheck; give it one, or wait for started'],
    [two('{db: {condition: ready}}'), '3:48: condition must be one of healthy, started, completed, service_healthy, service_started, service_completed_successfully, not "ready"'],
    [two('[db]', ', restart: on-failure'), '4:18: others wait for db, and go on beside it: restart must be always, not on-failure, or they wait for condition: completed'],
    [two('[db]', ', restart: "no"'), '4:18: others wait for db, and go on beside it: restart must be always, not no, or they wait for condition: completed'],
    [two('{db: {condition: completed}}', ', restart: unless-stopped'), '4:18: db is to end before others start, and would be started again for ever: restart must be on-failure or never, not unless-stopped'],
    [two('{db: {timeout: 1m}}'), '3:37: timeout is of other workloads, such as job/db; a container of the same job is waited for as long as it takes'],
    [two('{db: {restart: true}}'), '3:37: restart is not supported: containers of a job are started again each on its own'],
    [two('[db, db]'), '3:36: depends_on: "db" stands there twice'],
    [`${two('{db: {condition: completed}}')}  third: {image: i, depends_on: {db: {condition: started}}}\n`, '5:34: third waits for db to be started, and another for it to be completed: it is either to end, or to go on'],
  ] as const) {
    t.strictSame(faultsIn(text), [fault], text)
  }
})

t.test('a container may wait for other workloads: the job does then', async (t) => {
  const job = jobIn(two('{db: {condition: started}, job/queue: {timeout: 90}}', ', depends_on: [service/shop/redis, statefulset/x]'))
  t.strictSame(job.dependsOn, ['job/queue:timeout=90s', 'service/shop/redis', 'statefulset/x'])
  t.strictSame(job.containers[0]?.dependsOn, [{ container: 'db', condition: 'started' }])
  t.strictSame(jobIn(two('[job/a]', ', depends_on: [job/a]')).dependsOn, ['job/a'])
  t.strictSame(faultsIn(two('[job/a]', ', depends_on: {job/a: {timeout: 1m}}')), ['4:31: depends_on: job/a stands elsewhere in this job with other options; a job waits once'])
})

t.test('unknown names and circles: what cannot be, and the order as far as there is one', async (t) => {
  const codes = (text: string) => {
    const reading = read(text)
    return 'problems' in reading ? reading.problems.map(({ code }) => code) : []
  }
  t.strictSame(faultsIn(two('[bd]')), ['3:32: app waits for bd, which is no container of this job; order of launch as far as there is one: db'])
  t.strictSame(codes(two('[bd]')), ['unsatisfied-dependency'])
  t.strictSame(faultsIn(two('[db]', ', depends_on: [app]')), ['3:32: app waits for db waits for app, in a circle; there is no order of launch'])
  t.strictSame(codes(two('[db]', ', depends_on: [app]')), ['unsatisfied-dependency'])
  t.strictSame(faultsIn(two('[app]')), ['3:32: app waits for itself; order of launch as far as there is one: db'])
})

t.test('the order of launch keeps that of the file where it can', async (t) => {
  t.strictSame(launchOrder(new Map([['a', ['c']], ['b', []], ['c', ['b']], ['d', []]])), { order: ['b', 'c', 'd', 'a'], stuck: [], cycles: [] })
  t.strictSame(launchOrder(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']], ['d', ['none']], ['e', ['d', 'f']], ['f', ['e']], ['g', []]])), {
    order: ['g'],
    stuck: ['a', 'b', 'c', 'd', 'e', 'f'],
    cycles: [['b', 'c'], ['e', 'f']],
  })
  t.strictSame(launchOrder(new Map([['a', ['c', 'b']], ['b', ['a']], ['c', ['none']]])).cycles, [['a', 'b']], 'a circle beside what is not there')
})
