import * as fc from 'fast-check'
import type { Amount, Healthcheck, Job, JobContainer, JobFile, JobPort, JobVariable, JobVolume } from '../../src/job/job.ts'

const label = fc.stringMatching(/^[a-z](?:[-a-z0-9]{0,12}[a-z0-9])?$/).filter((name) => !name.endsWith('-pods'))
// Words that are something else to YAML, or to what puts variables in, are those that go wrong.
const text = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('true', 'null', '~', '1.0', '007', '80:30', '${A}', '$$', '$', '{', '- a', '# b', ' c ', 'a\nb\n', '"', "'", '*a', '&b', '!c', '%', '@', '|', '>', ': ')).filter((value) => !value.includes('\0'))
const amount: fc.Arbitrary<Amount> = fc.tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('', 'k', 'M', 'g', 'GiB')).map(([number, unit]) => ({
  written: `${number}${unit}`,
  bytes: number * 1_024 ** ['', 'k', 'M', 'g'].indexOf(unit.slice(0, 1).replace('G', 'g')),
}))
const seconds = fc.integer({ min: 1, max: 86_400 })
const port = fc.integer({ min: 1, max: 65_535 })
const path = fc.array(fc.stringMatching(/^[\w.$ -]{1,8}$/), { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`).filter((each) => !each.split('/').includes('..'))

const healthcheck: fc.Arbitrary<Healthcheck> = fc.record({
  check: fc.oneof(
    fc.record({ type: fc.constant('http' as const), port, path: fc.stringMatching(/^\/[!-~]{0,12}$/), expect: fc.constantFrom('200' as const, '2xx-3xx' as const) }),
    fc.record({ type: fc.constant('tcp' as const), port }),
    fc.record({ type: fc.constant('command' as const), command: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  ),
  timeoutSeconds: seconds,
  intervalSeconds: seconds,
  startIntervalSeconds: seconds,
  startPeriodSeconds: fc.nat(1_000),
  healthyThreshold: fc.integer({ min: 1, max: 1_000 }),
  unhealthyThreshold: fc.integer({ min: 1, max: 1_000 }),
})

const variableName = fc.stringMatching(/^[A-Z_.a-z][-A-Z_a-z0-9.]{0,8}$/).filter((name) => name !== '.' && !name.startsWith('..'))
const variables: fc.Arbitrary<readonly JobVariable[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({ name: variableName, value: fc.oneof(text, fc.constant('')) }),
    fc.record({ name: variableName, secret: label, key: variableName }),
    fc.record({ allOfSecret: label }),
  ),
  { maxLength: 4, selector: (each) => ('name' in each ? `=${each.name}` : each.allOfSecret) },
)

/** A volume of a container; its name is given afterwards. */
const volume: fc.Arbitrary<JobVolume> = fc.oneof(
  fc.record({ type: fc.constant('local' as const), name: label, path, space: amount, isReadOnly: fc.boolean(), isEnforced: fc.boolean() }),
  fc.record({ type: fc.constant('shared' as const), name: label, path, space: amount, isReadOnly: fc.boolean(), storageClass: label, oneNode: fc.boolean() }),
  fc.record({ type: fc.constant('shared' as const), name: label, path, space: amount, isReadOnly: fc.boolean(), oneNode: fc.boolean() }),
)

const files: fc.Arbitrary<readonly JobFile[]> = fc.uniqueArray(fc.record({ type: fc.constantFrom('secret' as const, 'config' as const), name: label.map((name) => `own-${name}`), content: fc.oneof(text, fc.constant('')) }), { maxLength: 3, selector: ({ name }) => name })
  .map((each) => each.toSorted((left, right) => (left.type === right.type ? 0 : left.type === 'secret' ? -1 : 1)))

const container = fc.record({
  name: label,
  image: fc.stringMatching(/^[a-z/:.$-]{1,20}$/),
  entrypoint: fc.option(fc.array(text, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  command: fc.option(fc.array(fc.oneof(text, fc.constant('')), { minLength: 1, maxLength: 3 }), { nil: undefined }),
  workingDirectory: fc.option(path.map((each) => each.trimEnd()), { nil: undefined }),
  user: fc.option(fc.oneof(fc.record({ uid: fc.nat(100_000) }), fc.record({ uid: fc.nat(100_000), gid: fc.nat(100_000) })), { nil: undefined }),
  environment: variables,
  memory: fc.option(amount, { nil: undefined }),
  cpus: fc.option(fc.integer({ min: 1, max: 9_999 }).map((milli) => milli / 1_000), { nil: undefined }),
  healthcheck: fc.option(healthcheck, { nil: undefined }),
  stopGraceSeconds: fc.nat(10_000),
  restart: fc.oneof(
    fc.record({ policy: fc.constantFrom('always' as const, 'never' as const, 'on-failure' as const) }),
    fc.record({ policy: fc.constant('on-failure' as const), tries: fc.nat(100) }),
  ),
  volumes: fc.array(volume, { maxLength: 3 }),
  ports: fc.array(fc.record({ protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const), isHostPort: fc.boolean() }), { maxLength: 2 }),
  /** Which of those before it it waits for, and for what. */
  waits: fc.array(fc.tuple(fc.nat(3), fc.constantFrom('started' as const, 'healthy' as const, 'completed' as const)), { maxLength: 2 }),
  uses: fc.array(fc.tuple(fc.nat(3), path), { maxLength: 2 }),
})

const workload = fc.tuple(fc.constantFrom('job', 'service', 'deployment', 'statefulset', 'daemonset'), fc.array(label, { minLength: 1, maxLength: 2 }), fc.option(seconds, { nil: undefined }), fc.option(fc.constantFrom('fail', 'proceed'), { nil: undefined }))

/** A job as reading a file can make it. */
export const arbitraryJob: fc.Arbitrary<Job> = fc
  .record({
    name: label,
    instances: fc.oneof(fc.nat(100), fc.constant('each-node' as const)),
    containers: fc.uniqueArray(container, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
    workloads: fc.uniqueArray(workload, { maxLength: 3, selector: ([kind, names]) => [kind, ...names].join('/') }),
    expose: fc.option(fc.oneof(fc.record({ host: label }), fc.record({ tlsSecret: label }), fc.constant({})), { nil: undefined }),
    update: fc.record({ order: fc.constantFrom('start-first' as const, 'stop-first' as const), rollback: fc.boolean() }),
    reallocateAfterSeconds: fc.nat(10_000),
    startupLock: fc.oneof(fc.record({ isEnabled: fc.boolean() }), fc.record({ isEnabled: fc.constant(true), timeoutSeconds: seconds })),
    napSeconds: fc.option(fc.nat(100), { nil: undefined }),
    vaultRole: fc.option(text, { nil: undefined }),
    hasEnvoy: fc.boolean(),
    files,
  })
  .map(({ containers, workloads, expose, hasEnvoy, napSeconds, vaultRole, ...rest }) => {
    let nextPort = 1
    const made = containers.map((each, index) => containerOf(each, containers.slice(0, index), rest.files, () => nextPort++))
    const awaited = new Map(made.flatMap(({ dependsOn }) => dependsOn.map(({ container: name, condition }) => [name, condition] as const)))
    const hasPort = made.some(({ ports }) => ports.some(({ protocol }) => protocol === 'TCP'))
    return {
      ...rest,
      containers: made.map((each) => ({ ...each, restart: fitRestart(each.restart, awaited.get(each.name)) })),
      dependsOn: workloads.map(([kind, names, timeout, action]) => [[kind, ...names].join('/'), timeout === undefined ? '' : `timeout=${timeout % 60 === 0 ? `${timeout / 60}m` : `${timeout}s`}`, action === undefined ? '' : `on-timeout=${action}`].filter((part) => part !== '').join(':')),
      ...(expose === undefined || !hasPort ? {} : { expose }),
      ...(napSeconds === undefined ? {} : { napSeconds }),
      ...(vaultRole === undefined ? {} : { vaultRole }),
      hasEnvoy: hasEnvoy && hasPort && !containers.some(({ name }) => name === 'envoy'),
    }
  })

type Drawn = typeof container extends fc.Arbitrary<infer T> ? T : never

function containerOf({ waits, uses, ports, volumes, ...drawn }: Drawn, before: readonly Drawn[], brought: readonly JobFile[], nextPort: () => number): JobContainer {
  const { entrypoint, command, workingDirectory, user, memory, cpus, healthcheck: check, ...rest } = drawn
  const known = Object.entries({ entrypoint, command, workingDirectory, user, memory, cpus, healthcheck: check }).filter(([, value]) => value !== undefined)
  const byName = new Map(waits.flatMap(([index, condition]) => {
    const other = before[index]
    // All that wait for one wait for it to end, or none does: the first container is the one that ends.
    return other === undefined ? [] : [[other.name, index === 0 ? 'completed' : condition === 'healthy' && other.healthcheck !== undefined ? 'healthy' : 'started'] as const]
  }))
  const own = volumes.map((each, index) => ({ ...each, name: `${drawn.name}-${index}` }))
  const seen = uses.flatMap(([index, at]): readonly JobVolume[] => {
    const file = brought[index]
    if (file !== undefined) return [{ type: file.type, name: file.name, path: at }]
    return [{ type: index % 2 === 0 ? 'secret' : 'config', name: `theirs-${index}`, path: at, key: index > 2 ? 'other.key' : `theirs-${index}` }]
  })
  const all = [...own, ...seen.filter(({ type }) => type === 'secret'), ...seen.filter(({ type }) => type === 'config')]
  const paths = new Set<string>()
  const made: JobPort[] = ports.map((each) => ({ ...each, port: nextPort(), target: nextPort() }))
  return {
    ...rest,
    ...Object.fromEntries(known),
    ports: made,
    dependsOn: [...byName].map(([name, condition]) => ({ container: name, condition })),
    volumes: all.filter(({ path: each }) => paths.size !== paths.add(each).size),
  }
}

function fitRestart(restart: JobContainer['restart'], awaited: string | undefined): JobContainer['restart'] {
  if (awaited === undefined) return restart
  return awaited === 'completed' ? { policy: 'on-failure' } : { policy: 'always' }
}
