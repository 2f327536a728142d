import { isObject, type Json, type JsonObject } from '../units/json.ts'

/**
 * The JSON merge patch (RFC 7396) that makes an object what a manifest says, and takes out what an earlier manifest has said
 * and this one does not: what `kubectl apply` does. Lists are as in the manifest.
 */
export function withoutGone(earlier: JsonObject, now: JsonObject): JsonObject {
  const gone = Object.keys(earlier).filter((key) => !Object.hasOwn(now, key))
  const kept = Object.entries(now).map(([key, value]): readonly [string, Json | undefined] => {
    const before = earlier[key]
    return [key, isObject(before) && isObject(value) ? withoutGone(before, value) : value]
  })
  return Object.fromEntries([...kept, ...gone.map((key) => [key, null] as const)])
}
