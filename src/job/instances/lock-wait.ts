import { textAt } from '../../check/json-paths.ts'
import { lockContainerName } from '../../inject/names.ts'
import type { JsonObject } from '../../units/json.ts'
import type { InstanceSources, Sight } from './sight.ts'
import { dependencyWords, dependsOnKey, placeWords } from './lock-place.ts'
import type { Part } from './parts.ts'

/** A pod whose `usher-lock` waits: for what it depends on, or for its turn. */
export function seeLockWait(pod: JsonObject, parts: readonly Part[], { nowMs, lock, lastLine }: InstanceSources): Sight {
  const node = textAt(pod, 'spec', 'nodeName') ?? 'its node'
  if (lock !== undefined && lock.kind !== 'holds') {
    const sinceMs = nowMs - lock.waitedSeconds * 1_000
    const why = placeWords(lock, node)
    return lock.kind === 'gated'
      ? { state: 'Gated', label: `Gated: waits for ${lock.waitsFor.map(({ target }) => target).join(', ')}`, reason: 'Gated', why, sinceMs, isTrouble: false, container: lockContainerName }
      : { state: 'Queued', label: `Queued for the lock #${lock.position}`, reason: lock.gates.length > 0 ? 'GateClosed' : 'Queued', why, sinceMs, isTrouble: false, container: lockContainerName }
  }
  const sinceMs = parts.find(({ name }) => name === lockContainerName)?.runsSinceMs ?? 0
  if (lock?.kind === 'holds') return { state: 'Starting', label: 'Starting', reason: 'Granted', why: `it has the startup lock of ${node}, and begins to start`, sinceMs, isTrouble: false, container: lockContainerName }
  const rest = { sinceMs, isTrouble: false, container: lockContainerName } as const
  const said = lastLine === undefined ? undefined : readLastLine(lastLine)
  if (said !== undefined) return { ...said, ...rest }
  const targets = textAt(pod, 'metadata', 'annotations', dependsOnKey)
  if (targets === undefined) return { state: 'Queued', label: 'Queued for the lock', reason: 'Queued', why: `usher-lock waits for the startup lock of ${node}`, ...rest }
  return { state: 'Gated', label: 'Gated', reason: 'Gated', why: `usher-lock waits for ${dependencyWords([{ target: targets }])} (${dependsOnKey}), and then for the startup lock of ${node}`, ...rest }
}

const queuedLine = /^waiting for the startup lock of this node(?:: (?<detail>.*))?$/s
const gatedLine = /^waiting for (?<detail>.*)$/s
const silentDetail = /^no lock answers at /
const aheadDetail = /(?:^|, )(?:(?<ahead>\d+) ahead|(?<next>next))(?: \(|$)/

/** What usher-wait says of itself, as src/native/wait/ writes it. */
function readLastLine(line: string): Pick<Sight, 'state' | 'label' | 'reason' | 'why'> | undefined {
  const why = `usher-lock says: ${line}`
  if (line.startsWith('asking for the startup lock')) return { state: 'Queued', label: 'Queued for the lock', reason: 'Asking', why }
  const queued = queuedLine.exec(line)
  if (queued !== null) {
    const detail = queued.groups?.['detail'] ?? ''
    if (silentDetail.test(detail)) return { state: 'Queued', label: 'Queued: no lock answers', reason: 'NoLock', why: `${why}; it starts without the lock when it has waited long enough` }
    const { ahead, next } = aheadDetail.exec(detail)?.groups ?? {}
    const position = next === undefined ? (ahead === undefined ? '' : ` #${Number(ahead) + 1}`) : ' #1'
    return { state: 'Queued', label: `Queued for the lock${position}`, reason: detail.startsWith('waiting for ') ? 'GateClosed' : 'Queued', why }
  }
  return gatedLine.test(line) ? { state: 'Gated', label: 'Gated', reason: 'Gated', why } : undefined
}
