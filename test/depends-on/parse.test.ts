import * as fc from 'fast-check'
import t from 'tap'
import { type Dependency, longestTimeoutSeconds, targetKinds } from '../../src/depends-on/dependency.ts'
import { parseDependsOn } from '../../src/depends-on/parse.ts'
import { printDependsOn } from '../../src/depends-on/print.ts'
import { isSame } from '../../src/units/json.ts'

const whole = (text: string): readonly string[] => parseDependsOn(text).dependencies.map((each) => printDependsOn([each]))
const faults = (text: string): readonly string[] => parseDependsOn(text).faults.map(({ text: part, why }) => `${part}: ${why}`)

t.test('entries are separated by commas, with spaces and lines around them', async (t) => {
  const { dependencies } = parseDependsOn(' job/db,service/shop/redis ,\n  deployment/api:timeout=5m:on-timeout=fail,\n')
  t.strictSame(dependencies, [
    { target: { kind: 'job', namespace: undefined, name: 'db' }, timeoutSeconds: 600, onTimeout: 'proceed' },
    { target: { kind: 'service', namespace: 'shop', name: 'redis' }, timeoutSeconds: 600, onTimeout: 'proceed' },
    { target: { kind: 'deployment', namespace: undefined, name: 'api' }, timeoutSeconds: 300, onTimeout: 'fail' },
  ])
})

t.test('options may come in any order, and of two that are the same the last counts', async (t) => {
  t.strictSame(whole('service/a:on-timeout=fail:timeout=1h30m'), ['service/a:timeout=5400s:on-timeout=fail'])
  t.strictSame(whole('service/a : timeout = 1s : timeout=2s'), ['service/a:timeout=2s'])
  t.strictSame(whole('service/a:timeout=500ms'), ['service/a:timeout=1s'])
})

t.test('nothing, and what says no, is no dependency and no fault', async (t) => {
  for (const text of ['', ' ', '\n', 'disabled', 'Disabled', ' no ', 'off', 'false', ',', ', ,']) {
    t.strictSame(parseDependsOn(text), { dependencies: [], faults: [] }, JSON.stringify(text))
  }
})

t.test('what is no target is passed over, and said why', async (t) => {
  const kind = 'it does not begin with one of job, service, deployment, statefulset, daemonset, and a slash'
  const form = 'it is neither KIND/NAME nor KIND/NAMESPACE/NAME'
  const name = 'its name is not one that Kubernetes allows'
  for (const [text, why] of [
    ['redis', kind],
    ['svc/redis', kind],
    ['Service/redis', kind],
    ['/redis', kind],
    ['service', form],
    ['service/a/b/c', form],
    ['service/', name],
    ['service/a/', name],
    ['service/Redis', name],
    ['service/a.b', name],
    [`service/${'a'.repeat(64)}`, name],
    [`deployment/${'a'.repeat(254)}`, name],
    ['deployment/a_b', name],
    ['service//redis', 'its namespace is not the name of one'],
    ['service/Shop/redis', 'its namespace is not the name of one'],
  ] as const) {
    t.strictSame(faults(`service/good, ${text}`), [`${text}: ${why}`])
    t.strictSame(whole(`service/good, ${text}`), ['service/good'], 'and the rest counts')
  }
  t.strictSame(whole(`deployment/a.b, job/${'a'.repeat(253)}`), ['deployment/a.b', `job/${'a'.repeat(253)}`])
})

t.test('an option that cannot be read is passed over alone', async (t) => {
  const duration = 'it is not a duration from 1s to 24h, such as 10m'
  for (const [option, why] of [
    ['timeout=soon', duration],
    ['timeout', duration],
    ['timeout=0s', duration],
    ['timeout=24h1s', duration],
    ['timeout=30', duration],
    ['on-timeout=Fail', 'it is neither proceed nor fail'],
    ['on-timeout', 'it is neither proceed nor fail'],
    ['retries=3', 'options are timeout and on-timeout'],
    ['', 'options are timeout and on-timeout'],
  ] as const) {
    t.strictSame(faults(`service/a:${option}`), [`${option} of service/a: ${why}`])
    t.strictSame(whole(`service/a:${option}`), ['service/a'])
  }
})

t.test('of two entries of one target the first counts', async (t) => {
  t.strictSame(whole('service/a:timeout=1m, service/b, service/a'), ['service/a:timeout=60s', 'service/b'])
  t.strictSame(faults('service/a:timeout=1m, service/a'), ['service/a: service/a is named before'])
})

t.test('there are bounds to how much somebody can wait for', async (t) => {
  const many = Array.from({ length: 34 }, (_, index) => `service/a${index}`).join(',')
  t.equal(parseDependsOn(many).dependencies.length, 32)
  t.strictSame(faults(many).length, 2)
  t.strictSame(parseDependsOn('service/a,'.repeat(1_000)).dependencies, [])
  t.match(faults('service/a,'.repeat(1_000)), [/it is longer than 8192 characters/])
})

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/)
const dependency: fc.Arbitrary<Dependency> = fc.record({
  target: fc.record({ kind: fc.constantFrom(...targetKinds), namespace: fc.option(label, { nil: undefined }), name: label }),
  timeoutSeconds: fc.integer({ min: 1, max: longestTimeoutSeconds }),
  onTimeout: fc.constantFrom('proceed' as const, 'fail' as const),
})
const byName = ({ target }: Dependency): string => JSON.stringify(target)

t.test('what is printed reads the same', async (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(dependency, { maxLength: 20, selector: byName }), (dependencies) => {
      const read = parseDependsOn(printDependsOn(dependencies))
      if (!isSame(read, { dependencies, faults: [] })) throw new Error(JSON.stringify(read))
    }),
    { numRuns: 200 },
  )
  t.pass('always')
})

t.test('whatever is written, it never throws, and all of it is either counted or named', async (t) => {
  const word = fc.oneof(fc.string(), fc.constantFrom('service/a', 'job/b', ':', ',', 'timeout=', 'on-timeout=fail', '/'), label)
  fc.assert(
    fc.property(fc.array(word).map((words) => words.join('')), (text) => {
      const { dependencies, faults: found } = parseDependsOn(text)
      const entries = text.split(',').filter((each) => each.trim() !== '')
      return found.length > 0 || dependencies.length === entries.length || ['disabled', 'false', 'no', 'off'].includes(text.trim().toLowerCase())
    }),
    { numRuns: 500 },
  )
  t.pass('none throws')
})
