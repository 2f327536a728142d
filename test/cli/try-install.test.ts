import t, { type Test } from 'tap'
import { at } from '../../src/check/json-paths.ts'
import type { ChangeReport } from '../../src/cli/change-report.ts'
import { tryInstall } from '../../src/cli/try-install.ts'
import { UnreachableError } from '../../src/cli/unreachable-error.ts'
import { objectPath } from '../../src/install/chart-object.ts'
import { createdByKey, markCreated } from '../../src/install/ownership.ts'
import { answeringAdmin } from '../support/answering-admin.ts'
import { type Answer, type AnsweringApiServer, startAnsweringApiServer } from '../support/answering-api-server.ts'
import { objectNamed, shippedObjects } from '../support/chart-objects.ts'

const { objects } = await shippedObjects()
const plain = objectNamed(objects, 'Namespace', 'usher-system')
const namespace = { ...plain, body: markCreated(plain.body) }
const config = objectNamed(objects, 'ConfigMap', 'usher-config')
const reviews = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

interface World {
  readonly api: AnsweringApiServer
  /** What was written, dry runs apart, and with what. */
  readonly written: readonly { readonly what: string; readonly body: unknown }[]
  run(): Promise<unknown>
}

/** A cluster in which the namespace is not there yet. */
async function startWorld(t: Test): Promise<World> {
  const written: { what: string; body: unknown }[] = []
  const write = (what: string, answer: Answer) => (body: unknown, query: URLSearchParams) => {
    if (!query.has('dryRun')) written.push({ what, body })
    return answer
  }
  const api = await startAnsweringApiServer(t, {
    [reviews]: { status: { allowed: true } },
    'POST /api/v1/namespaces': write('POST', { metadata: { name: 'usher-system', uid: 'made' } }),
    [`PATCH ${objectPath(namespace)}`]: write('PATCH', { metadata: {} }),
    [`DELETE ${objectPath(namespace)}`]: write('DELETE', {}),
    [`PATCH ${objectPath(config)}`]: {},
  })
  const around = { found: [], live: new Map(), namespace: undefined, configurations: [] }
  const report = { done: async () => {} } as unknown as ChangeReport
  return {
    api,
    written,
    run: () => tryInstall({ applying: { ...answeringAdmin(api), isAdopting: false }, objects: [namespace, config], around, isDryRun: false, report }).catch((error: unknown) => error),
  }
}

t.test('a namespace is created, and then marked: that very one', async (t) => {
  const world = await startWorld(t)
  t.ok((await world.run()) instanceof Map)
  t.strictSame(world.written.map(({ what }) => what), ['POST', 'PATCH'])
  t.notMatch(JSON.stringify(world.written[0]), createdByKey)
  t.equal(at(world.written[1]?.body, 'metadata', 'annotations', createdByKey), 'usher-install')
  t.equal(at(world.written[1]?.body, 'metadata', 'uid'), 'made')
})

t.test('one that somebody else has created meanwhile is neither marked nor changed', async (t) => {
  const world = await startWorld(t)
  world.api.answers['POST /api/v1/namespaces'] = { refuse: 409, message: 'already exists' }
  t.match(await world.run(), { message: 'nothing was changed: namespace usher-system was not there a moment ago, and somebody has made it meanwhile; run it again' })
  t.strictSame(world.written, [])
})

t.test('one in which something is refused goes again, by its uid', async (t) => {
  const world = await startWorld(t)
  world.api.answers[`PATCH ${objectPath(config)}`] = { refuse: 403, message: 'not you' }
  t.match(await world.run(), { message: /nothing was changed, .*\n {2}ConfigMap usher-config: .*not you/ })
  t.match(world.written.at(-1), { what: 'DELETE', body: { preconditions: { uid: 'made' } } })
})

t.test('a cluster that is away when rights are asked for cannot be reached', async (t) => {
  const world = await startWorld(t)
  world.api.answers[reviews] = { refuse: 503, message: 'away' }
  const failed = await world.run()
  t.ok(failed instanceof UnreachableError, 'with the exit code of that')
  t.match(failed, { message: /away \(context test, http/ })
})
