import type { UnknownPolicy } from '../lock/askers.ts'
import { type Check, parseCheck } from '../lock/gates/check.ts'
import type { PressureBounds } from '../lock/gates/pressure-gate.ts'
import { defaultQueueSettings, type QueueSettings } from '../lock/queue/settings.ts'
import { parseReaders, type Readers } from '../lock/readers.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import { type DaemonSetGate, daemonSetFlags, readDaemonSetGate } from './lock-daemon-sets.ts'
import { logLevelFlag, readLogLevel } from './log.ts'
import { type Environment, readSwitch, type Said, settingsReader, type SettingsReader } from './settings-reader.ts'

/** What `usher lock` was told. */
export interface LockCommandOptions {
  /** Empty: all interfaces. */
  readonly host: string
  readonly port: number
  readonly settings: QueueSettings
  readonly checks: readonly Check[]
  readonly failPauseMs: number
  readonly passPauseMs: number
  readonly checkTimeoutMs: number
  /** Of the gate of CPU pressure; undefined: there is none. */
  readonly pressure: PressureBounds | undefined
  /** Of the gate of DaemonSets; undefined: there is none. */
  readonly daemonSets: DaemonSetGate | undefined
  /** Undefined: no state is kept. */
  readonly stateFolder: string | undefined
  readonly readers: Readers
  /** Which node's pods are watched, and how its cluster is reached; undefined: there is none. */
  readonly cluster: LockCluster | undefined
  readonly unknown: UnknownPolicy
  /** For whom tokens that prove a uid have to be issued; undefined: none is needed. */
  readonly tokenAudience: string | undefined
  /** Whether what happens to pods is told as their Events. */
  readonly events: boolean
  /** Whether pods are held until what they depend on is healthy. */
  readonly dependsOn: boolean
  /** Whether what starts of a workload have cost decides on how many of it may start on an idle node. */
  readonly learn: boolean
  readonly level: string
}

/** The cluster of a lock. */
export interface LockCluster {
  readonly node: string
  /** Undefined: the cluster in which it runs. */
  readonly kubeconfig: string | undefined
}

/** The flags of `usher lock`. The older service's have its names, in bare seconds; the others are usher's own. */
export const lockFlags: Readonly<Record<string, Flag>> = {
  host: { type: 'string', value: 'ADDRESS', help: 'address to listen on (default: all)' },
  port: { type: 'string', value: 'PORT', default: '8888', help: 'port to listen on (0: a free one)' },
  locks: { type: 'string', value: 'N', default: '1', help: 'permits: so many may start at a time, whatever the load is' },
  strict: { type: 'boolean', help: 'no more than that on an idle node; else one more for each idle core' },
  'idle-cores': { type: 'string', value: 'N', default: '0.8', help: 'so many cores without work count as an idle core, for one more to start' },
  'pressure-bound': {
    type: 'string',
    value: 'PERCENT',
    default: '40',
    help: 'no more than --locks while tasks wait for a CPU for more of the time (/proc/pressure/cpu); 100: whatever it is',
  },
  timeout: { type: 'string', value: 'SECONDS', default: '10', help: 'lease of anonymous clients, where they ask for none' },
  lease: { type: 'string', value: 'DURATION', default: '120s', help: 'lease of clients that name a pod uid, where they ask for none' },
  check: { type: 'string', value: 'URL', multiple: true, help: 'grant nothing until this passes: http://, https:// or tcp://HOST:PORT' },
  failHc: { type: 'string', value: 'SECONDS', default: '10', help: 'pause after a check that failed' },
  passHc: { type: 'string', value: 'SECONDS', default: '60', help: 'pause after a check that passed' },
  'check-timeout': { type: 'string', value: 'DURATION', default: '10s', help: 'how long a check may take' },
  'cpu-pressure-close': {
    type: 'string',
    value: 'PERCENT',
    default: '0',
    help: 'grant nothing while others than those who start want the CPUs: from a mean of 10 s above this (/proc/pressure/cpu); 0: grant',
  },
  'cpu-pressure-open': {
    type: 'string',
    value: 'PERCENT',
    default: '0',
    help: 'until a mean of 3 s below this; 0: half of the other',
  },
  ...daemonSetFlags,
  'gate-max-wait': {
    type: 'string',
    value: 'DURATION',
    default: '10m',
    help: 'how long a closed gate holds everybody up; 0: for ever, as the older service',
  },
  'max-waiting': { type: 'string', value: 'N', default: '2000', help: 'how many may wait; others are told to come back (503)' },
  'max-waiting-per-peer': { type: 'string', value: 'N', default: '256', help: 'how many of one address may wait' },
  'state-dir': {
    type: 'string',
    value: 'FOLDER',
    default: '/run/usher',
    help: 'where leases and queue survive a restart; best on a tmpfs; empty: they do not',
  },
  readers: {
    type: 'string',
    value: 'LIST',
    default: 'node',
    help: 'who may read /status, /v1/state and /v1/events: node, all, addresses, networks',
  },
  node: {
    type: 'string',
    value: 'NAME',
    help: "the node whose pods are watched, so that a turn ends when its pod is up (default: NODE_NAME); without, it ends by time",
  },
  kubeconfig: { type: 'string', value: 'FILE', help: 'how its cluster is reached (default: as the pod that this runs in)' },
  unknown: {
    type: 'string',
    value: 'WHAT',
    default: 'anonymous',
    help: 'what somebody gets whose uid is no pod of the node, or who names none: anonymous (as from the older service) or refuse',
  },
  events: {
    type: 'string',
    value: 'WHAT',
    default: 'on',
    help: 'Events on pods that wait, or start without the lock: on, or off',
  },
  'depends-on': {
    type: 'string',
    value: 'WHAT',
    default: 'on',
    help: 'hold pods until what their annotation usher.dev/depends-on names is healthy: on, or off',
  },
  learn: {
    type: 'string',
    value: 'WHAT',
    default: 'on',
    help: 'let more in at once of what has been seen to start with little CPU: on, or off',
  },
  'token-audience': {
    type: 'string',
    value: 'NAME',
    help: 'a uid counts only with a service account token of its pod that was issued for this audience (default: it needs none)',
  },
  'log-level': logLevelFlag,
}

/**
 * Reads flags, then the older fork's `PSL_*` variables where there is no flag.
 *
 * @throws {UsageError}
 */
export function readLockOptions(values: FlagValues, environment: Environment): LockCommandOptions {
  const read = settingsReader(values, environment)
  const readers = parseReaders(values.text('readers') ?? 'node')
  if ('problem' in readers) throw new UsageError(`--readers: ${readers.problem}`)
  const [anonymousLeaseMs, identifiedLeaseMs] = [read.span('timeout', 'PSL_LOCK_DURATION'), read.span('lease')]
  const cluster = readCluster(values, environment)
  const port = read.whole('port', 'PSL_BIND_PORT', 0, 65_535)
  // A free port is another one each time: what a process of before has left there is not ours, unless somebody says so.
  const stateFolder = port === 0 && !values.isGiven('state-dir') ? '' : values.text('state-dir')
  return {
    host: read.text('host', 'PSL_BIND_HOST') ?? '',
    port,
    settings: {
      ...defaultQueueSettings,
      permits: read.whole('locks', 'PSL_PARALLEL_LOCKS', 1, 10_000),
      strict: values.isOn('strict'),
      anonymousLeaseMs,
      identifiedLeaseMs,
      // What an admin sets is not cut short.
      leaseCapMs: Math.max(defaultQueueSettings.leaseCapMs, anonymousLeaseMs, identifiedLeaseMs),
      gateMaxWaitMs: read.span('gate-max-wait'),
      maxWaiting: read.whole('max-waiting', undefined, 1, 100_000),
      maxWaitingPerPeer: read.whole('max-waiting-per-peer', undefined, 1, 100_000),
      idleCores: readIdleCores(values),
      pressureBound: read.whole('pressure-bound', undefined, 0, 100),
    },
    checks: readChecks(values, environment),
    failPauseMs: read.span('failHc', 'PSL_HC_PERIOD_FAIL'),
    passPauseMs: read.span('passHc', 'PSL_HC_PERIOD_PASS'),
    checkTimeoutMs: read.span('check-timeout', 'PSL_HC_TIMEOUT', longestCheckMs),
    pressure: readPressure(read),
    daemonSets: readDaemonSetGate(values, environment, cluster),
    stateFolder: stateFolder === '' ? undefined : stateFolder,
    readers,
    cluster,
    unknown: readUnknown(values),
    tokenAudience: values.text('token-audience') || undefined,
    events: readOnOff(values, 'events'),
    dependsOn: readOnOff(values, 'depends-on'),
    learn: readOnOff(values, 'learn'),
    level: readLogLevel(values),
  }
}

/** A node's name alone says nothing where there is no cluster: the older service was run with any environment. */
function readCluster(values: FlagValues, environment: Environment): LockCluster | undefined {
  const kubeconfig = values.text('kubeconfig') || undefined
  const isInCluster = (environment['KUBERNETES_SERVICE_HOST'] ?? '') !== ''
  const node = values.text('node') || environment['NODE_NAME'] || undefined
  if (node === undefined) {
    if (kubeconfig !== undefined) throw new UsageError('--kubeconfig: --node must say which node this is')
    return undefined
  }
  if (kubeconfig === undefined && !isInCluster) {
    if (values.isGiven('node')) throw new UsageError('--node: there is no cluster here; --kubeconfig FILE names one')
    return undefined
  }
  return { node, kubeconfig }
}

function readUnknown(values: FlagValues): UnknownPolicy {
  const text = values.text('unknown')
  if (text === 'anonymous' || text === 'refuse') return text
  throw new UsageError(`--unknown: ${JSON.stringify(text)} is neither anonymous nor refuse`)
}

function readOnOff(values: FlagValues, name: 'events' | 'learn' | 'depends-on'): boolean {
  const text = values.text(name)
  if (text === 'on' || text === 'off') return text === 'on'
  throw new UsageError(`--${name}: ${JSON.stringify(text)} is neither on nor off`)
}

/** Less would start a herd: ten at once for one core. */
const leastIdleCores = 0.1
const mostIdleCores = 1_000

function readIdleCores(values: FlagValues): number {
  const text = values.text('idle-cores') ?? ''
  const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (value >= leastIdleCores && value <= mostIdleCores) return value
  throw new UsageError(`--idle-cores: ${JSON.stringify(text)} is not a number such as 0.8, from ${leastIdleCores} to ${mostIdleCores}`)
}

/** 100 % would never be exceeded. */
const mostPressure = 99

function readPressure(read: SettingsReader): PressureBounds | undefined {
  const close = read.whole('cpu-pressure-close', undefined, 0, mostPressure)
  const open = read.whole('cpu-pressure-open', undefined, 0, mostPressure) || Math.ceil(close / 2)
  if (close === 0 && open > 0) throw new UsageError('--cpu-pressure-open: --cpu-pressure-close must say when the gate closes')
  if (close === 0) return undefined
  if (open >= close) throw new UsageError(`--cpu-pressure-open: ${open} is not below --cpu-pressure-close, ${close}`)
  return { close, open }
}

const longestCheckMs = 3_600_000
function readChecks(values: FlagValues, environment: Environment): readonly Check[] {
  const ofFlags = values.texts('check').map((text): Said => ({ by: '--check', text }))
  return (ofFlags.length > 0 ? ofFlags : checksOf(environment)).map(({ by, text }) => {
    const check = parseCheck(text)
    if ('problem' in check) throw new UsageError(`${by}: ${check.problem}`)
    return check
  })
}

/** The fork has a switch beside its list. */
function checksOf(environment: Environment): readonly Said[] {
  if (!readSwitch(environment, 'PSL_HC_ENABLED', false)) return []
  const endpoints = environment['PSL_HC_ENDPOINTS'] ?? ''
  return endpoints
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((text) => ({ by: 'PSL_HC_ENDPOINTS', text }))
}
