import { at, textAt } from '../check/json-paths.ts'
import type { NamespaceLabels } from '../placement/pod-term.ts'
import { isStringMap, type JsonObject } from '../units/json.ts'
import type { Asker } from './asker.ts'

type Labels = Readonly<Record<string, string>>

/** Asks for the labels of namespaces, each once. */
export class NamespaceFacts {
  readonly #asker: Asker
  #all: Promise<NamespaceLabels | undefined> | undefined
  readonly #byName = new Map<string, Promise<Labels | undefined>>()

  constructor(asker: Asker) {
    this.#asker = asker
  }

  /** Of all of them; undefined: they could not be listed. */
  all(): Promise<NamespaceLabels | undefined> {
    this.#all ??= this.#list()
    return this.#all
  }

  /** Of one, which has its name alone where it is not there yet; undefined: it could not be read. */
  labelsOf(name: string): Promise<Labels | undefined> {
    const asking = this.#byName.get(name) ?? this.#read(name)
    this.#byName.set(name, asking)
    return asking
  }

  async #list(): Promise<NamespaceLabels | undefined> {
    const found = await this.#asker.ask('namespaces', () => this.#asker.listPicked('/api/v1/namespaces', {}, (object) => [textAt(object, 'metadata', 'name') ?? '', labelsIn(object)] as const))
    return found.kind === 'told' ? new Map(found.value) : undefined
  }

  async #read(name: string): Promise<Labels | undefined> {
    const found = await this.#asker.ask('the namespace', () => this.#asker.getIfThere(`/api/v1/namespaces/${name}`))
    if (found.kind !== 'told') return undefined
    return found.value === undefined ? { 'kubernetes.io/metadata.name': name } : labelsIn(found.value)
  }
}

function labelsIn(object: JsonObject): Labels {
  const labels = at(object, 'metadata', 'labels')
  return isStringMap(labels) ? labels : {}
}
