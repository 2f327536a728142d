import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { type NodeTerm, readNodeChoice } from '../node-health/daemon-set.ts'
import { matchesNode } from '../node-health/node-affinity.ts'
import type { NodeFacts } from '../node-health/node.ts'
import { isStringMap, type JsonObject } from '../units/json.ts'

/** Where a pod can be that uses a claim. */
export interface ClaimPlace {
  /** Why it cannot be on other nodes, in words. */
  readonly detail: string
  readonly nodes: 'none' | NodeLimit
}

interface NodeLimit {
  /** One of which must match; undefined: any node. */
  readonly terms: readonly NodeTerm[] | undefined
  readonly zones: readonly ZoneLimit[]
  readonly name: string | undefined
}

/** A label of zones that a volume has, and its values. */
interface ZoneLimit {
  readonly key: string
  readonly values: readonly string[]
}

/** What is known of claims, and of what they hang on. */
export interface ClaimFacts {
  /** Those of the namespace that are there, and those that come along. */
  readonly claims: ReadonlyMap<string, JsonObject>
  /** By name; undefined where there is none of that name. Of those that could not be read, nothing. */
  readonly volumes: ReadonlyMap<string, JsonObject | undefined>
  /** Undefined: they could not be listed. */
  readonly classes: readonly JsonObject[] | undefined
}

/** Where a claim lets pods be; `place` is undefined where that is anywhere, or is not known. */
export interface ClaimFinding {
  readonly place?: ClaimPlace
  /** What is not judged of it, in words. */
  readonly notJudged?: string
}

/**
 * Where pods can be that use a claim which is there, or comes along, as the scheduler's VolumeBinding and VolumeZone judge it.
 * One whose class binds it at once may get its volume at any moment: that is not judged.
 */
export function findClaim(name: string, facts: ClaimFacts): ClaimFinding {
  const claim = facts.claims.get(name)
  if (claim === undefined) return { place: nowhere(`there is no claim ${name}`) }
  if (at(claim, 'metadata', 'deletionTimestamp') !== undefined) return { place: nowhere(`claim ${name} is being deleted`) }
  if (at(claim, 'status', 'phase') === 'Lost') return { place: nowhere(`claim ${name} has lost its volume`) }
  const volumeName = textAt(claim, 'spec', 'volumeName')
  return volumeName === undefined ? findNewClaim(name, claim, facts) : findVolume(name, volumeName, facts)
}

/** The same of a claim that is not there yet, or has no volume: it is made where its class can make it. */
export function findNewClaim(name: string, claim: JsonObject, { classes }: ClaimFacts): ClaimFinding {
  if (classes === undefined) return { notJudged: `where the volume of claim ${name} will be: storage classes could not be listed` }
  const selected = textAt(claim, 'metadata', 'annotations', 'volume.kubernetes.io/selected-node')
  const storageClass = classes.find((each) => textAt(each, 'metadata', 'name') === classOf(claim, classes))
  if (storageClass === undefined || storageClass['volumeBindingMode'] !== 'WaitForFirstConsumer') return { notJudged: `where the volume of claim ${name} will be, which has none yet` }
  if (selected !== undefined) return { place: { detail: `the volume of claim ${name} is being made for node ${selected}`, nodes: { terms: undefined, zones: [], name: selected } } }
  const className = textAt(storageClass, 'metadata', 'name') ?? ''
  if (storageClass['provisioner'] === 'kubernetes.io/no-provisioner') return { notJudged: `which of the volumes of class ${className} claim ${name} gets` }
  const topologies = objectsAt(storageClass, 'allowedTopologies')
  const notJudged = `whether class ${className} has storage for claim ${name}`
  if (topologies.length === 0) return { notJudged }
  return { notJudged, place: { detail: `class ${className} makes no volume for claim ${name} there`, nodes: { terms: topologies.map(termOf), zones: [], name: undefined } } }
}

/** Whether only one pod at a time may use a claim. */
export function isForOnePod(claim: JsonObject | undefined): boolean {
  return modesOf(claim).includes('ReadWriteOncePod')
}

/** Whether a claim can only be attached to one node at a time. */
export function isForOneNode(claim: JsonObject | undefined): boolean {
  const modes = modesOf(claim)
  return modes.length > 0 && modes.every((mode) => mode === 'ReadWriteOnce')
}

/** What keeps a pod that uses these claims from a node; undefined: nothing. */
export function whyNotWith(places: readonly ClaimPlace[], node: NodeFacts): ClaimPlace | undefined {
  return places.find(({ nodes }) => nodes === 'none' || !isIn(nodes, node))
}

function nowhere(detail: string): ClaimPlace {
  return { detail, nodes: 'none' }
}

function findVolume(name: string, volumeName: string, { volumes }: ClaimFacts): ClaimFinding {
  if (!volumes.has(volumeName)) return { notJudged: `where volume ${volumeName} of claim ${name} is, which could not be read` }
  const volume = volumes.get(volumeName)
  if (volume === undefined) return { place: nowhere(`volume ${volumeName} of claim ${name} is gone`) }
  const required = at(volume, 'spec', 'nodeAffinity', 'required')
  const { nodeTerms } = readNodeChoice({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } })
  const zones = zonesOf(volume)
  if (nodeTerms === undefined && zones.length === 0) return {}
  return { place: { detail: `volume ${volumeName} of claim ${name} is elsewhere`, nodes: { terms: nodeTerms, zones, name: undefined } } }
}

/** Of a claim that names no class, the default one: of several, the newest (KEP-1855). */
function classOf(claim: JsonObject, classes: readonly JsonObject[]): string | undefined {
  const named = at(claim, 'metadata', 'annotations', 'volume.beta.kubernetes.io/storage-class') ?? at(claim, 'spec', 'storageClassName')
  if (typeof named === 'string') return named
  const defaults = classes.filter((each) => at(each, 'metadata', 'annotations', 'storageclass.kubernetes.io/is-default-class') === 'true')
  return textAt(defaults.toSorted((left, right) => (createdAt(left) < createdAt(right) ? 1 : -1))[0], 'metadata', 'name')
}

function createdAt(object: JsonObject): string {
  return textAt(object, 'metadata', 'creationTimestamp') ?? ''
}

function modesOf(claim: JsonObject | undefined): readonly unknown[] {
  const modes = at(claim, 'spec', 'accessModes')
  return Array.isArray(modes) ? modes : []
}

/** `v1.TopologySelectorTerm` */
function termOf(term: JsonObject): NodeTerm {
  return {
    expressions: objectsAt(term, 'matchLabelExpressions').map(({ key, values }) => ({
      key: typeof key === 'string' ? key : '',
      operator: 'In',
      values: Array.isArray(values) ? values.filter((each) => typeof each === 'string') : [],
    })),
    fields: [],
  }
}

const zoneLabels = ['failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region']

function zonesOf(volume: JsonObject): readonly ZoneLimit[] {
  const labels = at(volume, 'metadata', 'labels')
  if (!isStringMap(labels)) return []
  return zoneLabels.flatMap((key) => (Object.hasOwn(labels, key) ? [{ key, values: (labels[key] ?? '').split('__') }] : []))
}

/** A volume sees labels of nodes alone, and not their names. */
function isIn({ terms, zones, name }: NodeLimit, node: NodeFacts): boolean {
  if (name !== undefined && name !== node.name) return false
  if (!matchesNode({ nodeSelector: {}, nodeTerms: terms }, { ...node, name: '' })) return false
  const { labels } = node
  if (!zoneLabels.some((key) => Object.hasOwn(labels, key))) return true
  return zones.every(({ key, values }) => values.includes((Object.hasOwn(labels, key) ? labels[key] : labels[key.replace('failure-domain.beta', 'topology')]) ?? ''))
}
