import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { type ClaimFacts, type ClaimFinding, type ClaimPlace, findClaim, findNewClaim, isForOneNode, isForOnePod } from '../placement/claim-place.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { Asker } from './asker.ts'

/** Where the claims of a workload let its pods be. */
export interface ClaimDemand {
  /** Of claims that all instances share. */
  readonly places: readonly ClaimPlace[]
  /** Of a StatefulSet with claims of its instances' own: of each, by its ordinal. */
  readonly byOrdinal?: ReadonlyMap<number, readonly ClaimPlace[]>
  /** Claims that one pod at a time may use. */
  readonly forOnePod: readonly string[]
  /** What is not judged of them, in words. */
  readonly notJudged: readonly string[]
}

/** Whose claims are looked for. */
export interface ClaimQuestion {
  readonly asker: Asker
  readonly namespace: string
  readonly workload: JsonObject
  /** One of its pods, as it would be created. */
  readonly pod: JsonObject
  readonly instances: number
  /** Claims that come along, by name. */
  readonly brought: ReadonlyMap<string, JsonObject>
  /** Claims, by name, that need not be asked for: as they are, or as they would be. */
  readonly seen?: ReadonlyMap<string, JsonObject>
}

const readAtATime = 4

/**
 * Finds out where the claims of a workload's pods let them be. Where they use none, nothing is asked; else the claims of the
 * namespace, unless they are known, the volumes that they are bound to, and the storage classes where one has no volume. What may not be asked is
 * said not to be judged.
 */
export async function readClaims(question: ClaimQuestion): Promise<ClaimDemand> {
  const { asker, namespace, workload, pod, instances, brought, seen = new Map<string, JsonObject>() } = question
  const templates = objectsAt(workload, 'spec', 'volumeClaimTemplates')
  const ofTemplates = new Set(templates.map((each) => textAt(each, 'metadata', 'name')))
  const volumes = objectsAt(pod, 'spec', 'volumes').filter((volume) => !ofTemplates.has(textAt(volume, 'name')))
  const shared = [...new Set(volumes.flatMap((volume) => textAt(volume, 'persistentVolumeClaim', 'claimName') ?? []))]
  const ephemeral = volumes.filter((volume) => isObject(volume['ephemeral']))
  const attached = volumes.some((volume) => isObject(volume['csi'])) || shared.length + ephemeral.length + templates.length > 0 ? ['how many volumes a node can attach'] : []
  if (shared.length + ephemeral.length + templates.length === 0) return { places: [], forOnePod: [], notJudged: attached }
  const members = membersOf(workload, templates, instances)
  const names = [...shared, ...[...members.values()].flatMap((each) => each.map(({ name }) => name))]
  const claims = names.every((name) => seen.has(name)) ? seen : await claimsIn(asker, namespace, new Set(names))
  if (claims === undefined) return { places: [], forOnePod: [], notJudged: [...attached, 'where its volumes are: the claims of the namespace could not be listed'] }
  const known = new Map([...brought, ...claims])
  const used = names.map((name) => known.get(name)).filter((claim) => claim !== undefined)
  const isNew = ephemeral.length > 0 || templates.length > 0 || used.some((claim) => textAt(claim, 'spec', 'volumeName') === undefined)
  const facts: ClaimFacts = { claims: known, volumes: await volumesOf(asker, used), classes: isNew ? await classesOf(asker) : [] }
  const ofShared = shared.map((name) => findClaim(name, facts))
  const ofEphemeral = ephemeral.map((volume) => findNewClaim(textAt(volume, 'name') ?? '', templateIn(volume), facts))
  const ofMembers = new Map([...members].map(([ordinal, wanted]) => [ordinal, wanted.map(({ name, template }) => (known.has(name) ? findClaim(name, facts) : findNewClaim(name, template, facts)))]))
  const onOneNode = instances > 1 ? shared.filter((name) => isForOneNode(known.get(name))) : []
  return {
    places: placesIn([...ofShared, ...ofEphemeral]),
    ...(templates.length === 0 ? {} : { byOrdinal: new Map([...ofMembers].map(([ordinal, found]) => [ordinal, placesIn(found)])) }),
    forOnePod: shared.filter((name) => isForOnePod(known.get(name))),
    notJudged: [
      ...attached,
      ...onOneNode.map((name) => `whether all instances are on one node, to which claim ${name} can be attached alone (ReadWriteOnce): the scheduler does not see to that`),
      ...shortened([...ofShared, ...ofEphemeral, ...[...ofMembers.values()].flat()].flatMap(({ notJudged }) => notJudged ?? [])),
    ],
  }
}

/** A claim of an instance's own. */
interface MemberClaim {
  readonly name: string
  readonly template: JsonObject
}

function membersOf(workload: JsonObject, templates: readonly JsonObject[], instances: number): ReadonlyMap<number, readonly MemberClaim[]> {
  const start = at(workload, 'spec', 'ordinals', 'start')
  const first = typeof start === 'number' ? start : 0
  const name = textAt(workload, 'metadata', 'name') ?? ''
  if (templates.length === 0) return new Map()
  return new Map(Array.from({ length: instances }, (_, index) => [first + index, templates.map((template) => ({ name: `${textAt(template, 'metadata', 'name') ?? ''}-${name}-${first + index}`, template }))]))
}

async function claimsIn(asker: Asker, namespace: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, JsonObject> | undefined> {
  const found = await asker.ask('claims', () =>
    asker.listPicked(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`, {}, (claim) => {
      const name = textAt(claim, 'metadata', 'name') ?? ''
      return wanted.has(name) ? ([name, claim] as const) : undefined
    }),
  )
  return found.kind === 'told' ? new Map(found.value) : undefined
}

async function volumesOf(asker: Asker, claims: readonly JsonObject[]): Promise<ClaimFacts['volumes']> {
  const names = new Set(claims.flatMap((claim) => textAt(claim, 'spec', 'volumeName') ?? []))
  const found = await mapBounded([...names], readAtATime, async (name) => ({ name, asked: await asker.ask('volumes', () => asker.getIfThere(`/api/v1/persistentvolumes/${name}`)) }))
  return new Map(found.flatMap(({ name, asked }) => (asked.kind === 'told' ? [[name, asked.value] as const] : [])))
}

async function classesOf(asker: Asker): Promise<ClaimFacts['classes']> {
  const found = await asker.ask('storage classes', () => asker.list('/apis/storage.k8s.io/v1/storageclasses'))
  return found.kind === 'told' ? found.value : undefined
}

function templateIn(volume: JsonObject): JsonObject {
  const template = at(volume, 'ephemeral', 'volumeClaimTemplate')
  return isObject(template) ? template : {}
}

function placesIn(findings: readonly ClaimFinding[]): readonly ClaimPlace[] {
  return findings.flatMap(({ place }) => place ?? [])
}

// Of a StatefulSet's many claims, two say it.
const mostSentences = 2

function shortened(sentences: readonly string[]): readonly string[] {
  const all = [...new Set(sentences)]
  return all.length <= mostSentences ? all : [...all.slice(0, mostSentences), `the same of ${all.length - mostSentences} more claims`]
}
