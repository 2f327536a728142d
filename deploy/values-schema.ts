/** What the chart's values may be; `npm run docs` writes it to deploy/chart/values.schema.json. */
import { readFileSync } from 'node:fs'
import { isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { logLevels } from '../src/cli/log.ts'
import { configSchema } from '../src/config/schema.ts'
import { isObject, type JsonObject } from '../src/units/json.ts'

const valuesFile = new URL('chart/values.yaml', import.meta.url)

const text = (pattern: string): JsonObject => ({ type: 'string', pattern })
const oneOf = (...values: readonly string[]): JsonObject => ({ type: 'string', enum: values })
const whole = (minimum: number, maximum: number): JsonObject => ({ type: 'integer', minimum, maximum })
const flag: JsonObject = { type: 'boolean' }
const mapOf = (additionalProperties: JsonObject): JsonObject => ({ type: 'object', additionalProperties })
const listOf = (items: JsonObject): JsonObject => ({ type: 'array', items })
const only = (properties: Readonly<Record<string, JsonObject>>): JsonObject => ({ type: 'object', additionalProperties: false, properties })

const port = whole(1, 65_535)
const duration = text('^([0-9]+(\\.[0-9]+)?(h|ms|m|s))+$')
const logLevel = oneOf(...logLevels)
// RFC 1123, as Kubernetes checks names.
const objectName = text('^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$')
const labels = mapOf(text('^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$'))
// As k8s-health wants them.
const labelValue = text('^[^:\\s]+:[^:\\s]+$')
const image = only({
  repository: text('^(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$'),
  tag: text('^([a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$'),
  pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
})
const quantity: JsonObject = { type: ['string', 'number'], pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$', minimum: 0 }
const resources = only({ requests: mapOf(quantity), limits: mapOf(quantity) })
const tolerations = listOf(
  only({
    key: { type: 'string' },
    operator: oneOf('Exists', 'Equal', 'Lt', 'Gt'),
    value: { type: 'string' },
    effect: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
    tolerationSeconds: { type: 'integer' },
  }),
)

const constraints: JsonObject = only({
  namespace: only({ create: flag }),
  image,
  waitImage: image,
  imagePullSecrets: listOf({ ...only({ name: objectName }), required: ['name'] }),
  prefix: text('^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/$'),
  config: configValues(),
  webhook: only({
    replicas: whole(1, 100),
    hostNetwork: flag,
    port,
    probePort: port,
    // The API server takes no more than 30, and we would hold up each pod for so long.
    timeoutSeconds: whole(1, 10),
    logLevel,
    certificates: only({
      source: oneOf('self', 'certManager', 'secret'),
      life: duration,
      issuerRef: only({ name: objectName, kind: text('^[A-Za-z]+$'), group: objectName }),
      secretName: text('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$'),
      caBundle: text('^$|-----BEGIN CERTIFICATE-----'),
    }),
    kubeVersion: text('^(v?1\\.[0-9]+([.+-].*)?)?$'),
    resources,
    nodeSelector: labels,
    tolerations,
    priorityClassName: objectName,
    podDisruptionBudget: flag,
  }),
  lock: only({
    enabled: flag,
    port,
    locks: whole(1, 10_000),
    strict: flag,
    idleCores: { type: 'number', minimum: 0.1, maximum: 1_000 },
    pressureBound: whole(0, 100),
    learn: flag,
    lease: duration,
    timeout: duration,
    watchPods: flag,
    events: flag,
    dependsOn: flag,
    unknown: oneOf('anonymous', 'refuse'),
    token: flag,
    checks: listOf(text('^(https?|tcp)://[^\\s]+$')),
    checkTimeout: duration,
    gates: only({
      cpuPressure: only({ close: whole(0, 99), open: whole(0, 99) }),
      daemonSets: only({
        enabled: flag,
        namespace: text('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$'),
        hostNetwork: flag,
        include: listOf(labelValue),
        exclude: listOf(labelValue),
      }),
    }),
    // On a command line, 0 is a number.
    gateMaxWait: { ...duration, type: ['string', 'integer'], minimum: 0, maximum: 0 },
    readers: text('^(node|all|[0-9a-fA-F.:]+(/[0-9]{1,3})?)(, *(node|all|[0-9a-fA-F.:]+(/[0-9]{1,3})?))*$'),
    stateDir: text('^/[A-Za-z0-9._/-]+$'),
    logLevel,
    resources,
    nodeSelector: labels,
    tolerations,
    priorityClassName: objectName,
    updateMaxUnavailable: { type: ['integer', 'string'], minimum: 1, pattern: '^([1-9][0-9]?|100)%$' },
  }),
  networkPolicy: only({ enabled: flag }),
  serviceMonitor: only({ enabled: flag, labels, interval: duration }),
  alerts: only({ enabled: flag, labels }),
  dashboard: only({ enabled: flag, labels }),
  // What a chart that has this one among its dependencies may say to all of them.
  global: { type: 'object' },
})

/** The configuration file's own schema, without what the chart sets itself. */
function configValues(): JsonObject {
  const plain: unknown = JSON.parse(JSON.stringify(configSchema, (key, value: unknown) => (key === 'allowed' || key === 'default' ? undefined : value)))
  if (!isObject(plain) || !isObject(plain['properties'])) throw new Error('the schema of the configuration is no object')
  const { systemNamespace: _namespace, lock, ...rest } = plain['properties']
  if (!isObject(lock) || !isObject(lock['properties'])) throw new Error('the schema of the configuration has no lock')
  const { image: _image, imagePullPolicy: _policy, port: _port, token: _token, ...ofLock } = lock['properties']
  return { ...plain, properties: { ...rest, lock: { ...lock, properties: ofLock } } }
}

/** The schema of the values, as the chart has it: each with its description from values.yaml. */
export function valuesSchema(): string {
  const descriptions = new Map(chartValues().map(({ path, description }) => [path, description]))
  const described = describe(constraints, [])
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title: 'Values of the chart usher', ...described }, undefined, 2)}\n`

  function describe(schema: JsonObject, path: readonly string[]): JsonObject {
    const description = descriptions.get(path.join('.'))
    const own = description === undefined || description === '' || 'description' in schema ? {} : { description }
    const { properties } = schema
    if (!isObject(properties) || path[0] === 'config') return { ...own, ...schema }
    const inside = Object.entries(properties).map(([name, each]) => [name, isObject(each) ? describe(each, [...path, name]) : each])
    return { ...own, ...schema, properties: Object.fromEntries(inside) }
  }
}

/** One value of values.yaml. */
export interface ChartValue {
  readonly path: string
  readonly default: unknown
  /** The comment above it. */
  readonly description: string
  /** Whether it is a map whose keys are values of their own. */
  readonly isSection: boolean
}

/** Every value of values.yaml in its order. */
export function chartValues(): readonly ChartValue[] {
  const document = parseDocument(readFileSync(valuesFile, 'utf8'))
  if (!isMap(document.contents)) throw new Error('values.yaml is no map')
  return [...valuesIn(document.contents, constraints, [])]
}

function* valuesIn(map: YAMLMap, schema: JsonObject, path: readonly string[]): Iterable<ChartValue> {
  for (const [index, pair] of map.items.entries()) {
    const key = keyOf(pair)
    const here = [...path, key]
    const properties: unknown = schema['properties']
    const child = isObject(properties) ? properties[key] : undefined
    if (!isObject(child)) throw new Error(`values.yaml has ${here.join('.')}, and the schema has not`)
    const isSection = isMap(pair.value) && isObject(child['properties']) && !['config', 'resources'].includes(key)
    // The comment above the first key of a map belongs to the map, as the parser has it.
    const above = index === 0 ? map.commentBefore : isScalar(pair.key) ? pair.key.commentBefore : undefined
    yield { path: here.join('.'), default: isSection ? undefined : plainOf(pair.value), description: sentence(above), isSection }
    if (isSection && isMap(pair.value)) yield* valuesIn(pair.value, child, here)
  }
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key)
}

function plainOf(node: unknown): unknown {
  return isNode(node) ? node.toJSON() : node
}

function sentence(comment: string | null | undefined): string {
  return (comment ?? '').split('\n\n').at(-1)?.split('\n').map((line) => line.trim()).join(' ').trim() ?? ''
}

/** The table of the values for deploy/chart/README.md. */
export function valuesTable(): string {
  const rows = chartValues()
    .filter(({ isSection, description }) => !isSection || description !== '')
    .map(({ path, isSection, default: value, description }) => `| \`${path}\` | ${isSection ? '' : `\`${JSON.stringify(value)}\``} | ${description.replaceAll('|', '\\|')} |`)
  return ['| value | default | meaning |', '|---|---|---|', ...rows].join('\n')
}

const [tableStart, tableEnd] = ['<!-- Generated from values.yaml by `npm run docs`. -->', '<!-- End of what is generated. -->']

/** The chart's README with the table of today. */
export function withValuesTable(readme: string): string {
  const [before, rest = ''] = readme.split(tableStart)
  const after = rest.split(tableEnd)[1]
  if (before === undefined || after === undefined) throw new Error('the README of the chart has no place for the table')
  return `${before}${tableStart}\n${valuesTable()}\n${tableEnd}${after}`
}
