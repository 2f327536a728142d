import type { AloneStart } from './compare.ts'
import type { PodChange } from './kubelet.ts'
import type { BootPod } from './pods.ts'
import { grantWords, secondsOf, startWords } from './words.ts'

/** Who is shown the boot. */
export interface BootView {
  tellAlone(alone: readonly AloneStart[]): void
  /** A boot begins; `now` gives the milliseconds since. */
  begin(title: string, pods: readonly BootPod[], now: () => number): void
  tell(change: PodChange): void
  /** The boot is over, whether or not it went well. */
  end(): void
}

/** Shows nothing. */
export const noView: BootView = { tellAlone() {}, begin() {}, tell() {}, end() {} }

/** Shows a line for each change: for what is no terminal. */
export function plainView(write: (text: string) => void): BootView {
  let bootedWithLock = false
  return {
    tellAlone: (alone) => write(`${aloneLine(alone)}\n`),
    begin(title) {
      bootedWithLock = title === 'with usher'
      write(`\nBoot ${title}\n`)
    },
    tell(change) {
      const words = wordsOf(change, bootedWithLock)
      if (words !== undefined) write(`${secondsOf(change.at).padStart(8)}  ${change.pod.padEnd(9)}  ${words}\n`)
    },
    end() {},
  }
}

/** What a start takes alone, for people. */
export function aloneLine(alone: readonly AloneStart[]): string {
  const parts = alone.map(({ start, ms }) => `${secondsOf(ms)} (${startWords(start)})`)
  return `Alone, a start takes ${parts.join(' or ')}.`
}

function wordsOf(change: PodChange, hasLock: boolean): string | undefined {
  if (change.kind === 'moved') return undefined
  if (change.kind === 'waiting') return `waits: ${change.words}`
  if (change.kind === 'ready') return 'ready'
  return hasLock ? `starts: ${grantWords(change.grant)}` : 'starts'
}
