import type { JobVariable } from '../job.ts'
import { envFileLines } from './env-file.ts'
import type { DefinedFiles } from './read-files.ts'
import { readFields } from './fields.ts'
import { describe, type FileEntry, type FileNode, isNull, quote } from './file-node.ts'
import { interpolate } from './interpolate.ts'
import { dataKey, subdomain } from './names.ts'
import { readFileOf } from './read-file-of.ts'
import { readFlag, readMatch, readText, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'

/** The variables of a container: those of its files, then its own, each once; a later one takes the place of an earlier. @param secrets those of the top. */
export function readVariables(scope: Scope, environment: FileEntry | undefined, envFile: FileEntry | undefined, secrets: DefinedFiles): readonly JobVariable[] {
  const ofFiles = envFile === undefined ? [] : readEnvFiles(scope, envFile)
  const own = environment === undefined ? [] : readEnvironment(scope, environment, secrets)
  const byName = new Map<string, JobVariable>()
  // All keys of a Secret come first, so that a variable of its own counts.
  for (const each of [...ofFiles, ...own]) byName.set('name' in each ? `=${each.name}` : each.allOfSecret, each)
  return [...byName.values()]
}

function readEnvironment(scope: Scope, { value }: FileEntry, secrets: DefinedFiles): readonly JobVariable[] {
  if (value.kind === 'scalar') {
    scope.report.problem(value.at, `environment must be a list or a map, not ${describe(value)}`)
    return []
  }
  const read = value.kind === 'list'
    ? value.items.flatMap((item) => readItem(scope, item, secrets).map((variable) => ({ variable, at: item.at })))
    : value.entries.flatMap((entry) => readPair(scope, entry, secrets).map((variable) => ({ variable, at: entry.at })))
  const seen = new Set<string>()
  for (const { variable, at } of read) {
    if (!('name' in variable)) continue
    if (seen.has(variable.name)) scope.report.problem(at, `environment: the variable ${quote(variable.name)} stands there twice`)
    seen.add(variable.name)
  }
  return read.map(({ variable }) => variable)
}

/** `{name, value}`, `{name, secret, key}`, `{secret}`, `K=V`, or `K`. */
function readItem(scope: Scope, item: FileNode, secrets: DefinedFiles): readonly JobVariable[] {
  if (item.kind !== 'map') return readLine(scope, item)
  const fields = readFields(scope, item, 'variable', 'a variable')
  const [nameNode, valueNode, secretNode, keyNode] = [fields?.get('name'), fields?.get('value'), fields?.get('secret'), fields?.get('key')]
  if (fields === undefined) return []
  const name = nameNode === undefined ? undefined : readName(scope, nameNode.value)
  if (secretNode !== undefined) {
    if (valueNode !== undefined) scope.report.problem(valueNode.at, 'a variable has a value, or is of a secret, not both')
    if (nameNode === undefined && keyNode !== undefined) scope.report.problem(keyNode.at, 'a key of a secret needs the name of the variable')
    const secret = readSecret(scope, secretNode, secrets)
    if (secret === undefined) return []
    return nameNode === undefined ? [{ allOfSecret: secret.name }] : name === undefined ? [] : [ofSecret(scope, nameNode.at, name, secret, keyNode)]
  }
  if (keyNode !== undefined) scope.report.problem(keyNode.at, 'key is of a secret, and none is named')
  if (!fields.says('name')) scope.report.problem(item.at, 'a variable needs a name')
  if (!fields.says('value')) scope.report.problem(item.at, 'a variable needs a value; an empty one is written ""')
  const value = valueNode === undefined ? undefined : readText(scope, valueNode.value, 'value')
  return name === undefined || value === undefined ? [] : [{ name, value }]
}

function readLine(scope: Scope, item: FileNode): readonly JobVariable[] {
  const line = readWord(scope, item, 'a variable')
  if (line === undefined) return []
  const at = line.indexOf('=')
  const name = at < 0 ? line : line.slice(0, at)
  if (!checkName(scope, item.at, name)) return []
  return at < 0 ? ofCaller(scope, item.at, name) : [{ name, value: line.slice(at + 1) }]
}

function readPair(scope: Scope, { key: name, at, value }: FileEntry, secrets: DefinedFiles): readonly JobVariable[] {
  if (!checkName(scope, at, name)) return []
  if (isNull(value)) return ofCaller(scope, at, name)
  if (value.kind === 'map') {
    const fields = readFields(scope, value, 'secretVariable', name)
    const secretNode = fields?.get('secret')
    if (fields?.says('secret') === false) scope.report.problem(value.at, `${name} needs a value, or a secret`)
    const secret = secretNode === undefined ? undefined : readSecret(scope, secretNode, secrets)
    return secret === undefined ? [] : [ofSecret(scope, at, name, secret, fields?.get('key'))]
  }
  const text = readText(scope, value, name)
  return text === undefined ? [] : [{ name, value: text }]
}

/** A Secret that is named. `only`: the one key that it has, or that is meant, because the top says so. */
interface NamedSecret {
  readonly name: string
  readonly only: string | undefined
}

/** A secret of the top by its key there, or a Secret of the namespace by its name. */
function readSecret(scope: Scope, { value }: FileEntry, secrets: DefinedFiles): NamedSecret | undefined {
  const text = value.kind === 'scalar' ? value.text : ''
  const defined = secrets.get(text) ?? [...secrets.values()].find(({ name, content }) => name === text && content !== undefined)
  if (defined !== undefined) return { name: defined.name, only: defined.key ?? defined.name }
  const name = readMatch(scope, value, 'secret', subdomain, 'a secret of the top, or the name of a Secret')
  return name === undefined ? undefined : { name, only: undefined }
}

function ofSecret(scope: Scope, at: number, name: string, { name: secret, only }: NamedSecret, keyEntry: FileEntry | undefined): JobVariable {
  const key = keyEntry === undefined ? undefined : readMatch(scope, keyEntry.value, 'key', dataKey, 'a key of a Secret')
  if (keyEntry !== undefined && key !== undefined && only !== undefined && key !== only) scope.report.problem(keyEntry.at, `the key of this secret stands at the top: it is ${only}; leave it out here`)
  if (keyEntry === undefined && only === undefined && !dataKey.test(name)) scope.report.problem(at, `${quote(name)} is no key that a Secret can have; write key`)
  return { name, secret, key: only ?? key ?? name }
}

/** A name alone is taken from the environment of who reads the file. */
function ofCaller({ report, variables }: Scope, at: number, name: string): readonly JobVariable[] {
  const value = variables(name)
  if (value !== undefined) return [{ name, value }]
  report.problem(at, `the variable ${shortened(name)} has no value here, and is not set in the environment, from which it would be taken`)
  return []
}

/** A line that is no variable may be of any length, and a secret. */
function shortened(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName)}…` : name
}

const longestName = 60

function readName(scope: Scope, node: FileNode): string | undefined {
  const name = readWord(scope, node, 'name')
  return name !== undefined && checkName(scope, node.at, name) ? name : undefined
}

// What Kubernetes takes as the name of a variable: printable ASCII but for =.
function checkName({ report }: Scope, at: number, name: string, where = ''): boolean {
  const isFit = /^[ -<>-~]+$/.test(name)
  if (!isFit) report.problem(at, `${where}${quote(name)} is no name of a variable`)
  return isFit
}

function readEnvFiles(scope: Scope, entry: FileEntry): readonly JobVariable[] {
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value]
  return items.flatMap((item) => readEnvFile(scope, item))
}

function readEnvFile(scope: Scope, item: FileNode): readonly JobVariable[] {
  const fields = item.kind === 'map' ? readFields(scope, item, 'envFile', 'env_file') : undefined
  if (item.kind === 'map' && fields === undefined) return []
  const pathNode = fields === undefined ? item : fields.get('path')?.value
  const requiredNode = fields?.get('required')
  if (pathNode === undefined) {
    if (fields?.says('path') === false) scope.report.problem(item.at, 'env_file needs a path')
    return []
  }
  const isRequired = requiredNode === undefined || readFlag(scope, requiredNode.value, 'required') !== false
  const path = readWord(scope, pathNode, 'env_file')
  const text = path === undefined ? undefined : readFileOf(scope, pathNode.at, path, 'env_file', isRequired)
  return text === undefined ? [] : readEnvText(scope, pathNode.at, path ?? '', text)
}

function readEnvText(scope: Scope, at: number, path: string, text: string): readonly JobVariable[] {
  const { report, variables } = scope
  const { lines, faults } = envFileLines(text)
  for (const { line, message } of faults) report.problem(at, `env_file ${path}, line ${line}: ${message}`)
  const values = new Map<string, string>()
  for (const { line, name, value, isLiteral } of lines) {
    if (!checkName(scope, at, name, `env_file ${path}, line ${line}: `)) continue
    const own = (key: string): string | undefined => variables(key) ?? values.get(key)
    const known = value ?? variables(name)
    if (known === undefined) report.problem(at, `env_file ${path}, line ${line}: ${shortened(name)} has no value, and is not set in the environment, from which it would be taken`)
    else values.set(name, isLiteral ? known : interpolate(known, own, (message) => report.problem(at, `env_file ${path}, line ${line}: ${message}`)))
  }
  return [...values].map(([name, value]) => ({ name, value }))
}
