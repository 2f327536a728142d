import { isObject, type JsonObject, objectsOf } from '../units/json.ts'

/** What stands at a path of keys; undefined where anything of it is not there. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let found = value
  for (const key of keys) found = isObject(found) ? found[key] : undefined
  return found
}

/** The text at a path; undefined where there is none, or an empty one. */
export function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = at(value, ...keys)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** The number at a path; 0 where there is none. */
export function numberAt(value: unknown, ...keys: readonly string[]): number {
  const found = at(value, ...keys)
  return typeof found === 'number' ? found : 0
}

/** The objects of the list at a path; none where there is no list. */
export function objectsAt(value: unknown, ...keys: readonly string[]): readonly JsonObject[] {
  return objectsOf(at(value, ...keys))
}

/** `NAMESPACE/NAME`, or the name alone. */
export function nameOf(object: unknown): string {
  const namespace = textAt(object, 'metadata', 'namespace')
  const name = textAt(object, 'metadata', 'name') ?? ''
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** The object of a list with this name. */
export function named(list: readonly JsonObject[], name: string): JsonObject | undefined {
  return list.find((each) => each['name'] === name)
}

/** The value of a flag of a container: `--name=VALUE`. */
export function flagOf(container: unknown, name: string): string | undefined {
  const args = at(container, 'args')
  const found = (Array.isArray(args) ? args : []).find((arg): arg is string => typeof arg === 'string' && arg.startsWith(`--${name}=`))
  return found?.slice(name.length + 3)
}

/** Whether a container is started with a flag that has no value: `--name`. */
export function hasSwitch(container: unknown, name: string): boolean {
  const args = at(container, 'args')
  return Array.isArray(args) && args.includes(`--${name}`)
}
