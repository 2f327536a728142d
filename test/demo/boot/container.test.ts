import t from 'tap'
import { containersOf, expand, scheduled } from '../../../src/demo/boot/container.ts'

t.test('expands what the kubelet does, as it does', async (t) => {
  const variables = { A: 'one', B: '$(A)' }
  for (const [text, expected] of [
    ['$(A)/$(A)', 'one/one'],
    ['$(B)', '$(A)'],
    ['$(MISSING)', '$(MISSING)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$one'],
    ['$A $', '$A $'],
    ['$(A', '$(A'],
    ['plain', 'plain'],
  ] as const) {
    t.equal(expand(text, variables), expected, text)
  }
})

t.test('gives a container the fields of its pod', async (t) => {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
  const env = [field('HOST_IP', 'status.hostIP'), field('POD_UID', 'metadata.uid'), { name: 'X', value: 'y' }]
  const init = { name: 'first', image: 'image', args: ['--host=$(HOST_IP)', '--uid=$(POD_UID)'], env }
  const pod = scheduled({ metadata: { name: 'web-0' }, spec: { initContainers: [init], containers: [{ name: 'web' }] } }, 'uid-1')
  t.same(containersOf(pod, 'initContainers'), [
    { name: 'first', image: 'image', args: ['--host=127.0.0.1', '--uid=uid-1'], env: { HOST_IP: '127.0.0.1', POD_UID: 'uid-1', X: 'y' } },
  ])
  t.same(containersOf(pod, 'containers'), [{ name: 'web', image: '', args: [], env: {} }])
})

t.test('a field that the pod has not is a failure', async (t) => {
  const env = [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'metadata.nothing' } } }]
  t.throws(() => containersOf({ spec: { containers: [{ name: 'web', env }] } }, 'containers'), { message: 'the pod has no metadata.nothing' })
})
