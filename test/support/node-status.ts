import type { StateView } from '../../src/lock/state-view.ts'
import type { NodeStatus } from '../../src/status/node-status.ts'

/** When the states of these tests are looked at. */
export const lookedAt = '2026-11-25T12:00:00.000Z'

/** A lock's state, quiet but for these parts. */
export function lockState(parts: Partial<StateView> = {}): StateView {
  return {
    now: lookedAt,
    startedAt: '2026-11-25T06:00:00.000Z',
    permits: { floor: 1, used: 0, strict: false },
    holders: [],
    waiters: [],
    gates: [],
    pods: { state: 'connected', known: 20, staleSeconds: 12 },
    starts: [],
    ...parts,
  }
}

/** The status of a node whose lock has answered so, or not: then with why. */
export function nodeStatus(node: string | undefined, state: StateView | string, lock: Partial<NodeStatus['lock']> = {}): NodeStatus {
  const pod = {
    namespace: 'usher-system',
    pod: `usher-lock-${node ?? 'x'}`,
    node,
    isReady: typeof state !== 'string',
    trouble: typeof state === 'string' ? 'is not ready' : undefined,
    port: 8888,
    version: '0.1.0',
    readers: 'node',
    ...lock,
  }
  return typeof state === 'string' ? { lock: pod, problem: state } : { lock: pod, state }
}

/** A start that has waited for so many seconds, and ended. */
export function start(pod: string, waitedSeconds: number): StateView['starts'][number] {
  const granted = Date.parse(lookedAt) - 60_000
  return {
    pod,
    grant: 'floor',
    arrivedAt: new Date(granted - waitedSeconds * 1_000).toISOString(),
    grantedAt: new Date(granted).toISOString(),
    endedAt: new Date(granted + 5_000).toISOString(),
    cause: 'ready',
  }
}
