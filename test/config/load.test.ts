import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { defaultConfig } from '../../src/config/defaults.ts'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { configSchema } from '../../src/config/schema.ts'
import { isObject } from '../../src/units/json.ts'

t.test('an empty file, and one of comments alone, are the defaults', async (t) => {
  for (const text of ['', '\n', '# nothing\n', '---\n', '{}', 'null', '~', '\ufeff', 'nap: {}\nlock: {}\nlimits: {}\n']) {
    t.strictSame(parseConfig(text, 'usher.yaml'), defaultConfig, JSON.stringify(text))
  }
})

t.test('the defaults are those of the design', async (t) => {
  t.strictSame(defaultConfig, {
    systemNamespace: 'usher-system',
    nap: { enabled: true, seconds: 10, method: 'auto' },
    lock: {
      enabled: true,
      image: 'usher-wait:0.1.0',
      imagePullPolicy: 'IfNotPresent',
      port: 8888,
      leaseSeconds: 120,
      maxWaitSeconds: 240,
      weight: 1,
      position: 'first',
      runtimeClasses: [],
      token: false,
      dependsOn: '',
    },
    limits: { napSeconds: 300, leaseSeconds: 900, maxWaitSeconds: 540, weight: 16, dependsOnSeconds: 3_600 },
  })
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.equal(defaultConfig.lock.image, `usher-wait:${version}`, 'the image of this very version')
})

t.test('reads every key', async (t) => {
  const text = `
systemNamespace: my-usher
nap:
  enabled: false
  duration: 15s
  method: exec
lock:
  enabled: false
  image: registry.example:5000/usher-wait@sha256:${'0'.repeat(64)}
  imagePullPolicy: Always
  port: 9999
  lease: 1m30s
  maxWait: 2m
  weight: 3
  position: last
  runtimeClasses: [kata, gvisor]
  token: true
  dependsOn: service/kube-system/kube-dns
limits:
  nap: 1m
  lockLease: 5m
  lockMaxWait: 9m
  lockWeight: 4
  dependsOn: 30m
`
  t.strictSame(parseConfig(text, 'usher.yaml'), {
    systemNamespace: 'my-usher',
    nap: { enabled: false, seconds: 15, method: 'exec' },
    lock: {
      enabled: false,
      image: `registry.example:5000/usher-wait@sha256:${'0'.repeat(64)}`,
      imagePullPolicy: 'Always',
      port: 9_999,
      leaseSeconds: 90,
      maxWaitSeconds: 120,
      weight: 3,
      position: 'last',
      runtimeClasses: ['kata', 'gvisor'],
      token: true,
      dependsOn: 'service/kube-system/kube-dns',
    },
    limits: { napSeconds: 60, leaseSeconds: 300, maxWaitSeconds: 540, weight: 4, dependsOnSeconds: 1_800 },
  })
  for (const key of leafKeys(configSchema)) t.match(text, `${key}:`, `this test has ${key}`)
})

t.test('each key alone changes only itself', async (t) => {
  for (const [text, change] of [
    ['systemNamespace: other', { systemNamespace: 'other' }],
    ['nap: { enabled: false }', { nap: { ...defaultConfig.nap, enabled: false } }],
    ['nap: { duration: 2m, }', { nap: { ...defaultConfig.nap, seconds: 120 } }],
    ['limits: { nap: 1h }', { limits: { ...defaultConfig.limits, napSeconds: 3_600 } }],
    ['nap: { method: native }', { nap: { ...defaultConfig.nap, method: 'native' } }],
    ['lock: { port: 65535 }', { lock: { ...defaultConfig.lock, port: 65_535 } }],
    ['lock: { weight: 16 }', { lock: { ...defaultConfig.lock, weight: 16 } }],
    ['lock: { imagePullPolicy: Never }', { lock: { ...defaultConfig.lock, imagePullPolicy: 'Never' } }],
    ['lock: { token: true }', { lock: { ...defaultConfig.lock, token: true } }],
    ['limits: { lockWeight: 1000 }', { limits: { ...defaultConfig.limits, weight: 1_000 } }],
  ] as const) {
    t.strictSame(parseConfig(text, 'usher.yaml'), { ...defaultConfig, ...change }, text)
  }
})

t.test('rounds a duration up to whole seconds', async (t) => {
  t.equal(parseConfig('nap: { duration: 1.2s }', 'f').nap.seconds, 2)
  t.equal(parseConfig('nap: { duration: 1ms }', 'f').nap.seconds, 1)
  t.equal(parseConfig('limits: { nap: 10500ms }', 'f').limits.napSeconds, 11)
})

t.test('a limit below a default lowers the default', async (t) => {
  const { nap, lock, limits } = parseConfig('limits: { nap: 5s, lockLease: 30s, lockMaxWait: 20s }', 'usher.yaml')
  t.equal(nap.seconds, 5)
  t.equal(lock.leaseSeconds, 30)
  t.equal(lock.maxWaitSeconds, 20)
  t.strictSame(limits, { napSeconds: 5, leaseSeconds: 30, maxWaitSeconds: 20, weight: 16, dependsOnSeconds: 3_600 })
})

t.test('takes a value at its limit', async (t) => {
  t.equal(parseConfig('nap: { duration: 300s }', 'f').nap.seconds, 300)
  t.equal(parseConfig('nap: { duration: 7s }\nlimits: { nap: 7s }', 'f').nap.seconds, 7)
})

t.test('takes YAML as people write it', async (t) => {
  for (const text of [
    'nap:\r\n  duration: 7s\r\n',
    '\ufeffnap: { duration: 7s }',
    '{"nap": {"duration": "7s"}}',
    "'nap': # why\n  \"duration\": '7s'\n",
    'limits: { nap: &same 7s }\nnap: { duration: *same }',
    '%YAML 1.2\n---\nnap:\n  duration: 7s\n...\n',
  ]) {
    t.equal(parseConfig(text, 'usher.yaml').nap.seconds, 7, JSON.stringify(text))
  }
})

t.test('reads a file', async (t) => {
  const folder = t.testdir({ 'usher.yaml': 'nap:\n  duration: 7s\n' })
  t.equal((await loadConfig(join(folder, 'usher.yaml'))).nap.seconds, 7)
})

t.test('the defaults pass their own schema', async (t) => {
  const lines = [...defaultsOf(configSchema, '')]
  t.strictSame(parseConfig(lines.join('\n'), 'usher.yaml'), defaultConfig)
})

function leafKeys(schema: unknown): string[] {
  if (!isObject(schema) || !isObject(schema['properties'])) return []
  return Object.entries(schema['properties']).flatMap(([key, child]) => [key, ...leafKeys(child)])
}

/** The documented defaults, as a configuration file. */
function* defaultsOf(schema: unknown, indent: string): Iterable<string> {
  if (!isObject(schema) || !isObject(schema['properties'])) return
  for (const [key, child] of Object.entries(schema['properties'])) {
    if (isObject(child) && isObject(child['properties'])) {
      yield `${indent}${key}:`
      yield* defaultsOf(child, `${indent}  `)
    } else if (isObject(child)) yield `${indent}${key}: ${JSON.stringify(child['default'])}`
  }
}
