// Loaded before usher by --import: asked by a message of the parent process, it collects all garbage and answers
// with what is left. (Not by a signal: usher ends by most of them.)

/** What a process still uses after its garbage has been collected. */
export interface HeapReport {
  readonly heapUsed: number
  readonly rss: number
}

// What a collection frees may be held by finalizers until the next one.
const collections = 4

process.on('message', () => {
  for (let index = 0; index < collections; index++) globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  const report: HeapReport = { heapUsed, rss }
  process.send?.(report)
})
// The channel alone must not keep usher alive.
process.channel?.unref()
