import { join } from 'node:path'
import t from 'tap'
import { ConfigError, loadConfig, parseConfig } from '../../src/config/load.ts'

/** A file with one fault, and the whole message. */
const faults: readonly (readonly [string, string])[] = [
  ['- nap', '1:1: the file: ["nap"] is not allowed; it must be a map'],
  ['nap', '1:1: the file: "nap" is not allowed; it must be a map'],
  ['true', '1:1: the file: true is not allowed; it must be a map'],
  ['naps: {}', '1:1: naps: unknown key "naps"; known here are systemNamespace, nap, lock, limits'],
  ['# so\n\nnap:\n  enabled: true\n  durations: 5s', '5:3: nap.durations: unknown key "durations"; known here are enabled, duration, method'],
  ['limits:\n  weight: 1', '2:3: limits.weight: unknown key "weight"; known here are nap, lockLease, lockMaxWait, lockWeight, dependsOn'],
  ['Nap: {}', '1:1: Nap: unknown key "Nap"; known here are systemNamespace, nap, lock, limits'],
  ['1: {}', '1:1: 1: unknown key "1"; known here are systemNamespace, nap, lock, limits'],
  ['__proto__: {}', '1:1: __proto__: unknown key "__proto__"; known here are systemNamespace, nap, lock, limits'],
  ['nap: { constructor: 1 }', '1:8: nap.constructor: unknown key "constructor"; known here are enabled, duration, method'],
  ['nap:', '1:1: nap: null is not allowed; it must be a map'],
  ['nap: 10s', '1:1: nap: "10s" is not allowed; it must be a map'],
  ['systemNamespace: Usher', '1:1: systemNamespace: "Usher" is not allowed; it must be the name of a namespace'],
  ['systemNamespace: ""', '1:1: systemNamespace: "" is not allowed; it must be the name of a namespace'],
  ['nap: { enabled: yes }', '1:8: nap.enabled: "yes" is not allowed; it must be true or false'],
  ['nap: { enabled: "true" }', '1:8: nap.enabled: "true" is not allowed; it must be true or false'],
  ['nap: { duration: 10 }', '1:8: nap.duration: 10 is not allowed; it must be a duration from 1s to limits.nap'],
  ['nap: { duration: -5s }', '1:8: nap.duration: "-5s" is not allowed; it must be a duration from 1s to limits.nap'],
  ['nap: { duration: 5 s }', '1:8: nap.duration: "5 s" is not allowed; it must be a duration from 1s to limits.nap'],
  ['nap: { duration: }', '1:8: nap.duration: null is not allowed; it must be a duration from 1s to limits.nap'],
  ['nap: { method: sleep }', '1:8: nap.method: "sleep" is not allowed; it must be one of auto, native, exec'],
  ['lock:\n  image: a b', '2:3: lock.image: "a b" is not allowed; it must be the name of an image'],
  ['lock: { imagePullPolicy: always }', '1:9: lock.imagePullPolicy: "always" is not allowed; it must be one of Always, IfNotPresent, Never'],
  ['lock: { port: 0 }', '1:9: lock.port: 0 is not allowed; it must be a whole number from 1 to 65535'],
  ['lock: { port: 65536 }', '1:9: lock.port: 65536 is not allowed; it must be a whole number from 1 to 65535'],
  ['lock: { port: "8888" }', '1:9: lock.port: "8888" is not allowed; it must be a whole number from 1 to 65535'],
  ['lock: { weight: 1.5 }', '1:9: lock.weight: 1.5 is not allowed; it must be a whole number from 1 to 1000'],
  ['lock: { weight: 0 }', '1:9: lock.weight: 0 is not allowed; it must be a whole number from 1 to 1000'],
  ['lock: { position: middle }', '1:9: lock.position: "middle" is not allowed; it must be one of first, last'],
  ['lock: { token: "true" }', '1:9: lock.token: "true" is not allowed; it must be true or false'],
  ['lock: { runtimeClasses: kata }', '1:9: lock.runtimeClasses: "kata" is not allowed; it must be a list of names of RuntimeClasses'],
  ['lock: { lease: forever }', '1:9: lock.lease: "forever" is not allowed; it must be a duration from 1s to limits.lockLease'],
  ['lock: { maxWait: [5s] }', '1:9: lock.maxWait: ["5s"] is not allowed; it must be a duration from 1s to limits.lockMaxWait'],
  ['limits: { nap: 5 }', '1:11: limits.nap: 5 is not allowed; it must be a duration of at least 1s'],
  ['limits: { lockWeight: 1001 }', '1:11: limits.lockWeight: 1001 is not allowed; it must be a whole number from 1 to 1000'],
  ['lock: { dependsOn: [service/redis] }', '1:9: lock.dependsOn: ["service/redis"] is not allowed; it must be a list as in the annotation usher.dev/depends-on'],
  ['lock: { dependsOn: "service/db, redis" }', '1:9: lock.dependsOn: "redis" is not allowed: it does not begin with one of job, service, deployment, statefulset, daemonset, and a slash'],
  ['limits: { dependsOn: 25h }', '1:11: limits.dependsOn: "25h" is not allowed; it must be a duration from 1s to 86400s, the limit'],
]

/** The same, against the limits. */
const beyond: readonly (readonly [string, string])[] = [
  ['nap: { duration: 0s }', '1:8: nap.duration: 0s is not allowed; it must be a duration from 1s to 300s, the limit'],
  ['nap: { duration: 301s }', '1:8: nap.duration: 301s is not allowed; it must be a duration from 1s to 300s, the limit'],
  ['limits: { nap: 5s }\nnap: { duration: 6s }', '2:8: nap.duration: 6s is not allowed; it must be a duration from 1s to 5s, the limit'],
  ['lock: { lease: 901s }', '1:9: lock.lease: 901s is not allowed; it must be a duration from 1s to 900s, the limit'],
  ['lock: { maxWait: 541s }', '1:9: lock.maxWait: 541s is not allowed; it must be a duration from 1s to 540s, the limit'],
  ['lock: { weight: 17 }', '1:9: lock.weight: 17 is not allowed; the limit is 16'],
  ['limits: { lockWeight: 1 }\nlock:\n  weight: 2', '3:3: lock.weight: 2 is not allowed; the limit is 1'],
]

t.test('a wrong key or value: file, line, column, path, what is wrong, what is allowed', async (t) => {
  for (const [text, message] of faults) t.equal(messageOf(text), `usher.yaml:${message}`, JSON.stringify(text))
  for (const [text, message] of beyond) t.equal(messageOf(text).replaceAll('"', ''), `usher.yaml:${message}`, JSON.stringify(text))
})

t.test('what is not YAML: file, line, column, and what the parser says', async (t) => {
  for (const [text, message] of [
    ['nap: {', /^usher\.yaml:1:7: is not YAML: .*must .*end with a }$/],
    ['nap:\n\tduration: 5s', /^usher\.yaml:2:1: is not YAML: Tabs are not allowed/],
    ['nap: {}\nnap: {}', /^usher\.yaml:2:1: is not YAML: Map keys must be unique$/],
    ['nap: {}\n---\nnap: {}', /^usher\.yaml:2:1: is not YAML: .*multiple documents/],
    ['nap: "', /^usher\.yaml:1:\d: is not YAML: /],
    ['@', /^usher\.yaml:1:1: is not YAML: /],
  ] as const) {
    t.match(messageOf(text), message, JSON.stringify(text))
    t.equal(messageOf(text).split('\n').length, 1, 'on one line')
  }
})

t.test('says everything that is wrong at once', async (t) => {
  t.equal(messageOf('nap:\n  durations: 5s\n  method: sleep\nlocks: {}\nlock:\n  port: x\n').split('\n').toSorted().join('\n'), [
    'usher.yaml:2:3: nap.durations: unknown key "durations"; known here are enabled, duration, method',
    'usher.yaml:3:3: nap.method: "sleep" is not allowed; it must be one of auto, native, exec',
    'usher.yaml:4:1: locks: unknown key "locks"; known here are systemNamespace, nap, lock, limits',
    'usher.yaml:6:3: lock.port: "x" is not allowed; it must be a whole number from 1 to 65535',
  ].join('\n'))
  t.equal(messageOf('lock: { lease: 901s, maxWait: 541s, weight: 17 }\nnap: { duration: 301s }').split('\n').length, 4)
})

t.test('says one thing of one place', async (t) => {
  for (const text of ['lock: { image: 7 }', 'lock: { weight: -1.5 }', 'nap: { duration: {} }', 'systemNamespace: [A]']) {
    t.equal(messageOf(text).split('\n').length, 1, messageOf(text))
  }
})

t.test('a limit that is wrong is one fault, not also one of the value that was never written', async (t) => {
  for (const [text, path] of [
    ['limits: { nap: 0s }', 'limits.nap'],
    ['limits: { lockLease: 0s }', 'limits.lockLease'],
    ['limits: { lockMaxWait: 0ms }', 'limits.lockMaxWait'],
  ] as const) {
    const message = messageOf(text)
    t.equal(message.split('\n').length, 1, message)
    t.match(message.replaceAll('"', ''), new RegExp(`${path}: 0m?s is not allowed`))
  }
})

t.test('shows a value as it was written', async (t) => {
  t.match(messageOf('nap: { duration: 9999999999999999999h }'), /9999999999999999999h"? is not allowed/)
  t.match(messageOf('limits: { lockLease: 9999999999999999999h }'), /9999999999999999999h"? is not allowed/)
})

t.test('shortens a long value', async (t) => {
  const message = messageOf(`nap: { duration: ${'x'.repeat(10_000)} }`)
  t.match(message, /^usher\.yaml:1:8: nap\.duration: "x{10,60}… is not allowed; /)
})

t.test('points at the element of a list that is wrong', async (t) => {
  const message = messageOf('lock:\n  runtimeClasses:\n    - kata\n    - 7\n')
  t.match(message, 'lock.runtimeClasses.1: 7 is not allowed; it must be the name of a RuntimeClass')
  t.match(message, /^usher\.yaml:4:\d+: /)
})

t.test('aliases that cannot be followed are faults of the file like any other', async (t) => {
  const bomb = 'a: &a [1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n'
  for (const text of ['nap: *nothing', bomb]) {
    const error = thrownBy(text)
    t.type(error, ConfigError)
    t.match(error?.message, /^usher\.yaml:\d+:\d+: /)
  }
})

t.test('a file that cannot be read', async (t) => {
  const folder = t.testdir({})
  await t.rejects(loadConfig(join(folder, 'none.yaml')), { name: 'ConfigError', message: /none\.yaml: cannot be read: ENOENT/ })
  await t.rejects(loadConfig(folder), { name: 'ConfigError', message: /: cannot be read: EISDIR/ })
})

function messageOf(text: string): string {
  return thrownBy(text)?.message ?? 'nothing is wrong'
}

function thrownBy(text: string): Error | undefined {
  try {
    parseConfig(text, 'usher.yaml')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
