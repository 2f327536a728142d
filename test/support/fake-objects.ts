import { type Collection, collectionKey } from '../../src/depends-on/collections.ts'
import { observe } from '../../src/depends-on/observe.ts'
import type { ObjectListener, ObjectSource } from '../../src/lock/depends-on/object-source.ts'
import type { JsonObject } from '../../src/units/json.ts'

/** The objects of a cluster as a test says that they are; those who watch are told at once. */
export class FakeObjects implements ObjectSource {
  readonly #watched = new Map<string, { readonly collection: Collection; readonly listener: ObjectListener }>()

  /** The keys of the collections that are watched now, sorted. */
  get watched(): readonly string[] {
    return [...this.#watched.keys()].toSorted()
  }

  watch(collection: Collection, listener: ObjectListener): () => void {
    const key = collectionKey(collection)
    if (this.#watched.has(key)) throw new Error(`${key} is watched twice`)
    this.#watched.set(key, { collection, listener })
    return () => void this.#watched.delete(key)
  }

  /** The first list of a collection has come, with these. */
  list(key: string, objects: readonly JsonObject[] = []): void {
    for (const object of objects) this.put(key, object)
    this.#of(key).listener.synced()
  }

  /** An object is new, or otherwise. */
  put(key: string, object: JsonObject): void {
    const { collection, listener } = this.#of(key)
    const observed = observe(collection.resource, object)
    if (observed !== undefined) listener.put(nameOf(object), observed)
  }

  removed(key: string, object: JsonObject): void {
    this.#of(key).listener.removed(nameOf(object))
  }

  failed(key: string, isDenied: boolean): void {
    this.#of(key).listener.failed(isDenied, new Error('no'))
  }

  back(key: string): void {
    this.#of(key).listener.back()
  }

  #of(key: string): { readonly collection: Collection; readonly listener: ObjectListener } {
    const found = this.#watched.get(key)
    if (found === undefined) throw new Error(`${key} is not watched; ${this.watched.join(', ')} is`)
    return found
  }
}

function nameOf({ metadata }: JsonObject): string {
  return JSON.stringify(metadata)
}

/** An EndpointSlice with so many endpoints, the first of which are ready. */
export function endpointSlice(name: string, ready: number, total = ready, uids: readonly string[] = []): JsonObject {
  const endpoints = Array.from({ length: total }, (_, index): JsonObject => {
    const uid = uids[index]
    return { addresses: [`10.0.0.${index + 1}`], conditions: { ready: index < ready }, ...(uid === undefined ? {} : { targetRef: { kind: 'Pod', uid } }) }
  })
  return { metadata: { namespace: 'shop', name }, addressType: 'IPv4', endpoints }
}

/** A Deployment, StatefulSet or DaemonSet with so many of its replicas ready. */
export function workloadObject(name: string, ready: number, wanted = ready, more: { readonly annotations?: JsonObject; readonly namespace?: string; readonly labels?: JsonObject; readonly generation?: number } = {}): JsonObject {
  const { annotations = {}, namespace = 'shop', labels = {}, generation = 1 } = more
  return {
    metadata: { namespace, name, generation, labels },
    spec: { replicas: wanted, template: { metadata: { annotations } } },
    status: { observedGeneration: 1, readyReplicas: ready, numberReady: ready, desiredNumberScheduled: wanted },
  }
}
