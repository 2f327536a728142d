import type { KubeConfig } from '@kubernetes/client-node'
import { apiBackoff, backoffMs } from '../units/backoff.ts'
import type { Clock } from '../units/clock.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { pause, systemClock } from './clock.ts'
import { type ObjectListener, ObjectStore } from './object-store.ts'
import { ApiError, requestJson } from './request.ts'
import { type WatchEnd, watchOnce } from './watch-once.ts'

/** What is listed and watched, and how. */
export interface ListWatchOptions<T> {
  readonly config: KubeConfig
  /** Of the collection, such as `/api/v1/pods`. */
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** What is kept of an object; undefined: the object is as if it were not there. */
  readonly pick: (object: JsonObject) => T | undefined
  /** How long after a list the next one comes; 10 min, and Infinity for never. Jittered by a quarter. */
  readonly relistMs?: number
  /** Objects a page of a list; 250. */
  readonly pageSize?: number
  /**
   * Lists as a whole from what the API server has in memory, by its indexes, as kubelets do: a page is read from etcd,
   * which has no index by node (KEP-4988). No list is older than what was known before.
   */
  readonly fromCache?: boolean
  readonly clock?: Clock
  readonly random?: () => number
}

/** What is told of the objects, and of the watch itself. */
export interface ListWatchListener<T> extends ObjectListener<T> {
  /** After each list: what was added, changed or gone by it has been told. */
  readonly synced?: () => void
  /** The first failure in a row. What was known stays known. */
  readonly failed?: (error: unknown) => void
  /** After failures: it has gone well for 10 s. */
  readonly recovered?: () => void
}

/** A list that is kept up to date. */
export interface ListWatch<T> {
  get(key: string): T | undefined
  readonly size: number
  /** Whether there has been a list. */
  readonly synced: boolean
  /** Milliseconds since the API server was last heard; before that, since the start. */
  staleMs(): number
  /** Ends the watch, and lists anew at once; nothing while it lists, or pauses after a failure. */
  relist(): void
  /** Ends requests and timers. Nothing is told afterwards. */
  stop(): void
}

const defaultRelistMs = 10 * 60_000
const defaultPageSize = 250
const watchSeconds = 300
// A watch that ends before has done no good.
const healthyMs = 10_000

/** Lists, and watches from there on, until it is stopped. Never throws, whatever the API server does. */
export function startListWatch<T>(options: ListWatchOptions<T>, listener: ListWatchListener<T>): ListWatch<T> {
  const { config, path, labelSelector, fieldSelector, relistMs = defaultRelistMs, pageSize = defaultPageSize } = options
  const { clock = systemClock, random = Math.random } = options
  const selectors = { labelSelector, fieldSelector }
  const store = new ObjectStore(options.pick, listener)
  const stopping = new AbortController()
  const { signal } = stopping
  let heardAt = clock.now()
  let synced = false
  let failures = 0
  /** How often in a row what we know was too old at once. */
  let expiries = 0
  /** How often the API server has refused in a row to list or to watch. */
  let refused = 0
  /** From where the watch goes on; undefined: a list is needed. */
  let version: string | undefined
  /** The newest that was heard of; undefined: nothing, or what was may be of a server that was set back. */
  let newest: string | undefined
  let relistAt = 0
  /** Ends the watch that is under way. */
  let endWatch: (() => void) | undefined

  async function live(): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await listAndWatch()
      if (waitMs > 0) await pause(clock, waitMs, signal)
    }
  }

  /** One list where it is needed, and one watch. Returns how long to wait before the next. */
  async function listAndWatch(): Promise<number> {
    /** Undefined while it lists. */
    let beganAt: number | undefined
    const lastedMs = (): number => (beganAt === undefined ? 0 : clock.now() - beganAt)
    try {
      if (version === undefined) await list()
      if (signal.aborted || version === undefined) return 0
      beganAt = clock.now()
      const end = await watch(version)
      if (end === 'due') version = undefined
      // Closed at once, something is wrong, and we must not turn in circles.
      return end === 'closed' && lastedMs() < healthyMs ? failed(new Error(`${path}: the watch was closed at once`)) : 0
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410) return failed(error)
      // What we know is too old to go on from. That is expected after a long watch.
      version = undefined
      return lastedMs() < healthyMs ? expired(error) : 0
    }
  }

  function failed(error: unknown): number {
    if (signal.aborted) return 0
    failures++
    if (failures === 1) listener.failed?.(error)
    if (error instanceof ApiError && error.status !== 429) refused++
    // A server that was restored from a backup does not know our version yet.
    if (refused >= 3) version = newest = undefined
    const asked = error instanceof ApiError ? error.retryAfterMs : 0
    return Math.max(asked, backoffMs(failures, apiBackoff, random()))
  }

  /** Who says so is there again, and lists are not to wait for as long as an outage has taught us to. */
  function expired(error: unknown): number {
    failed(error)
    expiries++
    return backoffMs(expiries, apiBackoff, random())
  }

  async function list(): Promise<void> {
    const keys = new Set<string>()
    let next: string | undefined
    let listed: string | undefined
    do {
      const query = options.fromCache === true ? ofCache() : { ...selectors, limit: String(pageSize), continue: next }
      // One page after the other: the next one's token is in the last.
      // oxlint-disable-next-line no-await-in-loop
      const { items, metadata } = await requestJson(config, { path, query, signal })
      if (signal.aborted) return
      if (!isObject(metadata) || !Array.isArray(items)) throw new Error(`${path}: the answer is not a list`)
      heardAt = clock.now()
      for (const item of items) {
        const key = isObject(item) ? store.put(item) : undefined
        if (key !== undefined) keys.add(key)
      }
      next = text(metadata['continue'])
      listed = text(metadata['resourceVersion'])
    } while (next !== undefined)
    if (listed === undefined) throw new Error(`${path}: the list has no resourceVersion`)
    store.retain(keys)
    refused = 0
    version = newest = listed
    relistAt = clock.now() + relistMs * (0.75 + random() / 2)
    synced = true
    listener.synced?.()
  }

  function ofCache(): Readonly<Record<string, string | undefined>> {
    return { ...selectors, resourceVersion: newest ?? '0', resourceVersionMatch: newest === undefined ? undefined : 'NotOlderThan' }
  }

  async function watch(from: string): Promise<WatchEnd> {
    // The server ends it after a time of our choice, as client-go has it: from five to ten minutes, so that
    // connections move to a server that has come back.
    const timeoutSeconds = String(Math.round(watchSeconds * (1 + random())))
    const query = { ...selectors, watch: 'true', allowWatchBookmarks: 'true', resourceVersion: from, timeoutSeconds }
    let cancelHealthy: (() => void) | undefined
    const relisting = new AbortController()
    endWatch = () => relisting.abort()
    try {
      const ending = AbortSignal.any([signal, relisting.signal])
      const end = await watchOnce(config, { path, query, signal: ending }, relistAt - clock.now(), clock, {
        opened() {
          refused = 0
          cancelHealthy = clock.after(healthyMs, recover)
        },
        heard: () => (heardAt = clock.now()),
        event({ type, object }) {
          if (type === 'DELETED') store.remove(object)
          else if (type !== 'BOOKMARK') store.put(object)
          const { metadata } = object
          version = newest = (isObject(metadata) ? text(metadata['resourceVersion']) : undefined) ?? version
        },
      })
      return relisting.signal.aborted ? 'due' : end
    } finally {
      endWatch = undefined
      cancelHealthy?.()
    }
  }

  function recover(): void {
    if (failures > 0) listener.recovered?.()
    failures = expiries = 0
  }

  const ended = live()
  ended.catch(() => {})
  return {
    get: (key) => store.get(key),
    get size() {
      return store.size
    },
    get synced() {
      return synced
    },
    staleMs: () => clock.now() - heardAt,
    relist: () => endWatch?.(),
    stop: () => stopping.abort(),
  }
}

/** A string that is there; the API server leaves empty ones out, or sends them. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
