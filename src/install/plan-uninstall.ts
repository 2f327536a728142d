import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { type ChartObject, objectNamespace, titlesOf } from './chart-object.ts'
import { placesOf } from './obstacles.ts'
import { type HelmRelease, helmReleaseOf, isCreatedByUs, isOurs, othersOf, ownersBesides } from './ownership.ts'
import { inOrder } from './read-objects.ts'

/** What is to be taken out. */
export interface UninstallPlan {
  readonly kind: 'plan'
  readonly namespace: string
  /** In the order in which they go. */
  readonly objects: readonly ChartObject[]
  /** Its namespace, where it is `usher install` that has made it. */
  readonly created: ChartObject | undefined
  /** Its namespace, where it was there before, or others have put it in as well: it stays, without what was put on it. */
  readonly labelled: ChartObject | undefined
  /** Of what goes, what others have put in as well. */
  readonly shared: readonly ChartObject[]
  /** What others have put in, and stays. */
  readonly left: readonly ChartObject[]
}

/** What is to be taken out; that there is nothing; or why it is not for `usher uninstall` to take out. */
export type Uninstall = UninstallPlan | { readonly kind: 'nothing'; readonly text: string } | { readonly kind: 'refused'; readonly reason: string }

/**
 * Plans to take out what `usher install` has put in, and nothing else.
 *
 * @param found all that is labelled as usher's, in all namespaces.
 * @param chosen the namespace of which it is to be; undefined: wherever it is.
 */
export function planUninstall(found: readonly ChartObject[], chosen: string | undefined): Uninstall {
  const ours = found.filter(({ body }) => isOurs(body))
  const places = [...new Set(ours.map(placeOf).filter((place) => place !== undefined))].toSorted()
  const [only, second] = places
  const namespace = chosen ?? only
  if (chosen === undefined && second !== undefined) {
    return { kind: 'refused', reason: `usher install has put something into several namespaces, ${places.join(', ')}: choose one with --namespace` }
  }
  if (namespace === undefined || !places.includes(namespace)) return withoutOurs(found, chosen, places)
  const gone = ours.filter((each) => (placeOf(each) ?? (second === undefined ? namespace : undefined)) === namespace)
  const ofNamespace = gone.find(({ kind }) => kind.kind === 'Namespace')
  // One that has become another's stays, as one that was there before.
  const isCreated = ofNamespace !== undefined && isCreatedByUs(ofNamespace.body) && helmReleaseOf(ofNamespace.body) === undefined && ownersBesides(ofNamespace.body).length === 0
  const objects = inOrder(gone.filter(({ kind }) => kind.kind !== 'Namespace')).toReversed()
  const release = objects.map(({ body }) => helmReleaseOf(body)).find((each) => each !== undefined)
  if (release !== undefined) return { kind: 'refused', reason: `Helm has taken usher over since usher install has put it in: ${helmUninstall(release)}` }
  return {
    kind: 'plan',
    namespace,
    objects,
    created: isCreated ? ofNamespace : undefined,
    labelled: isCreated ? undefined : ofNamespace,
    shared: objects.filter(({ body }) => ownersBesides(body).length > 0),
    left: found.filter(({ body }) => !isOurs(body) && at(body, 'metadata', 'deletionTimestamp') === undefined),
  }
}

/** The namespace of an installation that an object is of; undefined where it is of the cluster, and does not say. */
function placeOf(object: ChartObject): string | undefined {
  const { kind, body } = object
  if (kind.isNamespaced) return objectNamespace(object)
  if (kind.kind === 'Namespace') return textAt(body, 'metadata', 'name')
  for (const list of ['subjects', 'webhooks']) {
    const [first] = objectsAt(body, list)
    const place = textAt(first, 'namespace') ?? textAt(first, 'clientConfig', 'service', 'namespace')
    if (place !== undefined) return place
  }
  return undefined
}

function withoutOurs(found: readonly ChartObject[], chosen: string | undefined, places: readonly string[]): Uninstall {
  const where = chosen === undefined ? 'in this cluster' : `in namespace ${chosen}`
  const elsewhere = places.length === 0 ? '' : `; it is in ${places.join(', ')}`
  const others = found.filter(({ body, kind }) => kind.kind !== 'Namespace' && !isOurs(body))
  const release = others.map(({ body }) => helmReleaseOf(body)).find((each) => each !== undefined)
  if (release !== undefined) {
    return { kind: 'refused', reason: `Helm has installed usher: ${helmUninstall(release)}` }
  }
  if (places.length === 0 && others.length > 0) {
    const managers = [...new Set(others.flatMap(({ body }) => othersOf(body)))]
    const installed = placesOf(others)
    const place = installed.length === 0 ? '' : ` in ${installed.join(', ')}`
    return {
      kind: 'refused',
      reason: `what there is of usher${place} was put in by ${managers.join(', ') || 'other means'}, not by usher install: take it out by what has put it in (kubectl delete -f …), or usher install --adopt takes it over first: ${titlesOf(others)}`,
    }
  }
  return { kind: 'nothing', text: `nothing to take out: usher is not installed ${where}${elsewhere}` }
}

function helmUninstall({ name, namespace }: HelmRelease): string {
  return `helm uninstall ${name} --namespace ${namespace} takes it out`
}
