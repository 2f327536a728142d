import type { StateView } from '../../../src/lock/state-view.ts'

/** The time of {@link sampleState}. */
export const sampleNow = Date.parse('2026-03-14T09:26:53.000Z')

/** Names that would be markup, if they were not escaped. */
export const hostilePods = [
  'shop/<script>alert(1)</script>',
  `shop/"quotes" & 'ampersands' <img src=x onerror=alert(2)>`,
  '</title></desc><svg/onload=alert(3)>/--><style>*{display:none}</style>',
] as const

/** A state in which nothing goes on, with what is different. */
export function stateWith(changes: Partial<StateView> = {}): StateView {
  return {
    now: new Date(sampleNow).toISOString(),
    startedAt: '2026-03-14T06:00:00.000Z',
    permits: { floor: 1, used: 0, strict: false },
    holders: [],
    waiters: [],
    gates: [],
    pods: { state: 'none', known: 0 },
    starts: [],
    ...changes,
  }
}

/** Seconds before the sample's time, as the state has it. */
export function ago(seconds: number): string {
  return new Date(sampleNow - seconds * 1_000).toISOString()
}

/**
 * A node some minutes after its own start: some are ready, two start, with probes and without, some wait, and a gate was
 * closed for long.
 */
export const sampleState: StateView = stateWith({
  permits: { floor: 1, used: 1, strict: false },
  pods: { state: 'connected', known: 34, staleSeconds: 4.2 },
  load: { idleCores: 1.37, pressure: 12.4 },
  holders: [
    {
      ...holder('shop/checkout-5d9c7b6f4-w8kzn', 151.2, 14.3, 105.7),
      until: 'ready',
      containers: { ready: 1, total: 2, lacks: 'web: readiness probe' },
    },
    {
      ...holder('shop/search-indexer-0', 160.4, 5.1, 5.9),
      grant: 'idle-core',
      until: 'blind-hold',
      containers: { ready: 1, total: 1 },
    },
  ],
  waiters: [
    { pod: 'payments/ledger-7f9c6d5b8-x2x7k', identified: true, position: 1, waitedSeconds: 163, priority: 1000, weight: 1, connected: true },
    { pod: 'shop/recommendation-engine-with-a-long-name-6b7f8c9d5-tq4mz', identified: true, position: 2, waitedSeconds: 158.2, priority: 0, weight: 2, connected: false },
    { pod: null, identified: false, position: 3, waitedSeconds: 31.5, priority: 0, weight: 1, connected: true },
    { pod: 'monitoring/exporter-b4x9p', identified: true, position: 4, waitedSeconds: 2.4, priority: 0, weight: 1, connected: true, leftSeconds: 237 },
  ],
  gates: [
    { name: 'tcp://localhost:5432', open: true, overdue: false, reason: 'connected', seconds: 142 },
    { name: 'http://localhost:9999/ready', open: false, overdue: true, reason: 'answers 503', seconds: 661 },
  ],
  starts: [
    start('kube-system/coredns-66bc5c9577-7nq2w', 171, 169, 160.5, 'ready'),
    start('shop/cart-0', 170.8, 160.5, 142, 'ready'),
    start('shop/frontend-6d4b7c8f9-h5kq2', 170.6, 142, 131, 'given-back'),
    start('batch/import-29384756-k8s7d', 170.1, 131, 121, 'blind-hold'),
    start('shop/frontend-6d4b7c8f9-z9w4t', 169.9, 129.4, 98, 'ready', 'idle-core'),
    start('shop/broken-84d9f7b6c-pp3fj', 169.2, 121, 86.5, 'gone'),
    start('legacy/monolith-0', 168.7, 86.5, 26.5, 'lease-end'),
    start(null, 44, 26.5, 14.3, 'lease-end'),
    start('shop/checkout-5d9c7b6f4-w8kzn', 165.5, 14.3),
    start('shop/search-indexer-0', 165.5, 5.1, undefined, undefined, 'idle-core'),
  ],
})

/** The same while the API server is not heard. */
export const unheardState: StateView = {
  ...sampleState,
  pods: { state: 'lost', known: 34, staleSeconds: 65.2 },
  holders: sampleState.holders.map((each) => ({ ...each, until: each.until === 'ready' ? 'lease-end' : each.until })),
}

type Holder = StateView['holders'][number]

/** Who holds the lock, of whose pod nothing is known. */
export function holder(pod: string | null, waitedSeconds: number, heldSeconds: number, leftSeconds: number): Holder {
  return { pod, identified: true, grant: 'floor', waitedSeconds, heldSeconds, leftSeconds, until: 'lease-end' }
}

type Start = StateView['starts'][number]

/** A start by how many seconds ago it came, was granted and ended. */
export function start(
  pod: string | null,
  arrived: number,
  granted: number,
  ended?: number,
  cause?: Start['cause'],
  grant: Start['grant'] = 'floor',
): Start {
  const end = ended === undefined || cause === undefined ? {} : { endedAt: ago(ended), cause }
  return { pod, grant, arrivedAt: ago(arrived), grantedAt: ago(granted), ...end }
}
