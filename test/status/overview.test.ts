import t from 'tap'
import { detail } from '../../src/status/detail.ts'
import { byNode } from '../../src/status/node-status.ts'
import { overview } from '../../src/status/overview.ts'
import { lockState, nodeStatus, start } from '../support/node-status.ts'

const waiter = { identified: true, position: 1, priority: 0, weight: 1, connected: true } as const
const holder = { identified: true, grant: 'floor', waitedSeconds: 3, heldSeconds: 12, leftSeconds: 108, until: 'ready' } as const
const gate = { reason: 'connection refused', seconds: 90 } as const

t.test('a line for each node: what is taken, who starts and waits, how long, gates, and since when', async (t) => {
  const busy = lockState({
    permits: { floor: 2, used: 2, strict: true },
    holders: [{ pod: 'shop/api', ...holder }],
    waiters: [{ pod: 'shop/a', ...waiter, waitedSeconds: 75 }, { pod: 'shop/b', ...waiter, waitedSeconds: 130 }],
    gates: [{ name: 'tcp://db:1', open: false, overdue: false, ...gate }, { name: 'tcp://a:1', open: false, overdue: true, ...gate }, { name: 'tcp://b:1', open: true, overdue: false, ...gate }],
    starts: [start('shop/x', 0), start('shop/y', 4), start('shop/z', 40)],
  })
  t.same(overview([nodeStatus('worker-1', busy), nodeStatus('worker-2', lockState()), nodeStatus('worker-3', 'it sleeps')]), [
    'NODE       PERMITS      HOLDERS   WAITERS   LONGEST   LAST HOUR            GATES                                    UPTIME',
    'worker-1   2/2 strict   1         2         2m10s     3: 4s, 40s at most   closed: tcp://db:1; overdue: tcp://a:1   6h',
    'worker-2   0/1          0         0         -         -                    -                                        6h',
    'worker-3   ?            ?         ?         ?         ?                    ?                                        ?',
    '',
    'worker-3   it sleeps',
    '',
    '3 nodes, 1 pod starting, 2 waiting, 1 lock without an answer',
  ])
})

t.test('nodes come in the order of their names, numbers by their value; pods without a node last', async (t) => {
  const order = byNode([nodeStatus(undefined, 'x'), nodeStatus('n10', 'x'), nodeStatus('n9', 'x')]).map(({ lock }) => lock.node)
  t.same(order, ['n9', 'n10', undefined])
})

t.test('a node in detail names who starts, waits and has started', async (t) => {
  const lines = detail(
    nodeStatus('worker-1', lockState({
      holders: [{ pod: 'shop/api', ...holder, containers: { ready: 1, total: 2, lacks: 'web: readiness probe' } }],
      waiters: [{ pod: null, ...waiter, waitedSeconds: 3, leftSeconds: 200 }],
      load: { idleCores: 1.5, pressure: 12 },
      starts: Array.from({ length: 12 }, (_each, index) => start(`shop/p${index}`, index)),
    })),
  ).join('\n')
  t.match(lines, /^Permits: +0\/1 taken$/m)
  t.match(lines, /^Pods: +20 known, the API server was heard 12s ago$/m)
  t.match(lines, /^Load: +1\.5 idle cores, CPU pressure 12 %$/m)
  t.match(lines, /^Gates: none$/m)
  t.match(lines, /^ {2}shop\/api +floor +3s +12s +108s +ready +1\/2 ready, web: readiness probe$/m)
  t.match(lines, /^ {2}1 +\(no name\) +3s +3m20s +0 +1 +yes$/m)
  t.match(lines, 'Starts of the last hour (the newest 10 of 12):')
  t.match(lines, /^ {2}shop\/p11 +floor +60s ago +11s +5s +ready$/m)
  t.notMatch(lines, /^ {2}shop\/p1 /m)
})

t.test('names that would steer a terminal do not', async (t) => {
  const bad = lockState({ holders: [{ pod: 'a/\u{1b}[2J\u{202e}x\n', ...holder }] })
  const lines = [...detail(nodeStatus('n', bad)), ...overview([nodeStatus('n\u{9b}', 'a\r\n')])]
  t.notOk(lines.some((line) => /[\p{Cc}\u202e]/u.test(line)))
  t.match(lines.join('\n'), 'a/?[2J?x?')
})

t.test('who waits for what it depends on is counted, and in detail named with what it waits for', async (t) => {
  const dependency = { state: 'waiting', reason: '0 of 2 endpoints ready', leftSeconds: 588, onTimeout: 'proceed' } as const
  const gated = [{ pod: 'shop/web', waitedSeconds: 12, connected: true, dependencies: [{ target: 'service/redis', ...dependency }, { target: 'job/db', ...dependency, state: 'healthy' as const, reason: 'complete' }] }]
  const status = nodeStatus('worker-1', lockState({ gated }))
  t.equal(overview([status]).at(-1), '1 node, 0 pods starting, 0 waiting, 1 waiting for what it depends on')
  const lines = detail(status).join('\n')
  t.match(lines, /^ {2}shop\/web +12s +service\/redis +waiting +9m48s +0 of 2 endpoints ready$/m)
  t.match(lines, /^ {2} +job\/db +healthy +- +complete$/m)
  t.notMatch(detail(nodeStatus('worker-1', lockState())).join('\n'), 'depend on')
})
