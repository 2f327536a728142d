import type { NamespaceState } from '../enable/namespace-state.ts'
import { clusterFlags, isNamespaceName } from './admin-cluster.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import { readTableOrJson } from './output-form.ts'

/** The flags of the commands that turn usher on and off in a namespace. */
export const namespaceFlags = {
  ...clusterFlags,
  output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json: one object, with all reasons; with --yes or --dry-run' },
  'dry-run': { type: 'string', value: 'HOW', default: 'none', help: 'server: try all, and label nothing; none: label' },
  yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  force: { type: 'boolean', help: 'label in spite of what speaks against it' },
} as const satisfies Record<string, Flag>

/** What is asked of a command that changes a namespace. */
export interface NamespaceChange {
  readonly command: string
  readonly namespace: string
  readonly to: NamespaceState
  readonly form: 'table' | 'json'
  readonly isRehearsal: boolean
  readonly isAgreed: boolean
  readonly isForced: boolean
}

/**
 * Reads what is asked.
 *
 * @throws {UsageError}
 */
export function readChange(command: string, values: FlagValues, to: NamespaceState): NamespaceChange {
  const { operand } = values
  if (operand === undefined) {
    const given = values.text('namespace')
    const hint = given === undefined ? '' : `; --namespace is where usher is installed: usher ${command} ${given}`
    throw new UsageError(`which namespace? usher ${command} NAMESPACE${hint}`)
  }
  if (!isNamespaceName(operand)) throw new UsageError(`${JSON.stringify(operand)} is not a name that a namespace can have`)
  const form = readTableOrJson(values)
  const dryRun = values.text('dry-run')
  if (dryRun !== 'server' && dryRun !== 'none') throw new UsageError(`--dry-run: ${JSON.stringify(dryRun)} is neither server nor none`)
  const change = { command, namespace: operand, to, form, isRehearsal: dryRun === 'server', isAgreed: values.isOn('yes'), isForced: values.isOn('force') } as const
  if (form === 'json' && !change.isRehearsal && !change.isAgreed) throw new UsageError('-o json goes with --yes, or with --dry-run=server: who reads it is not there to be asked')
  return change
}
