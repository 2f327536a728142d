import type { PatchOperation } from '../inject/patch.ts'
import type { Changed } from '../manifest/change-workloads.ts'
import type { Form } from './change-manifests.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import { type ManifestSource, type MissingSource, sourceFlags } from './manifest-sources.ts'

/** The flags of every command that changes manifests, but for what it writes. */
export const manifestFlags: Readonly<Record<string, Flag>> = {
  ...sourceFlags,
  diff: { type: 'boolean', help: 'show what would change as a unified diff, coloured on a terminal' },
  'in-place': { type: 'boolean', short: 'i', help: 'write the changed files back instead of printing them' },
  quiet: { type: 'boolean', short: 'q', help: 'say nothing on stderr but faults and warnings' },
}

/** What `-o` may say in every such command. */
export const manifestOutputs = ['yaml', 'json', 'patch'] as const

const outputHelp =
  'yaml or json: the manifests, in this format, instead of each in its own; patch: a JSON Patch (RFC 6902) for each ' +
  'document, one a line'

/** The flag `-o`. @param more what else it may say, in words. */
export function outputFlag(more = ''): Flag {
  return { type: 'string', short: 'o', value: 'FORMAT', help: outputHelp + more }
}

/**
 * Reads what is to be written.
 *
 * @param others what else `-o` may say; the answer is then that word.
 * @throws {UsageError}
 */
export function readForm<T extends Patched, Other extends string = never>(
  values: FlagValues,
  sources: readonly (ManifestSource | MissingSource)[],
  others: readonly Other[] = [],
): Form<T> | Other {
  const output = values.text('output')
  const known: readonly string[] = [...manifestOutputs, ...others]
  if (output !== undefined && !known.includes(output)) {
    throw new UsageError(`--output: ${JSON.stringify(output)} is not one of ${known.join(', ')}`)
  }
  const flags = ['output', 'diff', 'in-place'].filter((name) => values.text(name) !== undefined || values.isOn(name))
  if (flags.length > 1) throw new UsageError(`${flags.map((name) => `--${name}`).join(' and ')} do not go together`)
  if (values.isOn('in-place') && sources.some((source) => 'file' in source && source.file === undefined)) {
    throw new UsageError('--in-place: standard input is not a file that could be written back')
  }
  if (values.isOn('diff')) return { kind: 'diff' }
  if (values.isOn('in-place')) return { kind: 'in-place' }
  if (output === undefined) return { kind: 'documents', format: 'as-is' }
  if (output === 'yaml' || output === 'json') return { kind: 'documents', format: output }
  if (output === 'patch') return { kind: 'lines', lines: (changed) => [JSON.stringify(patchOf(changed))] }
  const other = others.find((each) => each === output)
  if (other === undefined) throw new UsageError(`--output: ${output} is not known`)
  return other
}

/** Something that a patch was made for. */
interface Patched {
  readonly patch: readonly PatchOperation[]
}

function patchOf(changed: Changed<Patched> | undefined): readonly PatchOperation[] {
  return (changed?.workloads ?? []).filter(({ isChanged }) => isChanged).flatMap(({ result }) => result.patch)
}
