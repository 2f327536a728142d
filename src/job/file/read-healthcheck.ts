import type { Healthcheck } from '../job.ts'
import { agreed, type Fields, readFields } from './fields.ts'
import { describe, type FileEntry, type FileNode, quote } from './file-node.ts'
import { readChoice, readFlag, readPort, readSeconds, readText, readWhole, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'
import { readCommand } from './read-command.ts'
import type { PlacedPort } from './read-ports.ts'

type Check = Healthcheck['check']
type HealthFields = Fields<'healthcheck'>

// The sketch's, and Compose's where the check is written as Compose writes it.
const defaults = { intervalSeconds: 60, healthyThreshold: 2, unhealthyThreshold: 2 }
const composeDefaults = { intervalSeconds: 30, healthyThreshold: 1, unhealthyThreshold: 3 }
const timeoutSeconds = 30
const startIntervalSeconds = 5
// Kubernetes takes no more, and nobody waits for it.
const mostFailures = 1_000

/** The check of a container; none where it is switched off. @param ports its own, of which the only one is the default. */
export function readHealthcheck(scope: Scope, { value }: FileEntry, ports: readonly PlacedPort[]): Healthcheck | undefined {
  const fields = readFields(scope, value, 'healthcheck', 'healthcheck')
  if (fields === undefined) return undefined
  const disable = fields.get('disable')
  const isOff = disable !== undefined && readFlag(scope, disable.value, 'disable') === true
  const check = readCheck(scope, fields, ports, isOff)
  const byDefault = fields.get('test') === undefined ? defaults : composeDefaults
  const seconds = (key: 'timeout' | 'interval' | 'start_period' | 'start_interval', fallback: number): number => {
    const entry = fields.get(key)
    return entry === undefined ? fallback : (readSeconds(scope, entry.value, key, key === 'start_period' ? 0 : 1) ?? fallback)
  }
  const threshold = (key: 'healthy_threshold' | 'unhealthy_threshold', fallback: number): number =>
    agreed(scope, fields.all(key).flatMap(({ key: name, value: node, at }) => {
      const number = readWhole(scope, node, name, 1, mostFailures)
      return number === undefined ? [] : [{ value: number, at, name, written: String(number) }]
    })) ?? fallback
  const timing = {
    timeoutSeconds: seconds('timeout', timeoutSeconds),
    intervalSeconds: seconds('interval', byDefault.intervalSeconds),
    startIntervalSeconds: seconds('start_interval', startIntervalSeconds),
    startPeriodSeconds: seconds('start_period', 0),
    healthyThreshold: threshold('healthy_threshold', byDefault.healthyThreshold),
    unhealthyThreshold: threshold('unhealthy_threshold', byDefault.unhealthyThreshold),
  }
  return isOff || check === undefined ? undefined : { check, ...timing }
}

function readCheck(scope: Scope, fields: HealthFields, ports: readonly PlacedPort[], isOff: boolean): Check | undefined {
  const { report } = scope
  const [typeEntry, test] = [fields.get('type'), fields.get('test')]
  const type = typeEntry === undefined ? undefined : readChoice(scope, typeEntry.value, 'type', ['http', 'tcp', 'command'])
  if (test !== undefined) {
    const command = fields.get('command')
    if (type !== undefined && type !== 'command') report.problem(test.at, `test is a command, but type says ${type}`)
    if (command !== undefined) report.problem(test.at, 'test and command are the same: one of them')
    rejectOthers(scope, fields, 'test', ['port', 'path', 'expect'])
    return readTest(scope, test.value)
  }
  if (typeEntry === undefined) {
    if (!isOff && !fields.says('type')) report.problem(fields.at, 'a healthcheck needs a type: http, tcp or command, or a test as Compose writes it')
    return undefined
  }
  if (type === 'http') return readHttp(scope, fields, ports)
  if (type === 'tcp') {
    rejectOthers(scope, fields, 'type tcp', ['path', 'expect', 'command'])
    return { type, port: readCheckedPort(scope, fields, ports) }
  }
  return type === undefined ? undefined : readCommandCheck(scope, fields)
}

function readHttp(scope: Scope, fields: HealthFields, ports: readonly PlacedPort[]): Check {
  rejectOthers(scope, fields, 'type http', ['command'])
  const [path, expect] = [fields.get('path'), fields.get('expect')]
  const pathText = path === undefined ? '/' : readWord(scope, path.value, 'path')
  if (path !== undefined && pathText !== undefined && !/^\/[!-~]*$/.test(pathText)) scope.report.problem(path.value.at, `path must begin with / and be one word, not ${quote(pathText)}`)
  const expected = expect === undefined ? '200' : readChoice(scope, expect.value, 'expect', ['200', '2xx-3xx'])
  return { type: 'http', port: readCheckedPort(scope, fields, ports), path: pathText ?? '/', expect: expected ?? '200' }
}

function readCommandCheck(scope: Scope, fields: HealthFields): Check {
  rejectOthers(scope, fields, 'type command', ['port', 'path', 'expect'])
  const entry = fields.get('command')
  if (!fields.says('command')) scope.report.problem(fields.at, 'a healthcheck of type command needs a command')
  return { type: 'command', command: (entry === undefined ? undefined : readCommand(scope, entry)) ?? [] }
}

function rejectOthers({ report }: Scope, fields: HealthFields, check: string, keys: readonly ('port' | 'path' | 'expect' | 'command')[]): void {
  for (const key of keys) {
    const entry = fields.get(key)
    if (entry !== undefined) report.problem(entry.at, `${key} does not go with a healthcheck of ${check}`)
  }
}

function readCheckedPort(scope: Scope, fields: HealthFields, ports: readonly PlacedPort[]): number {
  const entry = fields.get('port')
  if (entry !== undefined) return readPort(scope, entry.value, 'port') ?? 1
  const [only, another] = ports.filter(({ protocol }) => protocol === 'TCP')
  if (only === undefined || another !== undefined) scope.report.problem(fields.at, `a healthcheck needs a port: the container has ${only === undefined ? 'none' : 'several'} of which it could be`)
  return only?.target ?? 1
}

/** `["CMD", …]`, `["CMD-SHELL", TEXT]`, `["NONE"]`, or a text for the shell; undefined: no check. */
function readTest(scope: Scope, node: FileNode): Check | undefined {
  const { report } = scope
  if (node.kind === 'scalar') {
    const text = readWord(scope, node, 'test')
    return text === undefined || text === 'NONE' ? undefined : byShell(text)
  }
  const words = node.kind === 'list' ? node.items.map((item) => readText(scope, item, 'test') ?? '') : []
  const [kind, ...rest] = words
  const [first = ''] = rest
  if (kind === 'NONE' && rest.length === 0) return undefined
  if (kind === 'CMD' && first !== '') return { type: 'command', command: rest }
  if (kind === 'CMD-SHELL' && rest.length === 1 && first !== '') return byShell(first)
  const form = 'test must be ["CMD", PROGRAM, …], ["CMD-SHELL", TEXT], ["NONE"], or a text'
  report.problem(node.at, `${form}, not ${node.kind === 'map' ? describe(node) : quote(JSON.stringify(words))}`)
  return undefined
}

function byShell(text: string): Check {
  return { type: 'command', command: ['/bin/sh', '-c', text] }
}
