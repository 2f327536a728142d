import { nameLabel, usherName } from '../check/installation.ts'
import { objectsAt, textAt } from '../check/json-paths.ts'
import type { Inmate } from '../install/strangers.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { Asker } from './asker.ts'

/** All that is stored in a namespace, of whatever kind; and of which kinds that cannot be told. */
export interface Inmates {
  readonly inmates: readonly Inmate[]
  readonly untold: readonly string[]
}

const askedAtATime = 8

/** Looks into a namespace. Throws where not even the kinds of the cluster can be told. */
export async function inmatesOf(asker: Asker, namespace: string): Promise<Inmates> {
  const untold: string[] = []
  const resources = await storedResources(asker, untold)
  const found = await mapBounded(resources, askedAtATime, async ({ path, name, kind }) => {
    const list = await asker.ask(name, () => asker.listPicked(`${path}/namespaces/${namespace}/${name}`, {}, (body) => inmateOf(kind, body)))
    if (list.kind === 'told') return list.value
    untold.push(name)
    return []
  })
  return { inmates: found.flat(), untold }
}

interface StoredResource {
  /** Of its group and version. */
  readonly path: string
  readonly name: string
  readonly kind: string
}

/** What can be listed and deleted in a namespace: the rest is stored nowhere. Each once, in a version that has it. */
async function storedResources(asker: Asker, untold: string[]): Promise<readonly StoredResource[]> {
  const groups = [['/api/v1'], ...objectsAt(await asker.get('/apis'), 'groups').map(versionPaths)]
  const resources = await mapBounded(groups, askedAtATime, async (paths) => {
    const found = new Map<string, StoredResource>()
    for (const path of paths) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: the first that has it counts
      const list = await asker.ask(path, () => asker.get(path))
      if (list.kind !== 'told') untold.push(path)
      else for (const stored of objectsAt(list.value, 'resources').flatMap((each) => storedResource(path, each))) if (!found.has(stored.name)) found.set(stored.name, stored)
    }
    return [...found.values()]
  })
  return resources.flat()
}

/** Of a group, all versions, the preferred one first: a kind may be served in another alone. */
function versionPaths(group: JsonObject): readonly string[] {
  const versions = objectsAt(group, 'versions').flatMap((each) => textAt(each, 'groupVersion') ?? [])
  const preferred = textAt(group, 'preferredVersion', 'groupVersion')
  return [...new Set([...(preferred === undefined ? [] : [preferred]), ...versions])].map((each) => `/apis/${each}`)
}

function storedResource(path: string, resource: JsonObject): readonly StoredResource[] {
  const { namespaced, verbs } = resource
  const [name, kind] = [textAt(resource, 'name'), textAt(resource, 'kind')]
  const isStored = namespaced === true && Array.isArray(verbs) && verbs.includes('list') && verbs.includes('delete')
  return isStored && name !== undefined && kind !== undefined && !name.includes('/') ? [{ path, name, kind }] : []
}

function inmateOf(kind: string, body: JsonObject): Inmate {
  const owners = objectsAt(body, 'metadata', 'ownerReferences').flatMap((owner) => textAt(owner, 'uid') ?? [])
  const isLabelled = textAt(body, 'metadata', 'labels', nameLabel) === usherName
  return { kind, name: textAt(body, 'metadata', 'name') ?? '', uid: textAt(body, 'metadata', 'uid') ?? '', owners, isLabelled }
}
