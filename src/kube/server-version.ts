import type { KubeConfig } from '@kubernetes/client-node'
import { atLeast, type KubeVersion, parseKubeVersion } from '../units/kube-version.ts'
import { requestJson } from './request.ts'

/** What is told of the API server's version. */
export interface ServerVersionListener {
  /** It is known now, or another one than before. */
  readonly known: (version: KubeVersion) => void
  /** It was asked, and did not say; told at the first failure in a row. */
  readonly failed: (error: unknown) => void
}

// An upgrade takes minutes; a restart of ours must not wait long for the first answer.
const askAgainMs = 5 * 60 * 1_000
const retryMs = 5_000

/**
 * Asks the API server for its version (`GET /version`), at once and then every five minutes; after a failure
 * every five seconds. The last answer stays good.
 *
 * @returns stops asking.
 */
export function watchServerVersion(config: KubeConfig, listener: ServerVersionListener): () => void {
  const stopping = new AbortController()
  const { signal } = stopping
  let last: KubeVersion | undefined
  let failing = false
  let timer: NodeJS.Timeout | undefined

  async function ask(): Promise<void> {
    try {
      const { major, minor } = await requestJson(config, { path: '/version', signal })
      const version = typeof major === 'string' && typeof minor === 'string' ? parseKubeVersion(`${major}.${minor}`) : undefined
      if (version === undefined) throw new Error(`the API server calls itself ${JSON.stringify({ major, minor })}`)
      failing = false
      if (last === undefined || !isSame(last, version)) listener.known(version)
      last = version
    } catch (error) {
      if (!failing && !signal.aborted) listener.failed(error)
      failing = true
    }
    if (signal.aborted) return
    timer = setTimeout(() => void ask(), failing ? retryMs : askAgainMs)
    timer.unref()
  }

  void ask()
  return () => {
    stopping.abort()
    clearTimeout(timer)
  }
}

function isSame(left: KubeVersion, right: KubeVersion): boolean {
  return atLeast(left, right) && atLeast(right, left)
}
