import { type Label, parseLabel } from '../node-health/filter.ts'
import { UsageError } from './command.ts'

/**
 * Reads labels as people write them for k8s-health: `label:value`.
 *
 * @param by where they were said.
 * @throws {UsageError}
 */
export function readLabels(by: string, texts: readonly string[]): readonly Label[] {
  return texts.map((text) => {
    const label = parseLabel(text)
    if (label === undefined) throw new UsageError(`${by}: ${JSON.stringify(text)} is not LABEL:VALUE`)
    return label
  })
}
