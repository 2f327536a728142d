import { isObject, type Json, type JsonObject, objectsOf } from '../../units/json.ts'

/** What the kubelet makes of a container. */
export interface ResolvedContainer {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** The pod as the kubelet of this machine sees it: with a uid, and the node's address. */
export function scheduled(pod: JsonObject, uid: string): JsonObject {
  const metadata = isObject(pod['metadata']) ? pod['metadata'] : {}
  return { ...pod, metadata: { ...metadata, uid }, status: { hostIP: '127.0.0.1' } }
}

/** The containers of a pod, with the fields of the pod in their environment, and that in their arguments. */
export function containersOf(pod: JsonObject, list: 'initContainers' | 'containers'): readonly ResolvedContainer[] {
  const spec = isObject(pod['spec']) ? pod['spec'] : {}
  return objectsOf(spec[list]).map(({ name, image, args, env }) => {
    const variables = Object.fromEntries(objectsOf(env).map((each) => [textOf(each['name']), valueOf(each, pod)]))
    const words = Array.isArray(args) ? args.map(textOf) : []
    return { name: textOf(name), image: textOf(image), args: words.map((word) => expand(word, variables)), env: variables }
  })
}

/** As Kubernetes' third_party/forked/golang/expansion: `$(NAME)`, `$$` for one `$`; unknown names stay as they are. */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (found: string, name: string | undefined) =>
    name === undefined ? '$' : (variables[name] ?? found),
  )
}

function valueOf({ value, valueFrom }: JsonObject, pod: JsonObject): string {
  const fieldRef = isObject(valueFrom) ? valueFrom['fieldRef'] : undefined
  const path = isObject(fieldRef) ? fieldRef['fieldPath'] : undefined
  if (typeof path !== 'string') return textOf(value)
  let found: Json | undefined = pod
  for (const key of path.split('.')) found = isObject(found) ? found[key] : undefined
  if (typeof found !== 'string') throw new Error(`the pod has no ${path}`)
  return found
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
