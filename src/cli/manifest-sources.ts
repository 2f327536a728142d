import { createReadStream, fstatSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Flag, type FlagValues, UsageError } from './command.ts'

/** Something that manifests are read from. */
export interface ManifestSource {
  /** As messages name it. */
  readonly name: string
  /** Undefined: standard input. */
  readonly file: string | undefined
  open(): AsyncIterable<Uint8Array>
}

/** What stands in the place of a source that is not to be had. */
export interface MissingSource {
  readonly name: string
  readonly missing: string
}

/** The flags that say where manifests are read from. */
export const sourceFlags: Readonly<Record<string, Flag>> = {
  filename: {
    type: 'string',
    short: 'f',
    value: 'FILE|DIR|-',
    multiple: true,
    help: 'manifests, YAML or JSON: a file, a folder with .yaml, .yml and .json files, or - for standard input',
  },
  recursive: { type: 'boolean', short: 'R', help: 'look into the folders of a folder, too' },
}

const manifestName = /\.(?:ya?ml|json)$/i

/**
 * The sources that the flags name, in their order; of a folder, in the order of names.
 *
 * @throws {UsageError}
 */
export async function findSources(values: FlagValues): Promise<readonly (ManifestSource | MissingSource)[]> {
  const names = values.texts('filename')
  if (names.length === 0) throw new UsageError('nothing to read: -f FILE, -f DIR, or -f - for standard input')
  if (names.filter((name) => name === '-').length > 1) throw new UsageError('-f - can be given only once')
  if (names.includes('')) throw new UsageError('-f: "" is not a file')
  const sources: (ManifestSource | MissingSource)[] = []
  for (const name of names) sources.push(...(name === '-' ? [standardInput] : await sourcesAt(name, values.isOn('recursive'))))
  return sources
}

const standardInput: ManifestSource = { name: 'standard input', file: undefined, open: readStandardInput }

async function* readStandardInput(): AsyncIterable<Uint8Array> {
  // To Node, a folder has nothing to read, which is no error.
  if (fstatSync(0).isDirectory()) throw new Error('it is a folder')
  yield* process.stdin
}

async function sourcesAt(path: string, recursive: boolean): Promise<readonly (ManifestSource | MissingSource)[]> {
  try {
    const stats = await stat(path)
    if (!stats.isDirectory()) return [sourceOf(path)]
    const entries = await readdir(path, { recursive, withFileTypes: true })
    const files = entries
      .filter((entry) => !entry.isDirectory() && manifestName.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
    if (files.length > 0) return files.map(sourceOf)
    const deeper = recursive ? '' : '; -R looks into its folders, too'
    return [{ name: path, missing: `the folder holds no .yaml, .yml or .json file${deeper}` }]
  } catch (error) {
    const hint = path.startsWith('=') ? '; -f takes its file without =' : ''
    return [{ name: path, missing: `it cannot be read: ${whyNot(error)}${hint}` }]
  }
}

function sourceOf(file: string): ManifestSource {
  return { name: file, file, open: () => createReadStream(file, { highWaterMark: 1_048_576 }) }
}

/** Why a file cannot be read or written, in words. */
export function whyNot(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file or folder'
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : String(error)
}
