import { installationsIn, versionOf } from '../check/installation.ts'
import { at, textAt } from '../check/json-paths.ts'
import { ourConfigurations } from '../check/registration.ts'
import type { JsonObject } from '../units/json.ts'
import { type ChartObject, objectName, objectPath, titlesOf } from './chart-object.ts'
import { helmReleaseOf, isOurs, othersOf } from './ownership.ts'
import type { WantedObjects } from './read-objects.ts'

/** What there is in a cluster before anything is put in. */
export interface Surroundings {
  /** All that is labelled as usher's, in all namespaces. */
  readonly found: readonly ChartObject[]
  /** By its path, each object that is wanted and there, whoever has put it in. */
  readonly live: ReadonlyMap<string, ChartObject>
  /** The namespace that is wanted; undefined: it is not there. */
  readonly namespace: JsonObject | undefined
  /** All webhook configurations of the cluster. */
  readonly configurations: readonly JsonObject[]
}

/** Why these objects cannot be put in there: each in a sentence that says what to do. Adopted is what others have put in. */
export function obstaclesTo({ objects, namespace }: WantedObjects, around: Surroundings, isAdopting: boolean): readonly string[] {
  const helm = ofHelm([...around.found, ...around.live.values()])
  if (helm !== undefined) return [helm]
  const places = placesOf(around.found)
  const [place, second] = places
  if (second !== undefined) {
    return [`usher is installed ${places.length} times, in ${places.join(', ')}, and a cluster has one: take all but one out first (usher uninstall --namespace NAME, or by what has put it in)`]
  }
  if (place !== undefined && place !== namespace) {
    return [`usher is installed in ${place} already: usher install --namespace ${place} goes on with that; to move it to ${namespace}, usher uninstall comes first`]
  }
  return [...ofNamespace(objects, namespace, around), ...ofConfigurations(objects, around), ...(isAdopting ? [] : ofOthers(around))]
}

function ofHelm(objects: readonly ChartObject[]): string | undefined {
  const release = objects.map(({ body }) => helmReleaseOf(body)).find((each) => each !== undefined)
  if (release === undefined) return undefined
  const { name, namespace } = release
  return `Helm has installed usher (release ${name} in ${namespace}): helm upgrade ${name} … --namespace ${namespace} changes it; for usher install, helm uninstall ${name} --namespace ${namespace} comes first`
}

/** The namespaces in which usher is installed, be it by half. */
export function placesOf(found: readonly ChartObject[]): readonly string[] {
  const of = (kind: string): readonly JsonObject[] => found.filter((each) => each.kind.kind === kind).map(({ body }) => body)
  return installationsIn({ daemonSets: of('DaemonSet'), deployments: of('Deployment'), services: [], configMaps: [] }).map((each) => each.namespace)
}

function ofNamespace(objects: readonly ChartObject[], name: string, { namespace }: Surroundings): readonly string[] {
  if (namespace !== undefined) {
    const isGoing = at(namespace, 'metadata', 'deletionTimestamp') !== undefined
    return isGoing ? [`namespace ${name} is being deleted; try again when it is gone (kubectl get namespace ${name} says what it waits for)`] : []
  }
  if (objects.some(({ kind }) => kind.kind === 'Namespace')) return []
  return [`there is no namespace ${name}, nor is it among the objects: kubectl create namespace ${name}, or render the chart with --set namespace.create=true`]
}

function ofConfigurations(objects: readonly ChartObject[], { configurations }: Surroundings): readonly string[] {
  const wanted = objects.filter(({ kind }) => kind.kind === 'MutatingWebhookConfiguration').map(objectName)
  const strange = ourConfigurations(configurations).map((each) => textAt(each, 'metadata', 'name') ?? '').filter((name) => !wanted.includes(name))
  if (strange.length === 0) return []
  return [`${strange.join(', ')} has the webhooks of usher, too, and each pod would be reviewed twice: kubectl delete mutatingwebhookconfiguration ${strange.join(' ')}, if nothing needs it`]
}

/** A namespace is there before what is put into it, and is only labelled. */
function ofOthers({ live }: Surroundings): readonly string[] {
  const others = [...live.values()].filter(({ kind, body }) => kind.kind !== 'Namespace' && !isOurs(body))
  if (others.length === 0) return []
  const versions = [...new Set(others.flatMap(({ body }) => versionOf(body) ?? []))]
  const which = versions.length === 0 ? '' : `usher ${versions.join(' and ')}: `
  const managers = [...new Set(others.flatMap(({ body }) => othersOf(body)))]
  const by = managers.length === 0 ? 'by other means' : `by ${managers.join(', ')}`
  return [`there is something already that was put in ${by} (${which}${titlesOf(others)}): usher install --adopt takes it over, and from then on it is usher install's; else delete it first, by what has put it in`]
}

/** What is there of a wanted object. */
export function liveOf(object: ChartObject, { live }: Pick<Surroundings, 'live'>): ChartObject | undefined {
  return live.get(objectPath(object))
}

/** What `usher install` has put in earlier, and is wanted no more. A namespace stays, with what else is in it. */
export function outdatedIn({ objects }: WantedObjects, { found }: Pick<Surroundings, 'found'>): readonly ChartObject[] {
  const wanted = new Set(objects.map(objectPath))
  return found.filter((each) => each.kind.kind !== 'Namespace' && isOurs(each.body) && !wanted.has(objectPath(each)))
}
