import type { JobFile, JobVolume } from '../job.ts'
import { readFields, readItems } from './fields.ts'
import { describe, type FileEntry, type FileNode, quote } from './file-node.ts'
import { dataKey, slug, subdomain } from './names.ts'
import { readFileOf } from './read-file-of.ts'
import { readFlag, readMatch, readText, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'

type FileType = JobFile['type']

/** A secret or config of the top: one of the cluster, or one that the job brings along. */
export interface DefinedFile {
  readonly type: FileType
  /** Of the object. */
  readonly name: string
  readonly at: number
  /** Which entry of an object of the cluster; undefined: the job brings it along. */
  readonly key: string | undefined
  readonly content: string | undefined
}

export type DefinedFiles = ReadonlyMap<string, DefinedFile>

/** The secrets or configs of the top, by their keys. */
export function readDefinedFiles(scope: Scope, { key: place, value }: FileEntry, type: FileType): DefinedFiles {
  if (value.kind !== 'map') {
    scope.report.problem(value.at, `${place} must be a map of names, not ${describe(value)}`)
    return new Map()
  }
  const defined = new Map<string, DefinedFile>()
  for (const entry of value.entries) {
    const file = readDefined(scope, entry, type)
    const other = [...defined].find(([, { name, key }]) => name === file.name && (key === undefined || file.key === undefined))
    if (other !== undefined) scope.report.problem(entry.at, `${entry.key} would be called ${file.name} in the cluster, as ${other[0]} is`)
    defined.set(entry.key, file)
  }
  return defined
}

const sources = ['file', 'content', 'environment'] as const

function readDefined(scope: Scope, { key: own, at, value }: FileEntry, type: FileType): DefinedFile {
  const { report, variables } = scope
  if (!/^[-._a-zA-Z0-9]{1,200}$/.test(own)) report.problem(at, `${quote(own)} is no name of a ${type}: it takes letters, digits, -, _ and .`)
  const fields = readFields(scope, value, 'file', own)
  const external = fields?.get('external')
  const [nameEntry, keyEntry] = [fields?.get('name'), fields?.get('key')]
  const given = sources.flatMap((source) => fields?.get(source) ?? []).toSorted((left, right) => left.at - right.at)
  const isExternal = external !== undefined && readFlag(scope, external.value, 'external') !== false
  if (isExternal) {
    for (const entry of given) report.problem(entry.at, `${own} is external, and has no ${entry.key} here`)
    if (nameEntry === undefined && !subdomain.test(own)) report.problem(at, `${own}: there can be no ${type} of this name in a cluster; write the one that it has there as name`)
    const name = nameEntry === undefined ? own : readMatch(scope, nameEntry.value, 'name', subdomain, 'a name that an object can have')
    const key = keyEntry === undefined ? own : readMatch(scope, keyEntry.value, 'key', dataKey, 'a key of a Secret or ConfigMap')
    return { type, name: name ?? own, at, key: key ?? own, content: undefined }
  }
  for (const entry of [nameEntry, keyEntry]) {
    if (entry !== undefined) report.problem(entry.at, `${entry.key} is of external ones: what the job brings along is called as it is here`)
  }
  const [source, another] = given
  if (fields !== undefined && !sources.some((key) => fields.says(key))) report.problem(at, `${own} needs one of file, content, environment, or external: true`)
  if (another !== undefined) report.problem(another.at, `${own} has ${source?.key} already: one of file, content, environment`)
  const content = source === undefined ? '' : readContent(scope, source, variables)
  return { type, name: slug(own), at, key: undefined, content }
}

function readContent(scope: Scope, { key, value }: FileEntry, variables: Scope['variables']): string {
  if (key === 'content') return readText(scope, value, key) ?? ''
  const word = readWord(scope, value, key)
  if (word === undefined) return ''
  if (key === 'file') return readFileOf(scope, value.at, word, key) ?? ''
  const content = variables(word)
  if (content === undefined) scope.report.problem(value.at, `environment: the variable ${word} is not set`)
  return content ?? ''
}

/** The secrets or configs that a container sees. */
export function readFileUses(scope: Scope, entry: FileEntry, type: FileType, defined: DefinedFiles): readonly JobVolume[] {
  return readItems(scope, entry).flatMap((item) => readUse(scope, item, type, defined))
}

function readUse(scope: Scope, item: FileNode, type: FileType, defined: DefinedFiles): readonly JobVolume[] {
  const { report } = scope
  const fields = item.kind === 'map' ? readFields(scope, item, 'fileUse', `a ${type}`) : undefined
  if (item.kind === 'map' && fields === undefined) return []
  const [sourceNode, target] = [fields === undefined ? item : fields.get('source')?.value, fields?.get('target')]
  if (sourceNode === undefined) {
    if (fields?.says('source') === false) report.problem(item.at, `a ${type} needs a source: a key of ${type}s at the top`)
    return []
  }
  const source = readWord(scope, sourceNode, `a ${type}`)
  if (source === undefined) return []
  const file = defined.get(source)
  if (file === undefined) report.problem(sourceNode.at, `the ${type} ${quote(source)} is not declared at the top: ${type}s: {${source}: {external: true}}`)
  const folder = type === 'secret' ? '/run/secrets/' : '/'
  const word = target === undefined ? source : (readWord(scope, target.value, 'target') ?? source)
  const path = word.startsWith('/') ? word : `${folder}${word}`
  if (/:/.test(path) || path.split('/').includes('..') || path.endsWith('/')) report.problem(target?.value.at ?? item.at, `target must be the path of a file, without .. and :, not ${quote(word)}`)
  return file === undefined ? [] : [{ type, name: file.name, path, ...(file.key === undefined ? {} : { key: file.key }) }]
}

/** Those that the job brings along. */
export function broughtFiles(...defined: readonly DefinedFiles[]): readonly JobFile[] {
  return defined.flatMap((files) => [...files.values()]).flatMap(({ type, name, content }) => (content === undefined ? [] : [{ type, name, content }]))
}
