import { textAt } from '../../check/json-paths.ts'
import { dependsOnKey, targetKinds } from '../../depends-on/dependency.ts'
import { lockContainerName } from '../../inject/names.ts'
import type { JsonObject } from '../../units/json.ts'
import type { InstanceSources, Sight } from './sight.ts'
import { dependencyWords, placeWords } from './lock-place.ts'
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
// `waiting for service/redis (0 of 2 endpoints ready), 12 s`: what a pod depends on; a gate of the node is none of these kinds.
const gatedDetail = new RegExp(`^waiting for ((?:${targetKinds.join('|')})/\\S+)`)
const silentDetail = /^no lock answers at /
const aheadDetail = /(?:^|, )(?:(?<ahead>\d+) ahead|(?<next>next))(?: \(|$)/

/** A pod whose `usher-lock` has failed because of what it depends on, as its author wants it; the kubelet starts it again. */
export function seeFailedWait(part: Part): Sight | undefined {
  const exit = part.ended ?? part.endedBefore
  if (part.name !== lockContainerName || part.runsSinceMs !== undefined || exit?.code !== dependencyFailedCode) return undefined
  const said = exit.message === '' ? 'what it depends on was not healthy in time' : exit.message
  return { state: 'Gated', label: 'Gated: DependencyFailed', reason: 'DependencyFailed', why: `${said}; usher-lock is started again, and waits anew`, sinceMs: exit.finishedMs, isTrouble: true, container: lockContainerName }
}

// As src/native/wait/main.c has it.
const dependencyFailedCode = 4

/** What usher-wait says of itself, as src/native/wait/ writes it. */
function readLastLine(line: string): Pick<Sight, 'state' | 'label' | 'reason' | 'why'> | undefined {
  const why = `usher-lock says: ${line}`
  if (line.startsWith('asking for the startup lock')) return { state: 'Queued', label: 'Queued for the lock', reason: 'Asking', why }
  const queued = queuedLine.exec(line)
  if (queued !== null) {
    const detail = queued.groups?.['detail'] ?? ''
    if (silentDetail.test(detail)) return { state: 'Queued', label: 'Queued: no lock answers', reason: 'NoLock', why: `${why}; it starts without the lock when it has waited long enough` }
    const target = gatedDetail.exec(detail)?.[1]
    if (target !== undefined) return { state: 'Gated', label: `Gated: waits for ${target}`, reason: 'Gated', why }
    const { ahead, next } = aheadDetail.exec(detail)?.groups ?? {}
    const position = next === undefined ? (ahead === undefined ? '' : ` #${Number(ahead) + 1}`) : ' #1'
    return { state: 'Queued', label: `Queued for the lock${position}`, reason: detail.startsWith('waiting for ') ? 'GateClosed' : 'Queued', why }
  }
  return undefined
}
