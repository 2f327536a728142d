import { Scalar, type ScalarTag } from 'yaml'

/**
 * The plain scalars that are not strings, as Kubernetes reads them. Its tools parse YAML with go-yaml 2: YAML 1.1,
 * but without base 60 and without dates, and with YAML 1.2's `0o17` besides.
 */
export const scalarTags: readonly ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:null',
    default: true,
    test: /^(?:~|null|Null|NULL)?$/,
    identify: (value) => value === null,
    createNode: () => new Scalar(null),
    resolve: () => new Scalar(null),
    stringify: () => 'null',
  },
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/,
    identify: (value) => typeof value === 'boolean',
    resolve: (text) => /^(?:y|on|t)/i.test(text),
    stringify: ({ value }) => String(value),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|0[0-7_]*|[1-9][0-9_]*)$/,
    identify: (value) => Number.isInteger(value) || typeof value === 'bigint',
    resolve: readInteger,
    stringify: ({ value }) => String(value),
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^(?:[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    identify: (value) => typeof value === 'number',
    resolve: readFloat,
    stringify: ({ value }) => (Number.isFinite(value) ? String(value) : writeSpecial(value)),
  },
]

/** A number, or a bigint where a number would not be exact. */
function readInteger(text: string): number | bigint {
  const plain = text.replaceAll('_', '').toLowerCase()
  const digits = plain.replace(/^[-+]/, '').replace(/^0(?=[0-7])/, '0o')
  const size = BigInt(digits)
  const value = plain.startsWith('-') ? -size : size
  const number = Number(value)
  return Number.isSafeInteger(number) || size >= 2n ** 64n ? number : value
}

function readFloat(text: string): number | string {
  const plain = text.replaceAll('_', '').toLowerCase()
  if (plain.endsWith('nan')) return Number.NaN
  if (plain.endsWith('inf')) return plain.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const value = Number(plain)
  // What does not fit is a string to go-yaml.
  return Number.isFinite(value) ? value : text
}

function writeSpecial(value: unknown): string {
  if (Number.isNaN(value)) return '.nan'
  return value === Number.NEGATIVE_INFINITY ? '-.inf' : '.inf'
}
