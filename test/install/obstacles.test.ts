import t from 'tap'
import { type ChartObject, objectPath } from '../../src/install/chart-object.ts'
import { obstaclesTo, outdatedIn, type Surroundings } from '../../src/install/obstacles.ts'
import type { WantedObjects } from '../../src/install/read-objects.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { managedBy, objectNamed, shippedObjects } from '../support/chart-objects.ts'
import { objectAt } from '../support/pod-reader.ts'

const wanted = await shippedObjects()
const { objects } = wanted
const configuration = objectNamed(objects, 'MutatingWebhookConfiguration', 'usher').body

/** A cluster with these objects, which are found by their labels. */
function around(live: readonly ChartObject[], parts: Partial<Surroundings> = {}): Surroundings {
  return { found: live, live: new Map(live.map((each) => [objectPath(each), each])), namespace: { metadata: { name: 'usher-system' } }, configurations: [], ...parts }
}

function installedBy(managers: readonly string[], metadata: JsonObject = {}): readonly ChartObject[] {
  return objects.map((object) => managedBy(object, managers, metadata))
}

/** The same objects in another namespace. */
function elsewhere(live: readonly ChartObject[]): readonly ChartObject[] {
  return live.map((each) => ({ ...each, body: { ...each.body, metadata: { ...objectAt(each.body, 'metadata'), namespace: 'elsewhere' } } }))
}

t.test('nothing stands in the way of a first time, of a second one, and of one after a broken one', async (t) => {
  t.strictSame(obstaclesTo(wanted, around([], { namespace: undefined }), false), [])
  const own = installedBy(['usher-install:Apply'])
  t.strictSame(obstaclesTo(wanted, around(own, { configurations: [configuration] }), false), [])
  t.strictSame(obstaclesTo(wanted, around(own.slice(0, 4)), false), [])
})

t.test('Helm has installed it: how to go on with Helm, also where somebody wants to adopt', async (t) => {
  const own = installedBy(['helm'], { annotations: { 'meta.helm.sh/release-name': 'u', 'meta.helm.sh/release-namespace': 'n' } })
  for (const isAdopting of [false, true]) {
    t.match(obstaclesTo(wanted, around(own), isAdopting), [/^Helm has installed usher \(release u in n\): helm upgrade u … --namespace n changes it; .* helm uninstall u --namespace n comes first$/])
  }
})

t.test('it is installed twice, or in another namespace', async (t) => {
  const own = installedBy(['usher-install:Apply'])
  const other = elsewhere(own)
  t.match(obstaclesTo(wanted, around([...own, ...other]), false), [/^usher is installed 2 times, in elsewhere, usher-system, .* take all but one out first/])
  t.match(obstaclesTo(wanted, around(other), true), [/^usher is installed in elsewhere already: usher install --namespace elsewhere goes on with that/])
})

t.test('others have put it in: who, which version, and how to take it over', async (t) => {
  const own = installedBy(['kubectl-client-side-apply'], { labels: { 'app.kubernetes.io/version': '0.0.9' } })
  const [reason, ...more] = obstaclesTo(wanted, around(own), false)
  t.match(reason, /^there is something already that was put in by kubectl-client-side-apply \(usher 0\.0\.9: ServiceAccount usher-lock, .*, 10 more\): usher install --adopt takes it over/)
  t.strictSame(more, [])
  t.strictSame(obstaclesTo(wanted, around(own), true), [])
})

t.test('what has a name of usher and not its label is in the way, too', async (t) => {
  const config = managedBy(objectNamed(objects, 'ConfigMap', 'usher-config'), ['somebody'], { labels: {} })
  t.match(obstaclesTo(wanted, around([config], { found: [] }), false), [/put in by somebody \(ConfigMap usher-config\)/])
})

t.test('a namespace that was there before is in nobody\'s way; one that goes, or is missing, is', async (t) => {
  const namespace = managedBy(objectNamed(objects, 'Namespace', 'usher-system'), ['kubectl-create'])
  t.strictSame(obstaclesTo(wanted, around([namespace]), false), [])
  t.match(obstaclesTo(wanted, around([], { namespace: { metadata: { deletionTimestamp: 'now' } } }), false), [/^namespace usher-system is being deleted; try again when it is gone/])
  const without: WantedObjects = { ...wanted, objects: objects.filter(({ kind }) => kind.kind !== 'Namespace') }
  t.match(obstaclesTo(without, around([], { namespace: undefined }), false), [/^there is no namespace usher-system, nor is it among the objects: kubectl create namespace usher-system/])
})

t.test("another configuration with usher's webhooks would review each pod twice", async (t) => {
  const old = { ...configuration, metadata: { name: 'usher-old' } }
  t.match(obstaclesTo(wanted, around([], { configurations: [configuration, old, { metadata: { name: 'x' }, webhooks: [{ name: 'a.b' }] }] }), false), [/^usher-old has the webhooks of usher, too/])
})

t.test('what was put in earlier and is no part any more goes; nothing of others, and no namespace', async (t) => {
  const own = installedBy(['usher-install:Apply'])
  const less: WantedObjects = { ...wanted, objects: objects.filter(({ kind }) => kind.kind !== 'DaemonSet' && kind.kind !== 'Namespace') }
  const strange = managedBy({ ...objectNamed(objects, 'ConfigMap', 'usher-config'), body: { metadata: { name: 'mine', namespace: 'usher-system' } } }, ['kubectl'])
  t.strictSame(outdatedIn(less, around([...own, strange])).map(({ kind }) => kind.kind), ['DaemonSet'])
  t.strictSame(outdatedIn(wanted, around(own)), [])
})
