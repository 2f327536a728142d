import { createHash } from 'node:crypto'
import { parseDocument } from 'yaml'
import { configKey } from '../check/installation.ts'
import { textAt } from '../check/json-paths.ts'
import { isObject, type JsonObject } from '../units/json.ts'

/** What may be chosen of a rendered chart; undefined: as it is. */
export interface InstallSettings {
  readonly namespace?: string | undefined
  /** Of the webhook and the lock. */
  readonly image?: string | undefined
  /** Of the init container. */
  readonly waitImage?: string | undefined
}

/**
 * The objects of a rendered chart as Helm would have rendered them with these settings: in each place where a setting
 * stands, and nowhere else. They are in one namespace.
 */
export function withSettings(bodies: readonly JsonObject[], settings: InstallSettings): readonly JsonObject[] {
  const from = bodies.map((body) => textAt(body, 'metadata', 'namespace')).find((each) => each !== undefined) ?? ''
  const config = bodies.map((body) => textAt(body, 'data', configKey)).find((each) => each !== undefined)
  const changed = config === undefined ? undefined : configWith(config, settings)
  return bodies.map((body) => {
    const placed = settings.namespace === undefined ? body : inNamespace(body, from, settings.namespace)
    const imaged = withImages(placed, settings)
    return changed === undefined ? imaged : withConfig(imaged, changed)
  })
}

function inNamespace(body: JsonObject, from: string, to: string): JsonObject {
  const rename = (value: unknown): unknown => (value === from ? to : value)
  const paths = [
    ...(body['kind'] === 'Namespace' ? [['metadata', 'name']] : []),
    ['metadata', 'namespace'],
    // Of bindings.
    ['subjects', '*', 'namespace'],
    ['webhooks', '*', 'clientConfig', 'service', 'namespace'],
  ]
  const renamed = paths.reduce((edited, path) => editAt(edited, path, rename), body)
  return editAt(renamed, ['webhooks', '*', 'namespaceSelector', 'matchExpressions', '*'], (term) =>
    isObject(term) && term['key'] === 'kubernetes.io/metadata.name' ? editAt(term, ['values', '*'], rename) : term,
  )
}

// By the names of the chart's containers.
const imageOf: Readonly<Record<string, keyof InstallSettings>> = { webhook: 'image', lock: 'image', state: 'image', hold: 'waitImage' }

function withImages(body: JsonObject, settings: InstallSettings): JsonObject {
  const change = (container: unknown): unknown => {
    if (!isObject(container)) return container
    const setting = imageOf[textAt(container, 'name') ?? '']
    const image = setting === undefined ? undefined : settings[setting]
    return image === undefined ? container : { ...container, image }
  }
  return ['initContainers', 'containers'].reduce((edited, list) => editAt(edited, ['spec', 'template', 'spec', list, '*'], change), body)
}

/** The text of the configuration, otherwise as it was. */
function configWith(text: string, { namespace, waitImage }: InstallSettings): string {
  const document = parseDocument(text)
  if (namespace !== undefined) document.setIn(['systemNamespace'], namespace)
  if (waitImage !== undefined) document.setIn(['lock', 'image'], waitImage)
  return document.toString({ lineWidth: 0 })
}

/** The chart has the configuration in a ConfigMap, and its checksum on the pods: a change of it is a rollout. */
function withConfig(body: JsonObject, config: string): JsonObject {
  const configured = editAt(body, ['data', configKey], () => config)
  // As the chart takes it: without the line break at the end.
  const checksum = createHash('sha256').update(config.replace(/\n$/, '')).digest('hex')
  return editAt(configured, ['spec', 'template', 'metadata', 'annotations', 'checksum/config'], () => checksum)
}

/** The object with another value at a path, of which `*` is each element of a list; where there is no such path, as it was. */
function editAt(object: JsonObject, path: readonly string[], change: (value: unknown) => unknown): JsonObject {
  const edited = edit(object, path, change)
  return isObject(edited) ? edited : object
}

function edit(value: unknown, path: readonly string[], change: (value: unknown) => unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return change(value)
  if (key === '*') return Array.isArray(value) ? value.map((each: unknown) => edit(each, rest, change)) : value
  if (!isObject(value) || value[key] === undefined) return value
  return { ...value, [key]: edit(value[key], rest, change) }
}
