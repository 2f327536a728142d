import type { DaemonSetFilter, Label } from '../node-health/filter.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import { readLabels } from './label-flags.ts'
import { logLevelFlag, readLogLevel } from './log.ts'
import { type Environment, readSwitch, type SettingsReader, settingsReader } from './settings-reader.ts'

/** What `usher node-health` was told. */
export interface NodeHealthCommandOptions {
  /** Empty: all interfaces. */
  readonly host: string
  readonly port: number
  /** Undefined: DaemonSets are not looked at. */
  readonly daemonSets: DaemonSetOptions | undefined
  /** Undefined: the CPUs are not looked at. */
  readonly cpu: { readonly threshold: number; readonly periodMs: number } | undefined
  readonly level: string
}

/** Which DaemonSets of which cluster are looked at, and how often. */
export interface DaemonSetOptions {
  readonly node: string
  readonly filter: DaemonSetFilter
  readonly failPauseMs: number
  readonly passPauseMs: number
  /** Where the API server is, if it asks for no proof; else a kubeconfig, or the cluster in which this runs. */
  readonly baseUrl: string | undefined
  readonly kubeconfig: string | undefined
  /** The uid of the pod in which this runs, where that is known. */
  readonly ownPod: string | undefined
}

/** The flags of `usher node-health`. Those of k8s-health have its names, in bare seconds; the others are usher's own. */
export const nodeHealthFlags: Readonly<Record<string, Flag>> = {
  host: { type: 'string', value: 'ADDRESS', help: 'address to listen on (default: all)' },
  port: { type: 'string', value: 'PORT', default: '9999', help: 'port to listen on (0: a free one)' },
  baseUrl: { type: 'string', value: 'URL', help: 'address of the API server, out of its cluster: that of kubectl proxy' },
  namespace: { type: 'string', value: 'NAME', help: 'the namespace whose DaemonSets count (default: all)' },
  hostNet: { type: 'boolean', help: "count DaemonSets on the host's network alone" },
  failHc: { type: 'string', value: 'SECONDS', default: '10', help: 'pause after a look that found something missing' },
  passHc: { type: 'string', value: 'SECONDS', default: '60', help: 'pause after a look that found all DaemonSets ready' },
  in: { type: 'string', value: 'LABEL:VALUE', multiple: true, help: 'count DaemonSets that have this label, and all others that are named so' },
  ex: { type: 'string', value: 'LABEL:VALUE', multiple: true, help: 'count no DaemonSet that has this label; not with --in' },
  daemonsets: { type: 'string', value: 'WHAT', default: 'on', help: 'whether DaemonSets are looked at: on, or off' },
  'cpu-threshold': { type: 'string', value: 'PERCENT', help: 'fail while the CPUs of this machine are busier than that, until they are ten points below it (default: they are not looked at)' },
  'cpu-period': { type: 'string', value: 'DURATION', default: '10s', help: 'the time over which that is taken' },
  node: { type: 'string', value: 'NAME', help: 'the node that is looked at (default: NODE_NAME)' },
  kubeconfig: { type: 'string', value: 'FILE', help: 'how its cluster is reached (default: as the pod that this runs in)' },
  'log-level': logLevelFlag,
}

// The fork's, where its switch is on and nothing else is said.
const forkThreshold = 80
const leastPeriodMs = 100
const mostPeriodMs = 3_600_000

/**
 * Reads flags, then the older fork's `PSL_*` variables where there is no flag.
 *
 * @throws {UsageError}
 */
export function readNodeHealthOptions(values: FlagValues, environment: Environment): NodeHealthCommandOptions {
  const read = settingsReader(values, environment)
  return {
    host: read.text('host', 'PSL_BIND_HOST') ?? '',
    port: read.whole('port', 'PSL_BIND_PORT', 0, 65_535),
    daemonSets: isOn(values, environment) ? readDaemonSets(values, environment, read) : undefined,
    cpu: readCpu(values, environment, read),
    level: readLogLevel(values),
  }
}

function isOn(values: FlagValues, environment: Environment): boolean {
  const text = values.text('daemonsets')
  if (text !== 'on' && text !== 'off') throw new UsageError(`--daemonsets: ${JSON.stringify(text)} is neither on nor off`)
  return values.isGiven('daemonsets') ? text === 'on' : readSwitch(environment, 'PSL_HC_DAEMONSET_ENABLED', true)
}

/** As k8s-health took it: without a scheme it is https. */
function readBaseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = text.includes('://') ? text : `https://${text}`
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new UsageError(`--baseUrl: ${JSON.stringify(text)} is not [http[s]://]HOST[:PORT]`)
  return url
}

function readDaemonSets(values: FlagValues, environment: Environment, read: SettingsReader): DaemonSetOptions {
  const node = values.text('node') || environment['NODE_NAME'] || environment['PSL_NODE_NAME']
  if (!node) throw new UsageError('NODE_NAME must say which node this is, or --node')
  const baseUrl = readBaseUrl(read.text('baseUrl', 'PSL_K8S_API_URL') || undefined)
  const kubeconfig = values.text('kubeconfig') || undefined
  if (baseUrl !== undefined && kubeconfig !== undefined) throw new UsageError('--kubeconfig: --baseUrl says already where the cluster is')
  if (baseUrl === undefined && kubeconfig === undefined && !environment['KUBERNETES_SERVICE_HOST']) {
    throw new UsageError('there is no cluster here; --kubeconfig FILE names one, or --baseUrl URL')
  }
  return {
    node,
    filter: readFilter(values, environment, read),
    failPauseMs: read.span('failHc', 'PSL_HC_DAEMONSET_PERIOD_FAIL'),
    passPauseMs: read.span('passHc', 'PSL_HC_DAEMONSET_PERIOD_PASS'),
    baseUrl,
    kubeconfig,
    ownPod: environment['POD_UID'] || undefined,
  }
}

function readFilter(values: FlagValues, environment: Environment, read: SettingsReader): DaemonSetFilter {
  const include = readBoth('--in', values.texts('in'), 'PSL_HC_DAEMONSET_INCLUDE_LABELS', environment)
  const exclude = readBoth('--ex', values.texts('ex'), 'PSL_HC_DAEMONSET_EXCLUDE_LABELS', environment)
  if (include.length > 0 && exclude.length > 0) throw new UsageError('--in and --ex cannot be used together')
  return {
    namespace: read.text('namespace', 'PSL_HC_DAEMONSET_NAMESPACE') || undefined,
    hostNetwork: values.isOn('hostNet') || readSwitch(environment, 'PSL_HC_DAEMONSET_HOST_NETWORK', false),
    include,
    exclude,
  }
}

/** A flag names one label each; a variable all of them, with commas. */
function readBoth(flag: string, given: readonly string[], variable: string, environment: Environment): readonly Label[] {
  if (given.length > 0) return readLabels(flag, given)
  const texts = (environment[variable] ?? '').split(',').map((each) => each.trim())
  return readLabels(variable, texts.filter((each) => each !== ''))
}

function readCpu(values: FlagValues, environment: Environment, read: SettingsReader): NodeHealthCommandOptions['cpu'] {
  const isForks = readSwitch(environment, 'PSL_HC_NODELOAD_ENABLED', false)
  const isGiven = values.isGiven('cpu-threshold') || (isForks && Boolean(environment['PSL_HC_NODELOAD_CPU_THRESHOLD']))
  if (!isGiven && !isForks) return undefined
  const threshold = isGiven ? read.whole('cpu-threshold', 'PSL_HC_NODELOAD_CPU_THRESHOLD', 0, 100) : forkThreshold
  const periodMs = read.span('cpu-period', 'PSL_HC_NODELOAD_PERIOD', mostPeriodMs)
  return { threshold, periodMs: Math.max(leastPeriodMs, periodMs) }
}
