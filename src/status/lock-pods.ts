import { isObject, type JsonObject } from '../units/json.ts'

/** By which usher's locks are found, whatever the release and its namespace are called. */
export const lockSelector = 'app.kubernetes.io/name=usher,app.kubernetes.io/component=lock'

/** The pod of a node's lock. */
export interface LockPod {
  readonly namespace: string
  readonly pod: string
  /** Undefined: it is not scheduled. */
  readonly node: string | undefined
  readonly isReady: boolean
  /** Why it is not, for people: the reason of its container, or its phase. */
  readonly trouble: string | undefined
  readonly port: number
  /** Of the release, as the chart labels it. */
  readonly version: string | undefined
  /** Who may read, by its own flag: `node`, `all`, …; undefined where the flag is not there. */
  readonly readers: string | undefined
}

const lockContainer = 'lock'
const usualPort = 8888

/** Reads the pod of a lock. */
export function readLockPod({ metadata, spec, status }: JsonObject): LockPod {
  const meta = isObject(metadata) ? metadata : {}
  const labels = isObject(meta['labels']) ? meta['labels'] : {}
  const nodeName = isObject(spec) ? spec['nodeName'] : undefined
  const container = named(isObject(spec) ? spec['containers'] : undefined, lockContainer)
  const args = listOf(container?.['args']).filter((arg) => typeof arg === 'string')
  const flag = (name: string): string | undefined => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
  const own = named(isObject(status) ? status['containerStatuses'] : undefined, lockContainer)
  const isReady = own?.['ready'] === true && !('deletionTimestamp' in meta)
  const port = Number(flag('port') ?? usualPort)
  return {
    namespace: textOf(meta['namespace']) ?? '',
    pod: textOf(meta['name']) ?? '',
    node: textOf(nodeName),
    isReady,
    trouble: isReady ? undefined : troubleOf(meta, status, own),
    port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : usualPort,
    version: textOf(labels['app.kubernetes.io/version']),
    readers: flag('readers'),
  }
}

function troubleOf(metadata: JsonObject, status: unknown, own: JsonObject | undefined): string {
  if ('deletionTimestamp' in metadata) return 'is being deleted'
  const state = isObject(own?.['state']) ? own['state'] : {}
  for (const kind of ['waiting', 'terminated'] as const) {
    const reason = isObject(state[kind]) ? textOf(state[kind]['reason']) : undefined
    if (reason !== undefined) return reason
  }
  const phase = isObject(status) ? textOf(status['phase']) : undefined
  return phase === 'Running' ? 'is not ready' : (phase ?? 'is not scheduled')
}

function named(list: unknown, name: string): JsonObject | undefined {
  return listOf(list).filter(isObject).find((each) => each['name'] === name)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
