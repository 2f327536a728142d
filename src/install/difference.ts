import { isObject, isSame, type JsonObject } from '../units/json.ts'
import { ownFieldsOf } from './ownership.ts'

/** What has come of an object that was applied, or would come. */
export type Outcome = 'created' | 'changed' | 'unchanged'

/**
 * What has come of an object.
 *
 * @param before undefined: it was not there.
 * @param after what the API server has answered; to a dry run, too, which leaves the versions as they were.
 */
export function outcomeOf(before: JsonObject | undefined, after: JsonObject): Outcome {
  if (before === undefined) return 'created'
  return isSame(withoutNews(before), withoutNews(after)) ? 'unchanged' : 'changed'
}

/** Without what others write at any moment, and what follows from a change; of whose the fields are, ours alone counts. */
function withoutNews({ apiVersion: _apiVersion, kind: _kind, status: _status, metadata, ...rest }: JsonObject): unknown {
  if (!isObject(metadata)) return rest
  const { resourceVersion: _version, generation: _generation, managedFields: _fields, ...lasting } = metadata
  return { ...rest, metadata: lasting, owned: ownFieldsOf({ metadata }) }
}
