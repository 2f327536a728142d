import t from 'tap'
import { tryObjects } from '../../src/cli/apply-objects.ts'
import { objectPath } from '../../src/install/chart-object.ts'
import { answeringAdmin } from '../support/answering-admin.ts'
import { startAnsweringApiServer } from '../support/answering-api-server.ts'
import { managedBy, objectNamed, shippedObjects } from '../support/chart-objects.ts'

const { objects } = await shippedObjects()

t.test('of what would be taken over a dry run says that it changes, also where all that is applied is there', async (t) => {
  const outcome = async (kind: string, name: string, isAdopting: boolean, ...managers: readonly string[]): Promise<unknown> => {
    const object = objectNamed(objects, kind, name)
    const live = managedBy(object, ['usher-install:Apply', ...managers])
    const api = await startAnsweringApiServer(t, { [`PATCH ${objectPath(object)}`]: live.body })
    const [tried] = await tryObjects({ ...answeringAdmin(api), isAdopting }, [object], { live: new Map([[objectPath(object), live]]) })
    return tried?.kind === 'taken' ? tried.outcome : tried
  }
  t.equal(await outcome('ConfigMap', 'usher-config', true, 'kubectl-edit'), 'changed', 'what kubectl has set besides would go')
  t.equal(await outcome('ConfigMap', 'usher-config', true), 'unchanged')
  t.equal(await outcome('ConfigMap', 'usher-config', false, 'kubectl-edit'), 'unchanged')
  t.equal(await outcome('Namespace', 'usher-system', true, 'kubectl-label'), 'unchanged', 'of a namespace nothing would')
})
