import { randomUUID } from 'node:crypto'
import t from 'tap'
import { applyObject, asThatOf, createNamespace } from '../../src/cli/apply-objects.ts'
import { deleteObject, releaseObject } from '../../src/cli/remove-objects.ts'
import { chartKindOf } from '../../src/install/chart-kinds.ts'
import type { ChartObject } from '../../src/install/chart-object.ts'
import { isCreatedByUs, markCreated } from '../../src/install/ownership.ts'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { adminAt } from '../support/answering-admin.ts'
import { objectAt } from '../support/pod-reader.ts'
import { startApiServer } from './api-server.ts'

t.test('what is gone is not made anew, and what is somebody else\'s is neither marked nor changed nor deleted', async (t) => {
  const server = await startApiServer(t)
  const removing = adminAt(fromKubeconfig(server.kubeconfig), 'here')
  const applying = { ...removing, isAdopting: false }
  const { asker } = removing
  const namespace = (name: string, uid?: string): ChartObject => {
    const kind = chartKindOf('v1', 'Namespace')
    if (kind === undefined) throw new Error('none')
    const metadata = { name, labels: { 'app.kubernetes.io/name': 'usher' }, ...(uid === undefined ? {} : { uid }) }
    return { kind, body: { apiVersion: 'v1', kind: 'Namespace', metadata } }
  }
  const liveOf = (name: string) => asker.getIfThere(`/api/v1/namespaces/${name}`)

  t.equal(await releaseObject(removing, namespace('ghost', randomUUID()), false), false)
  t.equal(await liveOf('ghost'), undefined)

  const mine = await asker.post('/api/v1/namespaces', { metadata: { name: 'mine', labels: { team: 'a' } } })
  const other = namespace('mine', randomUUID())
  t.equal(await releaseObject(removing, other, false), false)
  await deleteObject(removing, other, false)
  await t.rejects(createNamespace(applying, namespace('mine')), /^nothing was changed: namespace mine was not there a moment ago/)
  await t.rejects(applyObject(applying, asThatOf(namespace('mine'), other), undefined), /^Namespace mine: /)
  t.strictSame(await liveOf('mine'), mine)

  const made = await createNamespace(applying, namespace('fresh'))
  await applyObject(applying, asThatOf({ ...made, body: markCreated(namespace('fresh').body) }, made), undefined)
  const marked = (await liveOf('fresh')) ?? {}
  t.ok(isCreatedByUs(marked))
  t.equal(await releaseObject(removing, { ...made, body: marked }, true), true)
  t.strictSame(await liveOf('fresh'), marked, 'a dry run')
  t.equal(await releaseObject(removing, { ...made, body: marked }, false), true)
  const { labels, annotations } = objectAt((await liveOf('fresh')) ?? {}, 'metadata')
  t.strictSame([labels, annotations], [{ 'kubernetes.io/metadata.name': 'fresh' }, undefined], 'of what was put on it nothing stays')
})
