import { formatSeconds, parseSeconds } from '../units/duration.ts'
import type { DecisionContext, LockPosition, NapMethod } from './context.ts'
import { type Gate, resolveGate } from './gate.ts'
import { injectKey, prefix, statusKey, tuning } from './names.ts'
import type { PodFacts } from './pod.ts'
import { shorten } from './shorten.ts'

/** What holds for one pod: pod beats namespace beats configuration. Times are whole seconds. */
export interface Settings {
  /** 0: no nap. */
  readonly napSeconds: number
  readonly napMethod: NapMethod
  /** Undefined: all. */
  readonly napContainers: readonly string[] | undefined
  readonly lock: boolean
  readonly leaseSeconds: number
  readonly maxWaitSeconds: number
  readonly weight: number
  readonly position: LockPosition
  /** What it waits for before that. */
  readonly gate: Gate
  /** What the pod itself asks for, by an annotation of its own that is valid. */
  readonly asked: { readonly nap: boolean; readonly lock: boolean }
}

const onWords: ReadonlySet<string> = new Set(['enabled', 'true', 'yes', 'on'])
const offWords: ReadonlySet<string> = new Set(['disabled', 'false', 'no', 'off'])

/** Reads `enabled` and `disabled`, and what reads the same, in any case. */
export function parseSwitch(text: string): boolean | undefined {
  if (text.length > 16) return undefined
  const word = text.trim().toLowerCase()
  if (onWords.has(word)) return true
  return offWords.has(word) ? false : undefined
}

const known: ReadonlySet<string> = new Set([injectKey, statusKey, ...Object.values(tuning)])

/**
 * Resolves the annotations of a pod and its namespace over the configuration. A value that does not parse, or
 * is beyond the limits, is as if it were not there, and adds a sentence to `warnings`.
 */
export function resolveSettings(facts: PodFacts, context: DecisionContext, warnings: string[]): Settings {
  const { config } = context
  const { limits } = config
  const onNamespace = context.namespace.annotations ?? {}
  function resolve<T>(key: string, fallback: T, write: (value: T) => string, parse: Parse<T>, allowed: string): T {
    const podText = facts.annotations[key]
    const namespaceText = onNamespace[key]
    if (podText === undefined && namespaceText === undefined) return fallback
    const rejected: [string, string][] = []
    if (podText !== undefined) {
      const value = parse(podText)
      if (value !== undefined) return value
      rejected.push([key, podText])
    }
    let value: T | undefined
    if (typeof namespaceText === 'string') {
      value = parse(namespaceText)
      if (value === undefined) rejected.push([`${key} of the namespace`, namespaceText])
    }
    const used = value ?? fallback
    for (const [where, text] of rejected) {
      warnings.push(`${where}: ${shorten(text)} is not ${allowed}; ${write(used)} is used`)
    }
    return used
  }

  warnOfUnknownKeys(facts.annotations, warnings)

  const parseNap = (text: string) =>
    parseSwitch(text) === false ? 0 : within(0, parseSeconds(text), limits.napSeconds)
  const napSeconds = resolve(
    tuning.nap,
    config.nap.enabled ? config.nap.seconds : 0,
    writeNap,
    parseNap,
    `"disabled" or a duration up to ${formatSeconds(limits.napSeconds)}, such as 15s`,
  )
  const napMethod = resolve(tuning.napMethod, config.nap.method, String, parseMethod, 'one of auto, native, exec')
  const napContainers = resolve(tuning.napContainers, undefined, writeNames, parseNames, 'a list of container names')
  const lock = resolve(tuning.lock, config.lock.enabled, writeSwitch, parseSwitch, '"enabled" or "disabled"')
  const leaseSeconds = resolve(
    tuning.lockLease,
    config.lock.leaseSeconds,
    formatSeconds,
    (text) => within(1, parseSeconds(text), limits.leaseSeconds),
    `a duration from 1s to ${formatSeconds(limits.leaseSeconds)}, such as 120s`,
  )
  const maxWaitSeconds = resolve(
    tuning.lockMaxWait,
    config.lock.maxWaitSeconds,
    formatSeconds,
    (text) => within(1, parseSeconds(text), limits.maxWaitSeconds),
    `a duration from 1s to ${formatSeconds(limits.maxWaitSeconds)}, such as 240s`,
  )
  const weight = resolve(
    tuning.lockWeight,
    config.lock.weight,
    String,
    (text) => (/^[0-9]{1,6}$/.test(text) ? within(1, Number(text), limits.weight) : undefined),
    `a whole number from 1 to ${limits.weight}`,
  )
  const position = resolve(tuning.lockPosition, config.lock.position, String, parsePosition, 'one of first, last')
  warnOfMissingContainers(napContainers, facts, warnings)
  return {
    napSeconds,
    napMethod,
    napContainers,
    lock,
    leaseSeconds,
    maxWaitSeconds,
    weight,
    position,
    gate: resolveGate(facts, context, warnings),
    asked: {
      nap: (parseNap(facts.annotations[tuning.nap] ?? '') ?? 0) > 0,
      lock: parseSwitch(facts.annotations[tuning.lock] ?? '') === true,
    },
  }
}

type Parse<T> = (text: string) => T | undefined

function within(least: number, value: number | undefined, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined
}

function parseMethod(text: string): NapMethod | undefined {
  return text === 'auto' || text === 'native' || text === 'exec' ? text : undefined
}

function parsePosition(text: string): LockPosition | undefined {
  return text === 'first' || text === 'last' ? text : undefined
}

// A pod has room for a few hundred names of 63 characters; more is not a list that somebody wrote.
const maxNamesLength = 16_384
const containerName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

function parseNames(text: string): readonly string[] | undefined {
  if (text.length > maxNamesLength) return undefined
  const names = text.split(',').map((name) => name.trim())
  return names.every((name) => containerName.test(name)) ? names : undefined
}

function writeNap(seconds: number): string {
  return seconds === 0 ? 'no nap' : formatSeconds(seconds)
}

function writeSwitch(on: boolean): string {
  return on ? '"enabled"' : '"disabled"'
}

function writeNames(names: readonly string[] | undefined): string {
  return names === undefined ? 'every container' : writeFew(names)
}

/** The first of many names. */
function writeFew(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  return names.slice(0, 3).map(shorten).join(', ') + more
}

function warnOfUnknownKeys(annotations: Readonly<Record<string, string>>, warnings: string[]): void {
  for (const key in annotations) {
    if (!key.startsWith(prefix) || known.has(key)) continue
    const all = [...known].filter((name) => name !== statusKey).map((name) => name.slice(prefix.length))
    warnings.push(`annotation ${shorten(key)} is not one that usher knows; known are ${prefix}{${all.join(',')}}`)
  }
}

function warnOfMissingContainers(names: readonly string[] | undefined, facts: PodFacts, warnings: string[]): void {
  if (names === undefined) return
  const missing = names.filter((name) => !facts.containers.some((container) => container.name === name))
  if (missing.length === 0) return
  warnings.push(`${tuning.napContainers}: the pod has no container ${writeFew(missing)} to nap`)
}
