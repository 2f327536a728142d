import { readFile } from 'node:fs/promises'
import { Settings } from 'typebox/system'
import { Check, Errors } from 'typebox/value'
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { InjectConfig } from '../inject/context.ts'
import { longestTimeoutSeconds } from '../depends-on/dependency.ts'
import { parseDependsOn } from '../depends-on/parse.ts'
import { parseSeconds } from '../units/duration.ts'
import { isObject } from '../units/json.ts'
import { defaultConfig } from './defaults.ts'
import { type ConfigFile, configSchema } from './schema.ts'

/** The configuration cannot be used; the message has a line for each fault: file, place, path, what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads a configuration file.
 *
 * @throws {ConfigError} where it cannot be read, is not YAML, or has a wrong key or value.
 */
export async function loadConfig(file: string): Promise<InjectConfig> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
  return parseConfig(text, file)
}

/** As {@link loadConfig}, of the text of a file. */
export function parseConfig(text: string, file: string): InjectConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [broken] = document.errors
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new ConfigError(`${file}:${line}:${col}: is not YAML: ${broken.message}`)
  }
  let content: unknown
  try {
    content = document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    throw new ConfigError(`${file}:1:1: has aliases that cannot be followed: ${messageOf(error)}`, { cause: error })
  }
  const faults = [...schemaFaults(content)]
  const config = Check(configSchema, content) ? resolve(content, faults) : defaultConfig
  if (faults.length > 0) {
    throw new ConfigError(faults.map((fault) => writeFault(fault, file, document, lines)).join('\n'))
  }
  return config
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

interface Fault {
  readonly path: readonly string[]
  readonly message: string
}

/** One fault for each place, though the validator may find several things wrong with it. */
function schemaFaults(content: unknown): Iterable<Fault> {
  const byPlace = new Map<string, Fault>()
  Settings.Set({ maxErrors: 1_000 })
  for (const { keyword, instancePath, params } of Errors(configSchema, content)) {
    const path = instancePath.split('/').slice(1).map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    if (keyword === 'additionalProperties' && 'additionalProperties' in params) {
      for (const key of params.additionalProperties) {
        byPlace.set([...path, key].join('\0'), { path: [...path, key], message: unknownKey(path, key) })
      }
    } else if (keyword !== 'boolean' && !byPlace.has(path.join('\0'))) {
      byPlace.set(path.join('\0'), { path, message: wrongValue(path, content) })
    }
  }
  return byPlace.values()
}

function unknownKey(path: readonly string[], key: string): string {
  const parent = schemaAt(path)
  const keys = isObject(parent) && isObject(parent['properties']) ? Object.keys(parent['properties']) : []
  return `unknown key ${JSON.stringify(key)}; known here are ${keys.join(', ')}`
}

function wrongValue(path: readonly string[], content: unknown): string {
  const node = schemaAt(path)
  const allowed = isObject(node) && typeof node['allowed'] === 'string' ? node['allowed'] : 'something else'
  let value: unknown = content
  for (const token of path) value = isObject(value) || Array.isArray(value) ? Reflect.get(value, token) : undefined
  const shown = JSON.stringify(value) ?? 'nothing'
  return `${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown} is not allowed; it must be ${allowed}`
}

function schemaAt(path: readonly string[]): unknown {
  let node: unknown = configSchema
  for (const token of path) {
    if (!isObject(node)) return undefined
    node = isObject(node['properties']) ? node['properties'][token] : node['items']
  }
  return node
}

function writeFault(fault: Fault, file: string, document: Document, lines: LineCounter): string {
  const parent: unknown = document.getIn(fault.path.slice(0, -1), true)
  const element = isSeq(parent) ? parent.get(Number(fault.path.at(-1)), true) : undefined
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === fault.path.at(-1)) : undefined
  const node = pair?.key ?? element ?? parent
  const { line, col } = lines.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0)
  const path = fault.path.length === 0 ? 'the file' : fault.path.join('.')
  return `${file}:${line}:${col}: ${path}: ${fault.message}`
}

function resolve(file: ConfigFile, faults: Fault[]): InjectConfig {
  const { nap = {}, lock = {}, limits = {} } = file
  const config = defaultConfig

  function seconds(path: readonly string[], text: string | undefined, fallback: number, most?: number): number {
    if (text === undefined) return Math.min(fallback, most ?? fallback)
    const value = parseSeconds(text) ?? 0
    if (value >= 1 && (most === undefined || value <= most)) return value
    const bound = most === undefined ? 'of at least 1s' : `from 1s to ${most}s, the limit`
    faults.push({ path, message: `${JSON.stringify(text)} is not allowed; it must be a duration ${bound}` })
    return fallback
  }

  const napLimit = seconds(['limits', 'nap'], limits.nap, config.limits.napSeconds)
  const leaseLimit = seconds(['limits', 'lockLease'], limits.lockLease, config.limits.leaseSeconds)
  const waitLimit = seconds(['limits', 'lockMaxWait'], limits.lockMaxWait, config.limits.maxWaitSeconds)
  const weightLimit = limits.lockWeight ?? config.limits.weight
  const dependsOnLimit = seconds(['limits', 'dependsOn'], limits.dependsOn, config.limits.dependsOnSeconds, longestTimeoutSeconds)
  const weight = lock.weight ?? config.lock.weight
  if (weight > weightLimit) {
    faults.push({ path: ['lock', 'weight'], message: `${weight} is not allowed; the limit is ${weightLimit}` })
  }
  for (const { text, why } of parseDependsOn(lock.dependsOn ?? '').faults) {
    faults.push({ path: ['lock', 'dependsOn'], message: `${JSON.stringify(text.slice(0, 60))} is not allowed: ${why}` })
  }
  return {
    systemNamespace: file.systemNamespace ?? config.systemNamespace,
    nap: {
      enabled: nap.enabled ?? config.nap.enabled,
      seconds: seconds(['nap', 'duration'], nap.duration, config.nap.seconds, napLimit),
      method: nap.method ?? config.nap.method,
    },
    lock: {
      enabled: lock.enabled ?? config.lock.enabled,
      image: lock.image ?? config.lock.image,
      imagePullPolicy: lock.imagePullPolicy ?? config.lock.imagePullPolicy,
      port: lock.port ?? config.lock.port,
      leaseSeconds: seconds(['lock', 'lease'], lock.lease, config.lock.leaseSeconds, leaseLimit),
      maxWaitSeconds: seconds(['lock', 'maxWait'], lock.maxWait, config.lock.maxWaitSeconds, waitLimit),
      weight,
      position: lock.position ?? config.lock.position,
      runtimeClasses: lock.runtimeClasses ?? config.lock.runtimeClasses,
      token: lock.token ?? config.lock.token,
      dependsOn: lock.dependsOn ?? config.lock.dependsOn,
    },
    limits: { napSeconds: napLimit, leaseSeconds: leaseLimit, maxWaitSeconds: waitLimit, weight: weightLimit, dependsOnSeconds: dependsOnLimit },
  }
}
