import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Metafile } from 'esbuild'
import manifest from '../../package.json' with { type: 'json' }
import { isObject, type JsonObject, objectsOf } from '../../src/units/json.ts'
import { run, ScriptError } from '../run.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A CycloneDX document, https://cyclonedx.org/docs/1.5/json/. */
export type Sbom = JsonObject

/** Something in an image that npm knows nothing of. */
export interface OtherPart {
  readonly type: 'application' | 'library' | 'platform' | 'container'
  readonly name: string
  readonly version: string
  /** Of whoever else has made it; ours is that of the package. */
  readonly license?: string
  /** Its SHA-256, in hexadecimal digits. */
  readonly sha256?: string
}

/** Of which image a document is made. */
export interface SbomSubject {
  readonly name: string
  readonly architecture: string
  /** Packages of npm in its bundles: `NAME@VERSION`. */
  readonly packages: readonly string[]
  readonly others: readonly OtherPart[]
  /** Seconds since 1970: the same sources give the same document. */
  readonly timestamp: number
}

/** The packages of which something is in a bundle, as `NAME@VERSION`, sorted. */
export function packagesIn({ outputs }: Metafile): readonly string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  const paths = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
  const folders = new Set(paths.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []))
  return [...new Set([...folders].map(nameOf))].toSorted()
}

function nameOf(folder: string): string {
  // From wherever it was bundled, and whatever link leads there.
  const file = join(root, folder.slice(folder.indexOf('node_modules')), 'package.json')
  const { name, version } = objectOf(JSON.parse(readFileSync(file, 'utf8')))
  if (typeof name !== 'string' || typeof version !== 'string') throw new ScriptError(`${file} has no name, or no version`)
  return `${name}@${version}`
}

/**
 * What npm says of all packages of the lock file: an SBOM, of which images hold a part. Not with `--omit dev`, which leaves out
 * those that others need for development as well, such as ajv.
 */
export function npmSbom(): Sbom {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only']
  return objectOf(JSON.parse(run('npm', args, { cwd: root, env: { NODE_OPTIONS: undefined }, missing: 'it comes with Node' })))
}

/**
 * The document of one image: the packages in its bundles, as npm describes them, and the parts beside them.
 *
 * @throws {ScriptError} where npm does not know a package that is in it.
 */
export function sbomOf(whole: Sbom, { name, architecture, packages, others, timestamp }: SbomSubject): Sbom {
  const components = objectsOf(whole['components']).filter((each) => packages.includes(refOf(each)))
  const known = new Set(components.map(refOf))
  const unknown = packages.filter((each) => !known.has(each))
  if (unknown.length > 0) throw new ScriptError(`the lock file does not know ${unknown.join(', ')}, which the bundles have; npm ci`)
  const own = `${name}@${manifest.version}`
  const direct = [...packages, ...others.map(refOfPart)]
  return {
    bomFormat: 'CycloneDX',
    specVersion: whole['specVersion'] ?? '1.5',
    version: 1,
    metadata: {
      timestamp: new Date(timestamp * 1_000).toISOString(),
      component: {
        'bom-ref': own,
        type: 'container',
        name,
        version: manifest.version,
        description: `the image ${name} for ${architecture}`,
        licenses: [{ license: { id: manifest.license } }],
      },
    },
    components: [...components, ...others.map(componentOf)],
    dependencies: [
      { ref: own, dependsOn: direct },
      ...objectsOf(whole['dependencies'])
        .filter(({ ref }) => typeof ref === 'string' && known.has(ref))
        .map(({ ref, dependsOn }) => ({ ref: ref ?? '', dependsOn: (Array.isArray(dependsOn) ? dependsOn : []).filter((each) => typeof each === 'string' && known.has(each)) })),
    ],
  }
}

function refOf(component: JsonObject): string {
  const ref = component['bom-ref']
  return typeof ref === 'string' ? ref : ''
}

function refOfPart({ name, version }: OtherPart): string {
  return `${name}@${version}`
}

function componentOf(part: OtherPart): JsonObject {
  const { type, name, version, license, sha256 } = part
  return {
    'bom-ref': refOfPart(part),
    type,
    name,
    version,
    ...(license === undefined ? {} : { licenses: [{ license: { id: license } }] }),
    ...(sha256 === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
  }
}

/** A program of ours, as it goes into an image. */
export function programPart(name: string, file: string): OtherPart {
  return { type: 'application', name, version: manifest.version, license: manifest.license, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') }
}

function objectOf(value: unknown): JsonObject {
  if (!isObject(value)) throw new ScriptError('npm sbom has written no object')
  return value
}
