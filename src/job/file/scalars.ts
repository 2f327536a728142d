import { formatSeconds, parseDuration } from '../../units/duration.ts'
import type { Amount } from '../job.ts'
import { describe, type FileNode, isNull, quote } from './file-node.ts'
import { interpolate } from './interpolate.ts'
import type { Scope } from './scope.ts'

/** The text of a scalar with its variables put in; anything else is reported. @param what names it in messages. */
export function readText({ report, variables }: Scope, node: FileNode, what: string): string | undefined {
  if (node.kind !== 'scalar' || isNull(node)) {
    report.problem(node.at, `${what} must be a text, not ${describe(node)}`)
    return undefined
  }
  let isWhole = true
  const text = interpolate(node.text, variables, (message) => {
    isWhole = false
    report.problem(node.at, `${what}: ${message}`)
  })
  return isWhole ? text : undefined
}

/** As {@link readText}; an empty one is reported, too. */
export function readWord(scope: Scope, node: FileNode, what: string): string | undefined {
  const text = readText(scope, node, what)
  if (text === '') scope.report.problem(node.at, `${what} must not be empty`)
  return text === '' ? undefined : text
}

/** A value of a text that must be of a certain form. */
function readForm<T>(scope: Scope, node: FileNode, what: string, form: string, parse: (text: string) => T | undefined): T | undefined {
  const text = node.kind === 'scalar' && !isNull(node) ? readText(scope, node, what) : undefined
  const value = text === undefined ? undefined : parse(text.trim())
  if (value === undefined && (text !== undefined || node.kind !== 'scalar' || isNull(node))) {
    scope.report.problem(node.at, `${what} must be ${form}, not ${text === undefined ? describe(node) : quote(text)}`)
  }
  return value
}

/** A name of Kubernetes' objects, or another text of a pattern. */
export function readMatch(scope: Scope, node: FileNode, what: string, pattern: RegExp, form: string): string | undefined {
  return readForm(scope, node, what, form, (text) => (pattern.test(text) ? text : undefined))
}

/** A whole number; it may be quoted, as in Compose. */
export function readWhole(scope: Scope, node: FileNode, what: string, least: number, most: number): number | undefined {
  return readForm(scope, node, what, `a whole number from ${least} to ${most}`, (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return number >= least && number <= most ? number : undefined
  })
}

/** A TCP, UDP or SCTP port. */
export function readPort(scope: Scope, node: FileNode, what: string): number | undefined {
  return readWhole(scope, node, what, 1, 65_535)
}

export function readFlag(scope: Scope, node: FileNode, what: string): boolean | undefined {
  const word = readChoice(scope, node, what, ['true', 'false'])
  return word === undefined ? undefined : word === 'true'
}

/** One of some words. */
export function readChoice<const T extends string>(scope: Scope, node: FileNode, what: string, words: readonly T[]): T | undefined {
  const form = words.length <= 2 ? words.join(' or ') : `one of ${words.join(', ')}`
  return readForm(scope, node, what, form, (text) => words.find((word) => word === text))
}

// A year: what is longer is a typing error.
const mostSeconds = 366 * 86_400

/** A duration such as `1m30s`, or a number of seconds; in whole seconds, up to which it is rounded with a warning. */
export function readSeconds(scope: Scope, node: FileNode, what: string, least: 0 | 1 = 0): number | undefined {
  const form = `a duration such as 1m30s or a number of seconds${least === 0 ? '' : ', and more than 0'}`
  const seconds = readForm(scope, node, what, form, (text) => {
    const exact = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : (parseDuration(text) ?? Number.NaN) / 1_000
    return exact <= mostSeconds && (least === 0 || exact > 0) ? exact : undefined
  })
  if (seconds === undefined || Number.isInteger(seconds)) return seconds
  scope.report.warning(node.at, `${what} is rounded up to whole seconds, ${formatSeconds(Math.ceil(seconds))}`)
  return Math.ceil(seconds)
}

const units = 'kmgtp'

/** An amount of bytes as Compose writes it: `2G`, `2gb`, `2GiB` are all 2 × 1024³; a number alone is bytes. */
export function readAmount(scope: Scope, node: FileNode, what: string): Amount | undefined {
  return readForm(scope, node, what, 'an amount of bytes such as 512M or 2G', parseAmount)
}

/** As {@link readAmount}, of a text. */
export function parseAmount(text: string): Amount | undefined {
  const [, number, unit] = /^(\d{1,15}(?:\.\d{1,9})?) ?(?:b|([kmgtp])(?:i?b|i)?)?$/i.exec(text) ?? []
  if (number === undefined) return undefined
  const bytes = Math.round(Number(number) * 1_024 ** (unit === undefined ? 0 : units.indexOf(unit.toLowerCase()) + 1))
  return bytes > 0 && Number.isSafeInteger(bytes) ? { bytes, written: text } : undefined
}

// More cores than a machine has.
const mostCores = 10_000

/** A number of cores, down to thousandths. */
export function readCores(scope: Scope, node: FileNode, what: string): number | undefined {
  return readForm(scope, node, what, 'a number of cores such as 0.5, down to 0.001', (text) => {
    const cores = /^(?=.)\d{0,6}(?:\.\d{1,3}0{0,6})?$/.test(text) ? Number(text) : Number.NaN
    return cores >= 0.001 && cores <= mostCores ? cores : undefined
  })
}
