import t from 'tap'
import { readDocument } from '../../src/manifest/document.ts'
import { injectDocument } from '../../src/manifest/inject.ts'
import { largestDocument } from '../../src/manifest/split.ts'
import { context } from '../support/context.ts'

t.test('reads a map of very many keys, each of them once', async (t) => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `  key-${index}: v\n`)
  const text = `apiVersion: v1\nkind: ConfigMap\ndata:\n${lines.join('')}`
  t.equal(readDocument(text).kind, 'manifest')
  const twice = readDocument(`${text}  key-7: w\n`)
  t.match(twice, { kind: 'unreadable', fault: { offset: text.length + 2, reason: 'a key stands twice in one map' } })
})

t.test('does not read what takes far more memory than its size tells', async (t) => {
  const text = `{"apiVersion":"v1","kind":"List","items":[${'1,'.repeat(900_000)}1]}`
  t.ok(text.length < largestDocument)
  t.match(readDocument(text), { kind: 'unreadable', fault: { reason: 'it holds too many values to be read at once' } })
})

t.test('reads a text that is long and holds little', async (t) => {
  const text = `apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n${'    a, b: [c], {d}\n'.repeat(100_000)}`
  t.equal(readDocument(text).kind, 'manifest')
})

t.test('leaves a List as it is that would be too large to be read again with its workloads changed', async (t) => {
  const pod = '- apiVersion: v1\n  kind: Pod\n  metadata: {name: web}\n  spec:\n    containers:\n    - name: app\n      image: nginx\n'
  const text = `apiVersion: v1\nkind: List\nitems:\n${pod.repeat(3_000)}`
  const { text: after, workloads, faults } = injectDocument(text, () => ({ ...context, kubeVersion: { major: 1, minor: 29 } }))
  t.ok(after === text)
  t.strictSame(faults, [{ line: 1, text: 'with its workloads changed it would be too large to be read again, and all passes unchanged; divide it' }])
  t.ok(workloads.every(({ isChanged, hasFault }) => !isChanged && hasFault))
})
