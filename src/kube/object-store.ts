import { isObject, isSame, type JsonObject } from '../units/json.ts'

/** What is told of objects. Keys are `namespace/name`, or the name where the object is in no namespace. */
export interface ObjectListener<T> {
  readonly added?: (key: string, value: T) => void
  /** What is kept of the object is not what it was. */
  readonly changed?: (key: string, value: T, before: T) => void
  readonly gone?: (key: string, before: T) => void
}

interface Entry<T> {
  readonly uid: string
  readonly value: T
}

/** What is kept of the objects of a list and its watch. */
export class ObjectStore<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #pick: (object: JsonObject) => T | undefined
  readonly #listener: ObjectListener<T>

  constructor(pick: (object: JsonObject) => T | undefined, listener: ObjectListener<T>) {
    this.#pick = pick
    this.#listener = listener
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value
  }

  /** Takes an object as it is now, and tells what that changes. Returns its key; undefined where it has no name. */
  put(object: JsonObject): string | undefined {
    const key = keyOf(object)
    if (key === undefined) return undefined
    const uid = uidOf(object)
    const value = this.#pick(object)
    const entry = this.#entries.get(key)
    // Another object of the same name: the first one's end was not seen.
    if (entry !== undefined && (value === undefined || entry.uid !== uid)) this.#remove(key, entry)
    if (value === undefined) return key
    const before = this.#entries.get(key)
    this.#entries.set(key, { uid, value })
    if (before === undefined) this.#listener.added?.(key, value)
    else if (!isSame(before.value, value)) this.#listener.changed?.(key, value, before.value)
    return key
  }

  /** The object is gone. */
  remove(object: JsonObject): void {
    const key = keyOf(object)
    const entry = key === undefined ? undefined : this.#entries.get(key)
    if (key !== undefined && entry !== undefined) this.#remove(key, entry)
  }

  /** All objects but these are gone. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) if (!keys.has(key)) this.#remove(key, entry)
  }

  #remove(key: string, entry: Entry<T>): void {
    this.#entries.delete(key)
    this.#listener.gone?.(key, entry.value)
  }
}

function keyOf({ metadata }: JsonObject): string | undefined {
  if (!isObject(metadata) || typeof metadata['name'] !== 'string') return undefined
  const { name, namespace } = metadata
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : name
}

function uidOf({ metadata }: JsonObject): string {
  const uid = isObject(metadata) ? metadata['uid'] : undefined
  return typeof uid === 'string' ? uid : ''
}
