import t from 'tap'
import type { Asker } from '../../src/cli/asker.ts'
import { findMissingRights, readPods } from '../../src/cli/gather-parts.ts'
import { defaultConfig } from '../../src/config/defaults.ts'
import { at } from '../../src/check/json-paths.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { installation, namespace, told } from '../support/check-facts.ts'

t.test('a path that is no object is asked for as such', async (t) => {
  const daemonSet = { spec: { template: { spec: { serviceAccountName: 'usher-lock', containers: [{ name: 'lock', args: ['--token-audience=usher'] }] } } } }
  const specs: unknown[] = []
  const post = async (_path: string, body: JsonObject): Promise<JsonObject> => {
    specs.push(body['spec'])
    return { status: { allowed: at(body, 'spec', 'nonResourceAttributes') === undefined } }
  }
  t.same(await findMissingRights({ post } as unknown as Asker, { ...installation, daemonSet }), ['usher-lock may not get /openid/v1/jwks'])
  t.match(specs.at(-1), { user: 'system:serviceaccount:usher-system:usher-lock', nonResourceAttributes: { path: '/openid/v1/jwks', verb: 'get' } })
})

t.test('a pod that has opted in is judged with the labels and annotations of its namespace', async (t) => {
  const pod = (of: string): JsonObject => ({ metadata: { namespace: of, name: 'a', labels: { 'usher.dev/inject': 'enabled' } }, spec: { containers: [{ name: 'main' }] } })
  const lists: Readonly<Record<string, readonly JsonObject[]>> = {
    '/api/v1/namespaces/shop/pods': [pod('shop')],
    '/api/v1/pods': ['shop', 'plain', 'tuned', 'off', 'new'].map(pod),
  }
  const listPicked: Asker['listPicked'] = async (path, _query, pick) => (lists[path] ?? []).map(pick).filter((each) => each !== undefined)
  const plain = { metadata: { name: 'plain', labels: {} } }
  const tuned = { metadata: { name: 'tuned', labels: {}, annotations: { 'usher.dev/nap': 'disabled' } } }
  const off = { metadata: { name: 'off', labels: { 'usher.dev/inject': 'disabled' } } }
  const read = await readPods({ listPicked } as unknown as Asker, [namespace('shop'), plain, tuned, off], { config: told(defaultConfig), kubeVersion: { major: 1, minor: 37 } })
  t.same(read.map(({ name, lacks }) => [name, lacks]), [
    ['shop/a', ['nap', 'lock']],
    ['plain/a', ['nap', 'lock']],
    ['tuned/a', ['lock']],
    ['off/a', []],
  ])
})
