import type { Amount, JobVolume } from '../job.ts'
import { agreed, type Fields, readFields, readItems } from './fields.ts'
import { describe, type FileEntry, type FileNode, quote } from './file-node.ts'
import { checkLabel, slug, subdomain } from './names.ts'
import { readAmount, readFlag, readMatch, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'

/** What a volume is, wherever it is seen. */
export interface VolumeKind {
  readonly type: 'shared' | 'local'
  readonly space: Amount
  readonly isEnforced: boolean
  readonly storageClass: string | undefined
  readonly oneNode: boolean
}

/** A volume that the top declares; undefined where what it says cannot be used, which is reported already. */
export type NamedVolumes = ReadonlyMap<string, VolumeKind | undefined>

/** A volume as a container sees it, with where it stands. */
export interface PlacedVolume {
  readonly at: number
  readonly name: string
  /** The file names it; else it was made of container and path. */
  readonly isNamed: boolean
  readonly path: string
  readonly isReadOnly: boolean
  readonly kind: VolumeKind
}

type SaidKind = Fields<'volume'> | Fields<'namedVolume'>

/** The volumes of the top. */
export function readNamedVolumes(scope: Scope, { value }: FileEntry): NamedVolumes {
  if (value.kind !== 'map') {
    scope.report.problem(value.at, `volumes must be a map of names, not ${describe(value)}`)
    return new Map()
  }
  return new Map(value.entries.map(({ key, at, value: node }) => {
    checkLabel(scope, at, key, 'volumes')
    if (node.kind === 'scalar') {
      scope.report.problem(at, `the volume ${key} needs a type and space: {type: local, space: 1G}, or {type: shared, space: 1G}`)
      return [key, undefined]
    }
    const fields = readFields(scope, node, 'namedVolume', key)
    return [key, fields === undefined ? undefined : readKind(scope, fields, at, key)]
  }))
}

/** The volumes of a container. */
export function readVolumes(scope: Scope, entry: FileEntry, container: string, named: NamedVolumes): readonly PlacedVolume[] {
  return readItems(scope, entry).flatMap((item) => (item.kind === 'map' ? readLong(scope, item, container, named) : readShort(scope, item, named)))
}

const bindHint = 'files of a node are not mounted; use {type: shared or local, path: …, space: …}, or configs and secrets for files of this folder'

/** `NAME:PATH[:ro]` */
function readShort(scope: Scope, item: FileNode, named: NamedVolumes): readonly PlacedVolume[] {
  const { report } = scope
  const text = readWord(scope, item, 'a volume')
  if (text === undefined) return []
  const [source = '', path, mode = 'rw', ...more] = text.split(':')
  if (path === undefined && source.startsWith('/')) {
    report.problem(item.at, `the volume ${quote(text)} needs a type and space: {type: local, path: ${source}, space: 1G}`)
    return []
  }
  if (/^[./~]/.test(source)) {
    report.problem(item.at, `bind is not supported: ${quote(text)}: ${bindHint}`)
    return []
  }
  if (path === undefined || more.length > 0 || !['ro', 'rw'].includes(mode)) {
    report.problem(item.at, `a volume is NAME:PATH, NAME:PATH:ro, or a map, not ${quote(text)}`)
    return []
  }
  if (!named.has(source)) {
    report.problem(item.at, `the volume ${quote(source)} is not declared at the top: volumes: {${source}: {type: local, space: 1G}}`)
    return []
  }
  const kind = named.get(source)
  checkPath(scope, item.at, path)
  return kind === undefined ? [] : [{ at: item.at, name: source, isNamed: true, path, isReadOnly: mode === 'ro', kind }]
}

function readLong(scope: Scope, item: FileNode, container: string, named: NamedVolumes): readonly PlacedVolume[] {
  const { report } = scope
  const fields = readFields(scope, item, 'volume', 'a volume')
  if (fields === undefined) return []
  const type = fields.get('type')?.value
  // Of a bind, the source is no name, and the rest is about something else.
  if (type?.kind === 'scalar' && type.text !== 'volume' && Object.hasOwn(otherTypes, type.text)) {
    report.problem(type.at, `${type.text} is not supported: ${otherTypes[type.text]}`)
    return []
  }
  const name = oneText(scope, fields, 'name')
  const path = oneText(scope, fields, 'path')
  const readOnly = fields.get('read_only')
  const isReadOnly = readOnly !== undefined && readFlag(scope, readOnly.value, 'read_only') === true
  if (!fields.says('path')) report.problem(item.at, 'a volume needs a path')
  if (path !== undefined) checkPath(scope, item.at, path)
  if (name !== undefined && !checkLabel(scope, item.at, name, 'name')) return []
  const isOfTop = name !== undefined && named.has(name)
  const declared = name === undefined ? undefined : named.get(name)
  const kind = isOfTop ? declared && readDeclared(scope, fields, name, declared) : readKind(scope, fields, item.at, 'a volume')
  if (kind === undefined || path === undefined) return []
  return [{ at: item.at, name: name ?? slug(`${container}-${path}`), isNamed: name !== undefined, path, isReadOnly, kind }]
}

function oneText(scope: Scope, fields: Fields<'volume'>, key: 'name' | 'path'): string | undefined {
  return agreed(scope, fields.all(key).flatMap(({ key: name, value, at }) => {
    const text = readWord(scope, value, name)
    return text === undefined ? [] : [{ value: text, at, name, written: quote(text) }]
  }))
}

// Kubernetes takes no colon in a path, and no way back.
function checkPath({ report }: Scope, at: number, path: string): void {
  if (!/^\/[^:]*$/.test(path) || path.split('/').includes('..')) report.problem(at, `the path of a volume must be absolute, and without .. and :, not ${quote(path)}`)
  else if (/^\/+$/.test(path)) report.problem(at, 'a volume cannot be at /: it would be in the place of the image')
}

/** What a container says of a volume that the top declares, which need not be anything. */
function readDeclared(scope: Scope, fields: Fields<'volume'>, name: string, declared: VolumeKind): VolumeKind {
  const type = fields.get('type')
  const word = type === undefined ? undefined : readType(scope, type, true)
  const space = fields.get('space')
  const amount = space === undefined ? undefined : readAmount(scope, space.value, 'space')
  const say = (entry: FileEntry, what: string): void => scope.report.problem(entry.at, `${what}, but the top says otherwise of ${name}; leave it out here`)
  if (type !== undefined && word !== undefined && word !== 'volume' && word !== declared.type) say(type, `type says ${word}`)
  if (space !== undefined && amount !== undefined && amount.bytes !== declared.space.bytes) say(space, `space says ${amount.written}`)
  for (const key of ['enforce', 'storage_class', 'one_node'] as const) {
    const entry = fields.get(key)
    if (entry !== undefined) scope.report.problem(entry.at, `${key} of ${name} stands at the top; leave it out here`)
  }
  return declared
}

function readKind(scope: Scope, fields: SaidKind, at: number, what: string): VolumeKind | undefined {
  const { report } = scope
  const [typeEntry, spaceEntry] = [fields.get('type'), fields.get('space')]
  const type = typeEntry === undefined ? undefined : readType(scope, typeEntry, false)
  if (!fields.says('type')) report.problem(at, `${what} needs a type: shared is one for all instances; local is of one instance, and gone with it`)
  const space = spaceEntry === undefined ? undefined : readAmount(scope, spaceEntry.value, 'space')
  if (!fields.says('space') && (type !== undefined || !fields.says('type'))) report.problem(at, `${what} needs space, such as 1G`)
  const [enforce, storageClass, oneNode] = [fields.get('enforce'), fields.get('storage_class'), fields.get('one_node')]
  if (type === 'shared' && enforce !== undefined) report.problem(enforce.at, 'enforce is of local volumes: a shared one has its space for itself')
  for (const entry of [storageClass, oneNode]) {
    if (type === 'local' && entry !== undefined) report.problem(entry.at, `${entry.key} is of shared volumes`)
  }
  const kind = {
    isEnforced: enforce !== undefined && readFlag(scope, enforce.value, 'enforce') === true,
    storageClass: storageClass === undefined ? undefined : readMatch(scope, storageClass.value, 'storage_class', subdomain, 'the name of a StorageClass'),
    oneNode: oneNode !== undefined && readFlag(scope, oneNode.value, 'one_node') === true,
  }
  return type === undefined || space === undefined ? undefined : { type, space, ...kind }
}

const otherTypes: Readonly<Record<string, string>> = {
  bind: bindHint,
  volume: 'write type: shared or type: local here, or declare the volume at the top',
  tmpfs: 'write type: local, with space',
  npipe: 'it is for Windows; take it out',
  cluster: 'write type: shared',
  image: 'put the files into the image of the container',
}

function readType(scope: Scope, { value }: FileEntry, isDeclared: false): VolumeKind['type'] | undefined
function readType(scope: Scope, { value }: FileEntry, isDeclared: boolean): VolumeKind['type'] | 'volume' | undefined
function readType(scope: Scope, { value }: FileEntry, isDeclared: boolean): VolumeKind['type'] | 'volume' | undefined {
  const text = readWord(scope, value, 'type')
  if (text === undefined || text === 'shared' || text === 'local' || (text === 'volume' && isDeclared)) return text
  const hint = Object.hasOwn(otherTypes, text) ? otherTypes[text] : undefined
  scope.report.problem(value.at, hint === undefined ? `type must be shared or local, not ${quote(text)}` : `${text} is not supported: ${hint}`)
  return undefined
}

/** Reports volumes of one name that are not the same, and names that were made and are taken. */
export function checkVolumes({ report }: Scope, volumes: readonly PlacedVolume[]): void {
  const byName = new Map<string, PlacedVolume>()
  for (const volume of volumes) {
    const other = byName.get(volume.name)
    byName.set(volume.name, other ?? volume)
    if (other === undefined) continue
    if (!volume.isNamed || !other.isNamed) report.problem(volume.at, `two volumes would be called ${volume.name}; give this one a name`)
    else if (!isSameKind(volume.kind, other.kind)) report.problem(volume.at, `the volume ${volume.name} is another one elsewhere in this job: type, space, enforce, storage_class and one_node must agree; declare it at the top, once`)
  }
}

function isSameKind(left: VolumeKind, right: VolumeKind): boolean {
  return left.type === right.type && left.space.bytes === right.space.bytes && left.isEnforced === right.isEnforced && left.storageClass === right.storageClass && left.oneNode === right.oneNode
}

/** A volume in the form of a job. */
export function volumeOf({ name, path, isReadOnly, kind }: PlacedVolume): JobVolume {
  const { type, space, isEnforced, storageClass, oneNode } = kind
  if (type === 'local') return { type, name, path, space, isReadOnly, isEnforced }
  return { type, name, path, space, isReadOnly, ...(storageClass === undefined ? {} : { storageClass }), oneNode }
}
