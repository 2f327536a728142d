import type { Asked } from '../check/asked.ts'
import type { JsonObject } from '../units/json.ts'
import type { JoinedAdmin } from './admin-cluster.ts'

type Query = Readonly<Record<string, string>>

/** Of the media types of a patch, what comes after `application/`; `apply-patch+yaml` takes JSON, too. */
export type PatchKind = 'strategic-merge-patch+json' | 'merge-patch+json' | 'json-patch+json' | 'apply-patch+yaml'

/** Asks a cluster, and remembers what it was not allowed to ask. Its requests throw; `ask` tells what came of them. */
export interface Asker {
  /** @param what for people, of what may not be asked: `nodes` */
  ask<T>(what: string, call: () => Promise<T>): Promise<Asked<T>>
  denied(): readonly string[]
  get(path: string): Promise<JsonObject>
  /** Undefined: it is not there. */
  getIfThere(path: string): Promise<JsonObject | undefined>
  list(path: string, query?: Query): Promise<readonly JsonObject[]>
  listPicked<T>(path: string, query: Query, pick: (object: JsonObject) => T | undefined): Promise<readonly T[]>
  post(path: string, body: JsonObject, query?: Query): Promise<JsonObject>
  /** @param kind of patch: `strategic-merge-patch+json`, `merge-patch+json`, `json-patch+json`, `apply-patch+yaml` */
  patch(path: string, kind: PatchKind, body: unknown, query?: Query): Promise<JsonObject>
  delete(path: string, options?: JsonObject, query?: Query): Promise<JsonObject>
  /** The body of what a pod answers to a GET. */
  fromPod(place: { readonly namespace: string; readonly pod: string; readonly port: number; readonly path: string }): Promise<string>
}

/** Is told what is asked, and that it is asked no more. */
export interface AskWatch {
  begun(what: string): void
  ended(what: string): void
}

const unwatched: AskWatch = { begun() {}, ended() {} }

const podWithinMs = 5_000

/**
 * Asks as the person whose kubeconfig it is.
 *
 * @param signal what has not been told when it is aborted is `late`, for its reason.
 */
export function askWith({ kube, config }: JoinedAdmin, signal: AbortSignal, watch: AskWatch = unwatched): Asker {
  const denied = new Set<string>()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  // Nobody may be asking then.
  aborted.catch(() => {})
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })

  /** By the API server's rules of access; a policy that refuses an object answers 403, too. */
  function isDenied(error: unknown): boolean {
    if (error instanceof kube.PodSilentError) return error.attempts.every((attempt) => isDenied(attempt.error))
    if (!(error instanceof kube.ApiError)) return false
    return error.status === 401 || (error.status === 403 && / cannot [a-z]+ (?:resource|path) /.test(error.message))
  }

  return {
    async ask(what, call) {
      watch.begun(what)
      try {
        signal.throwIfAborted()
        return { kind: 'told', value: await Promise.race([call(), aborted]) }
      } catch (error) {
        if (signal.aborted) return { kind: 'late', message: messageOf(signal.reason) }
        const message = messageOf(error)
        if (!isDenied(error)) return { kind: 'failed', message, ...(error instanceof kube.ApiError ? { status: error.status } : {}) }
        denied.add(what)
        return { kind: 'denied', message }
      } finally {
        watch.ended(what)
      }
    },
    denied: () => [...denied].toSorted(),
    get: (path) => kube.requestJson(config, { path, signal }),
    async getIfThere(path) {
      try {
        return await kube.requestJson(config, { path, signal })
      } catch (error) {
        if (error instanceof kube.ApiError && error.status === 404) return undefined
        throw error
      }
    },
    list: (path, query = {}) => kube.listAll(config, { path, query, signal }),
    listPicked: (path, query, pick) => kube.listPicked(config, { path, query, signal }, pick),
    post: (path, body, query = {}) => kube.requestJson(config, { method: 'POST', path, body, query, signal }),
    patch: (path, kind, body, query = {}) => kube.requestJson(config, { method: 'PATCH', path, contentType: `application/${kind}`, body, query, signal }),
    delete: (path, options, query = {}) => kube.requestJson(config, { method: 'DELETE', path, body: options, query, signal }),
    fromPod: (place) => kube.askPod(config, { ...place, ways: ['proxy', 'port-forward'], withinMs: podWithinMs }, signal),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
