import t from 'tap'
import type { Asker } from '../../src/cli/asker.ts'
import { findMissingRights } from '../../src/cli/gather-parts.ts'
import { at } from '../../src/check/json-paths.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { installation } from '../support/check-facts.ts'

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
