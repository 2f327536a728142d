import { type KubeConfig, VersionApi } from '@kubernetes/client-node'
import { atLeast, type KubeVersion, parseKubeVersion } from '../units/kube-version.ts'

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
  const api = config.makeApiClient(VersionApi)
  let last: KubeVersion | undefined
  let failing = false
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function ask(): Promise<void> {
    try {
      const { major, minor } = await api.getCode()
      const version = parseKubeVersion(`${major}.${minor}`)
      if (version === undefined) throw new Error(`the API server calls itself ${major}.${minor}`)
      failing = false
      if (last === undefined || !isSame(last, version)) listener.known(version)
      last = version
    } catch (error) {
      if (!failing) listener.failed(error)
      failing = true
    }
    if (stopped) return
    timer = setTimeout(() => void ask(), failing ? retryMs : askAgainMs)
    timer.unref()
  }

  void ask()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

function isSame(left: KubeVersion, right: KubeVersion): boolean {
  return atLeast(left, right) && atLeast(right, left)
}
