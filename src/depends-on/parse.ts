import { parseSeconds } from '../units/duration.ts'
import { defaultTimeoutSeconds, type Dependency, longestTimeoutSeconds, type Target, type TargetKind, targetKinds, targetText } from './dependency.ts'

/** What an annotation says, as far as it can be read. */
export interface DependsOn {
  readonly dependencies: readonly Dependency[]
  /** What of it counts as not there, and why; nothing else does. */
  readonly faults: readonly DependsOnFault[]
}

/** A part of the annotation that is passed over. */
export interface DependsOnFault {
  /** As it was written. */
  readonly text: string
  /** Follows "is ignored: ". */
  readonly why: string
}

// A pod that names more has no dependencies, but a plan; and each of them may be a watch of its node's lock.
const mostEntries = 32
const maxLength = 8_192
const offWords: ReadonlySet<string> = new Set(['', 'disabled', 'false', 'no', 'off'])

/**
 * Reads the annotation: entries `KIND/NAME` or `KIND/NAMESPACE/NAME`, each with `:timeout=DURATION` and
 * `:on-timeout=proceed|fail` in any order, separated by commas. `disabled`, or nothing, is no entry. Never throws: what
 * cannot be read is passed over, and the rest counts.
 */
export function parseDependsOn(text: string): DependsOn {
  if (text.length > maxLength) return { dependencies: [], faults: [{ text, why: `it is longer than ${maxLength} characters` }] }
  if (offWords.has(text.trim().toLowerCase())) return { dependencies: [], faults: [] }
  const dependencies = new Map<string, Dependency>()
  const faults: DependsOnFault[] = []
  for (const written of text.split(',')) {
    const entry = written.trim()
    // A list may end in a comma, or be laid out over lines.
    if (entry === '') continue
    const read = readEntry(entry, faults)
    if (read === undefined) continue
    const name = targetText(read.target)
    if (dependencies.has(name)) faults.push({ text: entry, why: `${name} is named before` })
    else if (dependencies.size === mostEntries) faults.push({ text: entry, why: `there are ${mostEntries} before it, and no more count` })
    else dependencies.set(name, read)
  }
  return { dependencies: [...dependencies.values()], faults }
}

/** Undefined: it is passed over as a whole. An option that cannot be read is passed over alone. */
function readEntry(entry: string, faults: DependsOnFault[]): Dependency | undefined {
  const [name = '', ...options] = entry.split(':')
  const target = readTarget(name.trim())
  if (typeof target === 'string') {
    faults.push({ text: entry, why: target })
    return undefined
  }
  const read: { timeoutSeconds?: number; onTimeout?: Dependency['onTimeout'] } = {}
  for (const option of options) {
    const why = readOption(option.trim(), read)
    if (why !== undefined) faults.push({ text: `${option.trim()} of ${targetText(target)}`, why })
  }
  return { target, timeoutSeconds: read.timeoutSeconds ?? defaultTimeoutSeconds, onTimeout: read.onTimeout ?? 'proceed' }
}

/** A target, or what is wrong with it. */
function readTarget(text: string): Target | string {
  const [kind = '', ...names] = text.split('/')
  if (!isKind(kind)) return `it does not begin with one of ${targetKinds.join(', ')}, and a slash`
  const [first = '', second] = names
  if (names.length === 0 || names.length > 2) return 'it is neither KIND/NAME nor KIND/NAMESPACE/NAME'
  const [namespace, name] = second === undefined ? [undefined, first] : [first, second]
  if (namespace !== undefined && !isLabel(namespace)) return 'its namespace is not the name of one'
  const isValid = kind === 'service' ? isLabel(name) : isName(name)
  return isValid ? { kind, namespace, name } : 'its name is not one that Kubernetes allows'
}

function isKind(text: string): text is TargetKind {
  return targetKinds.some((kind) => kind === text)
}

function isLabel(text: string): boolean {
  return /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text)
}

// A DNS subdomain (RFC 1123).
function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/.test(text)
}

/** Takes an option; what is wrong with it, where something is. The last of two counts. */
function readOption(option: string, read: { timeoutSeconds?: number; onTimeout?: Dependency['onTimeout'] }): string | undefined {
  const at = option.indexOf('=')
  const [name, value] = at < 0 ? [option, ''] : [option.slice(0, at).trim(), option.slice(at + 1).trim()]
  if (name === 'timeout') {
    const seconds = parseSeconds(value)
    if (seconds === undefined || seconds < 1 || seconds > longestTimeoutSeconds) return 'it is not a duration from 1s to 24h, such as 10m'
    read.timeoutSeconds = seconds
    return undefined
  }
  if (name !== 'on-timeout') return 'options are timeout and on-timeout'
  if (value !== 'proceed' && value !== 'fail') return 'it is neither proceed nor fail'
  read.onTimeout = value
  return undefined
}
