import t from 'tap'
import { inmatesOf } from '../../src/cli/namespace-inmates.ts'
import { answeringAdmin } from '../support/answering-admin.ts'
import { startAnsweringApiServer } from '../support/answering-api-server.ts'

const verbs = ['delete', 'get', 'list']
const kinds = (...names: readonly string[]): object => ({ resources: names.map((name) => ({ name, kind: `Kind-${name}`, namespaced: true, verbs })) })
const list = (...names: readonly string[]): object => ({ kind: 'List', metadata: {}, items: names.map((name) => ({ metadata: { name, uid: `uid-${name}` } })) })
const group = (name: string, ...versions: readonly string[]): object => {
  const all = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: all, preferredVersion: all[0] }
}

t.test('a kind is seen though the preferred version of its group has it not, and each kind is asked for once', async (t) => {
  const api = await startAnsweringApiServer(t, {
    '/apis': { groups: [group('mesh.test', 'v1', 'v1beta1', 'v1alpha3'), group('down.test', 'v1', 'v2')] },
    '/api/v1': kinds('configmaps'),
    '/apis/mesh.test/v1': kinds('gateways'),
    '/apis/mesh.test/v1beta1': kinds('gateways', 'grants'),
    '/apis/mesh.test/v1alpha3': kinds('gateways', 'filters', 'filters/status'),
    '/apis/down.test/v1': kinds('things'),
    '/apis/down.test/v2': { refuse: 503, message: 'nobody there' },
    '/api/v1/namespaces/shop/configmaps': list('mine'),
    '/apis/mesh.test/v1/namespaces/shop/gateways': list('door'),
    '/apis/mesh.test/v1beta1/namespaces/shop/grants': list('grant'),
    '/apis/mesh.test/v1alpha3/namespaces/shop/filters': list('filter'),
    '/apis/down.test/v1/namespaces/shop/things': list(),
  })
  const { asker } = answeringAdmin(api)
  const { inmates, untold } = await inmatesOf(asker, 'shop')
  t.strictSame(inmates.map(({ kind, name }) => `${kind} ${name}`).toSorted(), ['Kind-configmaps mine', 'Kind-filters filter', 'Kind-gateways door', 'Kind-grants grant'])
  t.equal(api.asked.filter((each) => each.includes('/gateways')).length, 1)
  t.strictSame(untold, ['/apis/down.test/v2'], 'a version that does not answer may have more')
})
