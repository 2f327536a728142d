import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { at } from '../../src/check/json-paths.ts'
import { runUninstall } from '../../src/cli/uninstall-run.ts'
import { UnreachableError } from '../../src/cli/unreachable-error.ts'
import { chartKinds, listPath } from '../../src/install/chart-kinds.ts'
import { type ChartObject, objectPath, titleOf } from '../../src/install/chart-object.ts'
import { markCreated } from '../../src/install/ownership.ts'
import { answeringAdmin } from '../support/answering-admin.ts'
import { type Answer, type AnsweringApiServer, startAnsweringApiServer } from '../support/answering-api-server.ts'
import { managedBy, objectNamed, shippedObjects } from '../support/chart-objects.ts'
import { listAt, objectAt } from '../support/pod-reader.ts'

const { objects } = await shippedObjects()
const inside = '/api/v1/namespaces/usher-system'
const of = (kind: string, name: string): ChartObject => managedBy(objectNamed(objects, kind, name), ['usher-install:Apply'])
const plain = objectNamed(objects, 'Namespace', 'usher-system')
const created = managedBy({ ...plain, body: markCreated(plain.body) }, ['usher-install:Apply'])
const labelled = of('Namespace', 'usher-system')
const service = of('Service', 'usher-webhook')
const config = of('ConfigMap', 'usher-config')

interface World {
  readonly api: AnsweringApiServer
  /** What was written, dry runs apart: `DELETE Kind name`. */
  readonly written: readonly string[]
  /** What was applied to release it. */
  readonly released: readonly unknown[]
  run(): Promise<string>
}

/** A cluster that has these objects until they are deleted. */
async function worldWith(t: Test, stored: readonly ChartObject[]): Promise<World> {
  const there = new Map(stored.map((each) => [objectPath(each), each]))
  const written: string[] = []
  const released: unknown[] = []
  const answers: AnsweringApiServer['answers'] = {
    '/apis': { groups: [] },
    '/api/v1': { resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: ['list', 'delete'] }] },
    [`${inside}/secrets`]: { items: [] },
    [`${inside}/pods`]: { items: [] },
    [`${inside}/configmaps`]: () => ({ items: [...there.values()].filter(({ kind }) => kind.kind === 'ConfigMap').map(({ body }) => body) }),
  }
  for (const kind of chartKinds) answers[listPath(kind)] = { items: stored.filter((each) => each.kind === kind).map(({ body }) => body) }
  for (const [path, object] of there) {
    answers[path] = () => there.get(path)?.body ?? { refuse: 404 }
    answers[`DELETE ${path}`] = (body) => {
      if (at(body, 'dryRun') !== undefined) return {}
      written.push(`DELETE ${titleOf(object)}`)
      there.delete(path)
      return {}
    }
    answers[`PATCH ${path}`] = (body, query) => {
      if (query.has('dryRun')) return {}
      written.push(`PATCH ${titleOf(object)}`)
      released.push(body)
      return {}
    }
  }
  const api = await startAnsweringApiServer(t, answers)
  return {
    api,
    written,
    released,
    async run() {
      const stdout = new PassThrough()
      const output = { stdout, stderr: new PassThrough() }
      await runUninstall(answeringAdmin(api).admin, { isDryRun: false, isAgreed: true, timeoutMs: 2_000 }, output as never, new AbortController().signal)
      return text(stdout.end())
    },
  }
}

/** Answers what was answered before, and does something then. */
function andThen({ api }: World, name: string, act: () => void): void {
  const before = api.answers[name]
  api.answers[name] = (body, query): Answer => {
    const answer = typeof before === 'function' ? before(body, query) : (before ?? {})
    if (at(body, 'dryRun') === undefined) act()
    return answer
  }
}

t.test('a namespace into which somebody puts something while it is taken out stays, too', async (t) => {
  const world = await worldWith(t, [created, config, service])
  andThen(world, `DELETE ${objectPath(service)}`, () => {
    world.api.answers[`${inside}/configmaps`] = { items: [{ metadata: { name: 'mine', uid: 'mine' } }] }
  })
  t.match(await world.run(), /^changed +Namespace usher-system, which stays.*\nnamespace usher-system stays, .*: ConfigMap mine$/m)
  t.strictSame(world.written, ['DELETE Service usher-webhook', 'DELETE ConfigMap usher-config', 'PATCH Namespace usher-system'])
  const empty = await worldWith(t, [created, config, service])
  await empty.run()
  t.strictSame(empty.written, ['DELETE Service usher-webhook', 'DELETE ConfigMap usher-config', 'DELETE Namespace usher-system'])
})

t.test('a namespace that is deleted meanwhile is not created anew', async (t) => {
  const world = await worldWith(t, [labelled, config])
  await world.run()
  t.match(world.released, [{ kind: 'Namespace', metadata: { name: 'usher-system', uid: 'uid-usher-system' } }], 'by its uid the API server tells it from another')
  const gone = await worldWith(t, [labelled, config])
  andThen(gone, `DELETE ${objectPath(config)}`, () => {
    gone.api.answers[objectPath(labelled)] = { refuse: 404 }
    gone.api.answers[`PATCH ${objectPath(labelled)}`] = { refuse: 409, message: 'uid mismatch' }
  })
  t.match(await gone.run(), /^Namespace usher-system is gone meanwhile$/m)
})

t.test('what has the name of one that was deleted meanwhile is somebody else\'s, and stays', async (t) => {
  const world = await worldWith(t, [labelled, config, service])
  andThen(world, `DELETE ${objectPath(service)}`, () => {
    world.api.answers[objectPath(config)] = { metadata: { name: 'usher-config', uid: 'another' } }
    world.api.answers[`DELETE ${objectPath(config)}`] = { refuse: 409, message: 'the UID in the precondition does not match' }
  })
  t.match(await world.run(), /^usher is taken out of usher-system; pods that run stay as they are, and those that wait for the lock start within a minute, 90 seconds just after a boot/m)
  const other = await worldWith(t, [labelled, config])
  other.api.answers[`DELETE ${objectPath(config)}`] = { refuse: 409, message: 'of another reason' }
  await t.rejects(other.run(), /nothing was taken out, .*\n {2}ConfigMap usher-config: .*of another reason/)
})

t.test('that a namespace that stays may not be changed is told before anything is taken out', async (t) => {
  const world = await worldWith(t, [labelled, config])
  world.api.answers[`PATCH ${objectPath(labelled)}`] = { refuse: 403, message: 'not you' }
  await t.rejects(world.run(), /nothing was taken out, .*\n {2}Namespace usher-system: .*not you; choose a context that may/)
  t.strictSame(world.written, [])
})

t.test('what fails in the middle says that a part is out, and that it can be gone on with', async (t) => {
  const world = await worldWith(t, [labelled, config, service])
  andThen(world, `DELETE ${objectPath(service)}`, () => {
    world.api.answers[`DELETE ${objectPath(config)}`] = { refuse: 503, message: 'away' }
  })
  const failed = await world.run().catch((error: unknown) => error)
  t.ok(failed instanceof UnreachableError, 'with the exit code of a cluster that cannot be reached')
  t.match(failed, { message: /^ConfigMap usher-config: .*away .*; a part of usher is out, and the rest is there still: usher uninstall goes on from there$/ })
})

t.test('a cluster that does not tell what stays cannot be reached', async (t) => {
  const world = await worldWith(t, [labelled, config])
  world.api.answers[`${inside}/pods`] = { refuse: 503, message: 'away' }
  const failed = await world.run().catch((error: unknown) => error)
  t.ok(failed instanceof UnreachableError)
  t.match(failed, { message: /away .*; a part of usher is out/ })
})

t.test('who else has put it in is named before it goes', async (t) => {
  const entry = { manager: 'argocd-controller', operation: 'Update', fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:argocd.argoproj.io/tracking-id': {} } } } }
  const shared = { ...config, body: { ...config.body, metadata: { ...objectAt(config.body, 'metadata'), managedFields: [...listAt(config.body, 'metadata', 'managedFields'), entry] } } }
  const world = await worldWith(t, [labelled, shared])
  t.match(await world.run(), /^others have put it in as well: ConfigMap usher-config \(argocd-controller\); .*\ndeleted +ConfigMap/)
})
