import { type FlagValues, UsageError } from './command.ts'

/** How machines are told. */
export type MachineForm = 'json' | 'yaml'

/** How a command tells what it has found: a table for people, or the same for machines. */
export type OutputForm = 'table' | MachineForm

/**
 * Reads `--output`.
 *
 * @throws {UsageError}
 */
export function readOutput(values: FlagValues): OutputForm {
  const form = values.text('output')
  if (form === 'table' || form === 'json' || form === 'yaml') return form
  throw new UsageError(`--output: ${JSON.stringify(form)} is none of table, json and yaml`)
}

/**
 * Reads `--output` of commands that have no YAML.
 *
 * @throws {UsageError}
 */
export function readTableOrJson(values: FlagValues): 'table' | 'json' {
  const form = values.text('output')
  if (form === 'table' || form === 'json') return form
  throw new UsageError(`--output: ${JSON.stringify(form)} is neither table nor json`)
}

/** A value as a whole document, with its last newline. */
export async function documentText(form: MachineForm, value: unknown): Promise<string> {
  return form === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : yaml(value)
}

/** A value as one of many that follow each other: a line of JSON, or a document of YAML. */
export async function streamText(form: MachineForm, value: unknown): Promise<string> {
  return form === 'json' ? `${JSON.stringify(value)}\n` : `---\n${await yaml(value)}`
}

/** Its library is loaded where somebody wants YAML. */
async function yaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })
}
