import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { versions } from '../../deploy/release.ts'
import { chartValues, valuesSchema, withValuesTable } from '../../deploy/values-schema.ts'
import manifest from '../../package.json' with { type: 'json' }
import { readFlags } from '../../src/cli/command.ts'
import { readLockOptions } from '../../src/cli/lock-options.ts'
import { lockCommand } from '../../src/cli/lock.ts'
import { webhookCommand } from '../../src/cli/webhook.ts'
import { parseConfig } from '../../src/config/load.ts'
import { isObject } from '../../src/units/json.ts'
import { wireVersion } from '../../src/units/wire.ts'
import { shown } from '../support/pod-reader.ts'

const deploy = new URL('../../deploy/', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, deploy), 'utf8')
const rendered = parseAllDocuments(read('usher.yaml')).map((document): unknown => document.toJS()).filter(isObject)

t.test('the schema and the table of the values are as `npm run docs` writes them', async (t) => {
  t.equal(read('chart/values.schema.json'), valuesSchema())
  t.equal(read('chart/README.md'), withValuesTable(read('chart/README.md')))
})

t.test('every value says what it is for, but for those whose section does', async (t) => {
  const unsaid = chartValues().filter(({ description, isSection }) => !isSection && description === '')
  t.strictSame(unsaid.map(({ path }) => path), ['image.repository', 'waitImage.repository', 'serviceMonitor.enabled', 'alerts.enabled', 'dashboard.enabled'])
})

t.test('all versions are that of package.json, and the wire format has its own', async (t) => {
  for (const [where, version] of Object.entries(versions())) t.equal(version, manifest.version, where)
  t.match(parse(read('chart/Chart.yaml')), { annotations: { 'usher.dev/wire-version': String(wireVersion) } })
  t.match(readFileSync(new URL('../../docs/lock.md', import.meta.url), 'utf8'), `POST /v${wireVersion}/leases`)
})

t.test('the dashboard shows every metric that there is, and no other', async (t) => {
  const sources = globSync(fileURLToPath(new URL('../../src/**/*.ts', import.meta.url)))
  const ofCode = new Set(sources.flatMap((file) => namesIn(readFileSync(file, 'utf8'), /(?<=')usher_(?:webhook|lock)_\w+(?=')/g)))
  const shown = new Set(namesIn(read('chart/dashboards/usher.json'), /usher_(?:webhook|lock)_\w+/g).map((name) => name.replace(/_bucket$/, '')))
  t.ok(ofCode.size > 20)
  t.strictSame([...shown].toSorted(), [...ofCode].toSorted())
})

t.test('panels of the dashboard have an id, a title, a description and a place of their own', async (t) => {
  const { panels } = JSON.parse(read('chart/dashboards/usher.json')) as { panels: Panel[] }
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  t.equal(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size, panels.length)
  for (const { title, description, type, targets } of panels) {
    t.match(title, /^[A-Z]/)
    if (type === 'row') continue
    t.match(description, /\.$/, title)
    for (const { expr } of targets) t.equal(count(expr, /[({[]/g), count(expr, /[)}\]]/g), expr)
  }
})

t.test('the commands take the flags that the chart gives them, and the configuration', async (t) => {
  const lock = containerOf('DaemonSet', 'lock')
  t.strictSame(lock.command, ['node', '--single-threaded', '--optimize-for-size', '--max-semi-space-size=1', '/usher/lock.mjs'])
  const options = readLockOptions(readFlags(lockCommand, lock.args), {})
  t.match(options, { port: 8888, settings: { permits: 1, strict: false, identifiedLeaseMs: 120_000, anonymousLeaseMs: 10_000 }, stateFolder: '/run/usher' })
  const [command, ...flags] = containerOf('Deployment', 'webhook').args
  t.equal(command, 'webhook')
  t.equal(readFlags(webhookCommand, flags).text('port'), '8443')
  const config = rendered.find(({ kind }) => kind === 'ConfigMap')?.['data']
  t.match(parseConfig(isObject(config) ? shown(config['usher.yaml']) : '', 'usher.yaml'), {
    systemNamespace: 'usher-system',
    lock: { enabled: true, image: `usher-wait:${manifest.version}`, port: 8888 },
  })
})

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description: string
  readonly gridPos: { readonly x: number; readonly y: number }
  readonly targets: readonly { readonly expr: string }[]
}

interface Container {
  readonly name: string
  readonly command?: readonly string[]
  readonly args: readonly string[]
}

function containerOf(kind: string, name: string): Container {
  const workload = rendered.find((object) => object['kind'] === kind) as { spec: { template: { spec: { containers: Container[] } } } } | undefined
  const container = workload?.spec.template.spec.containers.find((each) => each.name === name)
  if (container === undefined) throw new Error(`deploy/usher.yaml has no ${kind} with ${name}`)
  return container
}

function namesIn(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([name]) => name)
}

function count(text: string, pattern: RegExp): number {
  return namesIn(text, pattern).length
}
