import { fromKubeconfig } from '../../../src/kube/cluster.ts'
import { openAnswer } from '../../../src/kube/request.ts'
import { readEvents } from '../../../src/kube/watch-events.ts'
import { isObject } from '../../../src/units/json.ts'
import type { WatchReport, WatchTask } from './watch-task.ts'

type Report = Omit<WatchReport, 'cpuSeconds'>

// So that no connection waits for long while the others are made.
const atOnce = 25
// Longer than any benchmark.
const timeoutSeconds = '14400'

/** Prepares watches that are opened and left alone: what comes in JSON is noted, and in other formats not even read. */
export function openStreams(task: Extract<WatchTask, { kind: 'streams' }>, now: () => number) {
  const config = fromKubeconfig(task.kubeconfig)
  const { signal } = new AbortController()
  let heardAt: [string, number][] = []

  async function openOne(fieldSelector: string): Promise<void> {
    const { path, accept, resourceVersion } = task
    const query = { watch: 'true', allowWatchBookmarks: 'true', fieldSelector, resourceVersion, timeoutSeconds }
    const { chunks } = await openAnswer(config, { path, accept, query, signal })
    // Unheard, for it ends with the process; whoever ends before that has failed.
    void (accept === 'application/json' ? note(chunks) : drain(chunks)).then(() => process.exit(1))
  }

  async function drain(chunks: AsyncIterable<Uint8Array>): Promise<number> {
    let bytes = 0
    for await (const { length } of chunks) bytes += length
    return bytes
  }

  async function note(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const { object } of readEvents(chunks)) {
      const { metadata } = object
      const version = isObject(metadata) ? metadata['resourceVersion'] : undefined
      if (typeof version === 'string') heardAt.push([version, now()])
    }
  }

  return {
    async open(): Promise<void> {
      for (let index = 0; index < task.fieldSelectors.length; index += atOnce) {
        await Promise.all(task.fieldSelectors.slice(index, index + atOnce).map(openOne))
      }
    },
    report(): Report {
      const told = { heardAt, syncedAt: [], lastHeardAt: [], lost: [], answers: {}, tookMs: [] }
      heardAt = []
      return told
    },
  }
}
