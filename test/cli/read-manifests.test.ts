import t from 'tap'
import { readManifests, textSource } from '../../src/cli/read-manifests.ts'

const read = (text: string) => readManifests([textSource('x.yaml', text)])

t.test('reads documents in their order, as Kubernetes does, and a List one by one', async (t) => {
  const list = '{"kind":"List","apiVersion":"v1","items":[{"kind":"B"},{"kind":"C"}]}'
  t.strictSame(await read(`\u{FEFF}# a comment\n---\nkind: A\nisOn: yes\n---\n# nothing\n---\n${list}\n`), [{ kind: 'A', isOn: true }, { kind: 'B' }, { kind: 'C' }])
  t.strictSame(await read(''), [])
})

t.test('names the line of what cannot be read', async (t) => {
  await t.rejects(read('kind: A\n---\nkind: B\n\tx: 1\n'), { message: /^x\.yaml:4: a tab/ })
  await t.rejects(read('kind: A\n---\n- 1\n'), { message: /^x\.yaml:3: it is not a manifest/ })
  await t.rejects(readManifests([{ name: 'y.yaml', missing: 'it cannot be read' }]), { message: 'y.yaml: it cannot be read' })
})
