import t from 'tap'
import { detail } from '../../src/status/detail.ts'
import { readLockPod } from '../../src/status/lock-pods.ts'
import { readState, toJson } from '../../src/status/node-status.ts'
import { overview } from '../../src/status/overview.ts'
import { lockState, nodeStatus } from '../support/node-status.ts'

t.test('an older lock says less, and is shown with what it says', async (t) => {
  const { pods: _pods, starts: _starts, ...older } = lockState()
  const state = readState({ ...older, holders: [{ pod: 'shop/api', grant: 'floor', heldSeconds: 3 }] } as never)
  if (state === undefined) throw new Error('it was not read')
  t.match(overview([nodeStatus('n', state)])[1], /^n +0\/1 +1 /)
  t.match(detail(nodeStatus('n', state)).join('\n'), /shop\/api +floor +- +3s +- +-/)
})

t.test('what is no state is not shown as one', async (t) => {
  for (const wrong of [{}, { permits: {} }, { ...lockState(), startedAt: 'x' }, { ...lockState(), holders: [1] }, { ...lockState(), waiters: null }, { ...lockState(), pods: 1 }]) {
    t.equal(readState(wrong as never), undefined, JSON.stringify(wrong))
  }
})

t.test('for machines: the whole state, or the problem', async (t) => {
  t.match(toJson('usher-system', [nodeStatus('a', lockState()), nodeStatus(undefined, 'Pending')]), {
    namespace: 'usher-system',
    nodes: [
      { node: 'a', pod: 'usher-lock-a', version: '0.1.0', ready: true, state: { permits: { floor: 1 } } },
      { node: null, ready: false, problem: 'Pending' },
    ],
  })
})

t.test("a lock's pod: port and readers by its flags, and why it does not run", async (t) => {
  const metadata = { namespace: 's', name: 'p', labels: { 'app.kubernetes.io/version': '1.2.3' } }
  const spec = { nodeName: 'n', containers: [{ name: 'lock', args: ['--port=9000', '--readers=all'] }] }
  const status = (state: object, ready = false) => ({ phase: 'Running', containerStatuses: [{ name: 'hold', ready: true }, { name: 'lock', ready, state }] })
  t.match(readLockPod({ metadata, spec, status: status({}, true) } as never), { node: 'n', port: 9000, readers: 'all', version: '1.2.3', isReady: true, trouble: undefined })
  t.equal(readLockPod({ metadata, spec, status: status({ waiting: { reason: 'CrashLoopBackOff' } }) } as never).trouble, 'CrashLoopBackOff')
  t.equal(readLockPod({ metadata, spec, status: status({ running: {} }) } as never).trouble, 'is not ready')
  t.match(readLockPod({ metadata, spec: {}, status: { phase: 'Pending' } }), { node: undefined, port: 8888, readers: undefined, trouble: 'Pending' })
  t.match(readLockPod({ metadata: { ...metadata, deletionTimestamp: 'x' }, spec, status: status({}, true) } as never), { isReady: false, trouble: 'is being deleted' })
  t.match(readLockPod({}), { namespace: '', pod: '', port: 8888, isReady: false, trouble: 'is not scheduled' })
})
