import type { MissingDaemonSet, Verdict } from './judge.ts'

const words: Readonly<Record<MissingDaemonSet['why'], string>> = {
  'no-pod': 'no pod',
  'not-ready': 'not ready',
  'before-boot': 'ready before the boot',
}

// A line of a waiting pod's log names so many; a name may have 63 characters of its namespace and 253 of its own.
const mostNames = 3
const longestName = 60

/** A verdict for people, short: `2 of 7 not ready: kube-system/cni (no pod), kube-system/proxy (not ready)`. */
export function describeVerdict({ required, missing }: Verdict): string {
  if (missing.length === 0) return required === 0 ? 'no DaemonSet has to run here' : `all ${required} ready`
  const shown = missing.slice(0, mostNames).map(({ namespace, name, why }) => `${shorten(`${namespace}/${name}`)} (${words[why]})`)
  const rest = missing.length - shown.length
  return `${missing.length} of ${required} not ready: ${shown.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
}

function shorten(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 1)}…`
}
