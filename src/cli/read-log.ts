import type { Asked } from '../check/asked.ts'
import type { JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'

/** The end of a log of a container. */
export interface LogEnd {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** How many lines. */
  readonly tail: number
  /** Of the container that ran before the one that runs. */
  readonly isPrevious?: boolean
}

// A line may be as long as it likes.
const mostBytes = 16_384

/** Reads the last lines of a log, the oldest first. */
export async function readLog({ admin: { kube, config }, asker, signal }: { readonly admin: JoinedAdmin; readonly asker: Asker; readonly signal: AbortSignal }, { namespace, pod, container, tail, isPrevious = false }: LogEnd): Promise<Asked<readonly string[]>> {
  const path = logPath(namespace, pod)
  const query = { container, tailLines: String(tail), limitBytes: String(mostBytes), ...(isPrevious ? { previous: 'true' } : {}) }
  const asked = await asker.ask('logs', () => kube.requestText(config, { path, query, accept: '*/*', signal }))
  return asked.kind === 'told' ? { kind: 'told', value: linesOf(asked.value) } : asked
}

/** Where the API server has the logs of a pod. */
export function logPath(namespace: string, pod: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/)
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}
