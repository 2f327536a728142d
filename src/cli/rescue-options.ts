import type { Wish } from '../rescue/plan.ts'
import { clusterFlags, isNamespaceName } from './admin-cluster.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import { settingsReader } from './settings-reader.ts'

/** What `usher rescue` was told. */
export interface RescueOptions {
  readonly form: 'table' | 'json'
  /** Whose pods are looked at; undefined: those of all namespaces. */
  readonly namespace: string | undefined
  /** Of that namespace, this pod alone. */
  readonly pod: string | undefined
  readonly wish: Wish
  readonly afterMs: number
  readonly timeoutMs: number
  readonly isAgreed: boolean
  readonly isDryRun: boolean
}

/** The flags of `usher rescue`. */
export const rescueFlags: Readonly<Record<string, Flag>> = {
  ...clusterFlags,
  of: { type: 'string', value: 'NAMESPACE', help: 'look at the pods of this namespace alone; else of all' },
  by: {
    type: 'string',
    value: 'WHAT',
    default: 'auto',
    help: 'image: give usher-lock another image; delete: delete the pod, for its controller to make it anew; auto: the first of these that is known to help',
  },
  image: { type: 'string', value: 'IMAGE', help: 'the image to give it, with usher-wait in it; else one that a lock holds on the same node' },
  after: { type: 'string', value: 'SPAN', default: '20s', help: 'how long a pod has to hang, to count' },
  timeout: { type: 'string', value: 'SPAN', default: '60s', help: 'how long to wait until the pods go on' },
  yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  'dry-run': { type: 'string', value: 'server', help: 'server: have the API server say what it would do; nothing is changed' },
  output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json: one object, when all is over' },
}

// The second part as RFC 1123 has it.
const podPlace = /^([^/]+)\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/

// Of a pod that has hung for a day, nobody waits for another one.
const longestMs = 24 * 3_600_000

/**
 * Reads the flags.
 *
 * @throws {UsageError}
 */
export function readRescueOptions(values: FlagValues): RescueOptions {
  const read = settingsReader(values, {})
  const form = oneOf(values, 'output', ['table', 'json'] as const)
  const by = oneOf(values, 'by', ['auto', 'image', 'delete'] as const)
  const image = values.text('image')
  if (image !== undefined && !/^[^\s:/][^\s]{0,4095}$/.test(image)) throw new UsageError(`--image: ${JSON.stringify(image)} is not the name of an image`)
  if (image !== undefined && by === 'delete') throw new UsageError('--image and --by delete exclude each other')
  const dryRun = values.text('dry-run')
  if (dryRun !== undefined && dryRun !== 'server') throw new UsageError(`--dry-run: ${JSON.stringify(dryRun)} is not server`)
  return {
    form,
    ...readPlace(values),
    wish: { by, image },
    afterMs: read.span('after', undefined, longestMs),
    timeoutMs: read.span('timeout', undefined, longestMs),
    isAgreed: values.isOn('yes'),
    isDryRun: dryRun === 'server',
  }
}

function readPlace(values: FlagValues): Pick<RescueOptions, 'namespace' | 'pod'> {
  const { operand } = values
  const namespace = values.text('of')
  if (namespace !== undefined && !isNamespaceName(namespace)) {
    throw new UsageError(`--of: ${JSON.stringify(namespace)} is not a name that a namespace can have`)
  }
  if (operand === undefined) return { namespace, pod: undefined }
  const [, own, pod] = podPlace.exec(operand) ?? []
  if (own === undefined || pod === undefined || !isNamespaceName(own)) throw new UsageError(`${JSON.stringify(operand)} is not a pod as NAMESPACE/POD`)
  if (namespace !== undefined) throw new UsageError(`${operand} says its namespace itself: leave out --of`)
  return { namespace: own, pod }
}

function oneOf<T extends string>(values: FlagValues, name: string, words: readonly T[]): T {
  const text = values.text(name)
  const found = words.find((word) => word === text)
  if (found === undefined) throw new UsageError(`--${name}: ${JSON.stringify(text)} is not one of ${words.join(', ')}`)
  return found
}
