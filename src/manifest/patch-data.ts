import jsonpatch, { type Operation } from 'fast-json-patch'
import { type PatchOperation, pointer } from '../inject/patch.ts'
import { copyOf, isObject } from '../units/json.ts'
import type { Step } from './place.ts'

/** The value with the patch applied; shares nothing with either. */
export function patched(value: unknown, patch: readonly PatchOperation[]): unknown {
  const operations = patch.map((operation): Operation => ('value' in operation ? { ...operation, value: copyOf(operation.value) } : operation))
  return jsonpatch.applyPatch(copyOf(value), operations).newDocument
}

/** A patch of what is at the end of some steps, as a patch of the whole. */
export function rebased(patch: readonly PatchOperation[], base: readonly Step[]): readonly PatchOperation[] {
  const path = pointer(...base)
  return patch.map((operation) => ({ ...operation, path: path + operation.path }))
}

/** What is at the end of some steps; undefined where nothing is. */
export function valueAt(value: unknown, steps: readonly Step[]): unknown {
  let found = value
  for (const step of steps) {
    if (!isObject(found) && !Array.isArray(found)) return undefined
    found = Object.hasOwn(found, step) ? Reflect.get(found, step) : undefined
  }
  return found
}

/** The value with another one at the end of some steps. */
export function withValueAt(value: unknown, steps: readonly Step[], inner: unknown): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return inner
  const next = withValueAt(valueAt(value, [step]), rest, inner)
  if (Array.isArray(value)) return value.with(Number(step), next)
  return isObject(value) ? { ...value, [step]: next } : value
}

/** The steps of a JSON Pointer through a value (RFC 6901). */
export function stepsOf(path: string, value: unknown): readonly Step[] {
  const steps: Step[] = []
  let found = value
  for (const token of path.split('/').slice(1)) {
    const step = Array.isArray(found) && /^\d+$/.test(token) ? Number(token) : token.replaceAll('~1', '/').replaceAll('~0', '~')
    steps.push(step)
    found = valueAt(found, [step])
  }
  return steps
}
