import type { MissingDaemonSet, Verdict } from './judge.ts'

const words: Readonly<Record<MissingDaemonSet['why'], string>> = {
  'no-pod': 'no pod',
  'not-ready': 'not ready',
  'before-boot': 'ready before the boot',
}

// usher-wait shows 200 bytes, and the place in the queue comes after this. Names of a namespace and a DaemonSet may have
// 63 and 253 characters.
const mostShown = 110
const longestName = 60

/** A verdict for people, short: `2 of 7 not ready: kube-system/cni (no pod), kube-system/proxy (not ready)`. */
export function describeVerdict({ required, missing }: Verdict): string {
  if (missing.length === 0) return required === 0 ? 'no DaemonSet has to run here' : `all ${required} ready`
  const shown: string[] = []
  for (const { namespace, name, why } of missing) {
    const next = `${shorten(`${namespace}/${name}`)} (${words[why]})`
    if (shown.length > 0 && [...shown, next].join(', ').length > mostShown) break
    shown.push(next)
  }
  const rest = missing.length - shown.length
  return `${missing.length} of ${required} not ready: ${shown.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
}

function shorten(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 1)}…`
}
