/** Builds the images into docker-archives: `npm run images -- --help`. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { wireVersion } from '../../src/units/wire.ts'
import { run, runScript, ScriptError } from '../run.ts'
import { Buildah, readArchive } from './buildah.ts'
import { bundleAll } from './bundle.ts'
import { npmSbom, type OtherPart, packagesIn, programPart, sbomOf } from './sbom.ts'
import { hostArchitecture, standInName, writeStandIn } from './stand-in.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** How the images are built. */
export interface ImageOptions {
  /** The image with Node; `scratch-node`: made of this machine's. */
  readonly base: string
  readonly architectures: readonly string[]
  /** Where the archives go. */
  readonly output: string
  /** `release`: the pinned toolchain for all architectures; `host`: this machine's compiler, for its own. */
  readonly native: 'release' | 'host'
}

/** One archive. */
export interface BuiltImage {
  readonly name: string
  readonly architecture: string
  readonly file: string
  /** The file with what is in it: CycloneDX, as JSON. */
  readonly sbom: string
  /** Bytes of what stands on top of the base, uncompressed. */
  readonly ownBytes: number
  readonly wholeBytes: number
}

/** The base that the Dockerfile has, too: the smallest official one with glibc, for amd64 and arm64. */
export const publicBase = 'docker.io/library/node:26-slim'
const architectures = ['amd64', 'arm64']

const help = `Builds usher and usher-wait, as IMAGE-VERSION-ARCHITECTURE.tar, with buildah and without a registry; what is in each
stands beside it, as IMAGE-VERSION-ARCHITECTURE.cdx.json (CycloneDX).

Usage: npm run images -- [FLAGS]

  --base IMAGE        with Node 26 or newer (default ${publicBase}); ${standInName}: made of this machine's Node,
                      for this machine's architecture, where none can be pulled
  --arch LIST         ${architectures.join(', ')}; separated by commas (default: ${hostArchitecture})
  --output FOLDER     default dist/images
  --native KIND       release: the pinned toolchain (default); host: this machine's compiler, quick, and not static
`

/** Reads the flags; undefined where only the help is wanted. */
function readOptions(args: readonly string[]): ImageOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      base: { type: 'string', default: publicBase },
      arch: { type: 'string', default: hostArchitecture },
      output: { type: 'string', default: join(root, 'dist/images') },
      native: { type: 'string', default: 'release' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return undefined
  const wanted = values.arch.split(',')
  for (const each of wanted) {
    if (!architectures.includes(each)) throw new ScriptError(`--arch: ${JSON.stringify(each)} is not one of ${architectures.join(', ')}`)
  }
  const { native } = values
  if (native !== 'release' && native !== 'host') throw new ScriptError(`--native: ${JSON.stringify(native)} is not release or host`)
  const others = wanted.filter((each) => each !== hostArchitecture)
  if (others.length > 0 && values.base === standInName) throw new ScriptError(`--base ${standInName} is made of this machine's Node: not for ${others.join(', ')}`)
  if (others.length > 0 && native === 'host') throw new ScriptError(`--native host is made by this machine's compiler: not for ${others.join(', ')}`)
  return { base: values.base, architectures: wanted, output: values.output, native }
}

/** Builds both images for every architecture. */
export async function buildImages(options: ImageOptions, say: (line: string) => void): Promise<readonly BuiltImage[]> {
  const work = mkdtempSync(join(tmpdir(), 'usher-image-'))
  let buildah: Buildah | undefined
  try {
    buildah = new Buildah()
    mkdirSync(options.output, { recursive: true })
    say('bundling')
    const bundles = join(work, 'bundle')
    const packages = packagesIn(await bundleAll(bundles))
    say(`building the native programs (${options.native})`)
    const programs = join(work, 'native')
    buildNative(options, programs)
    const base = options.base === standInName ? buildStandIn(buildah, work, say) : options.base
    const built: BuiltImage[] = []
    if (base === options.base) say(`on ${base}; where it cannot be pulled: --base ${standInName}`)
    for (const architecture of options.architectures) {
      const parts = { buildah, architecture, output: options.output, say }
      built.push(buildImage({ ...parts, name: 'usher', context: bundles, base, packages, others: [basePart(options.base)] }))
      built.push(buildImage({ ...parts, name: 'usher-wait', context: programs, packages: [], others: nativeParts(options, join(programs, architecture)) }))
    }
    return built
  } finally {
    buildah?.close()
    rmSync(work, { recursive: true, force: true })
  }
}

function buildNative({ native, architectures: wanted }: ImageOptions, folder: string): void {
  const source = join(root, 'src/native')
  for (const architecture of wanted) {
    const target = join(folder, architecture)
    mkdirSync(target, { recursive: true })
    const programs = ['nap', 'usher-probe', 'usher-wait']
    if (native === 'host') run('make', ['-s', '-C', source])
    // make takes no spaces in names, which the folder of a checkout may have: it gets a relative one.
    else run('sh', [join(source, 'release.sh'), ...programs.map((name) => `../../dist/native/${architecture}/${name}`)])
    const built = join(root, 'dist/native', native === 'host' ? 'host' : architecture)
    run('cp', [...programs.map((name) => join(built, name)), target])
  }
}

/** What is below the bundles: Node itself, where it is this machine's, or an image of others, with whatever that has in it. */
function basePart(base: string): OtherPart {
  if (base === standInName) return { type: 'platform', name: 'node', version: process.version.slice(1), license: 'MIT' }
  const [, name = base, version = 'latest'] = /^(.+?)(?:[:@]([^/]+))?$/.exec(base) ?? []
  return { type: 'container', name, version }
}

function nativeParts({ native }: ImageOptions, folder: string): readonly OtherPart[] {
  const programs = ['usher-wait', 'usher-probe', 'nap'].filter((name) => existsSync(join(folder, name))).map((name) => programPart(name, join(folder, name)))
  if (native === 'host') return programs
  const zig = /^ziglang==([\d.]+)/m.exec(readFileSync(join(root, 'src/native/zig.txt'), 'utf8'))?.[1]
  if (zig === undefined) throw new ScriptError('src/native/zig.txt names no version of ziglang')
  return [...programs, { type: 'library', name: 'musl', version: `ziglang-${zig}`, license: 'MIT' }]
}

function buildStandIn(buildah: Buildah, work: string, say: (line: string) => void): string {
  say(`building ${standInName}`)
  const context = join(work, standInName)
  const tag = `localhost/${standInName}:${process.version.slice(1)}`
  const dockerfile = writeStandIn(context)
  buildah.build({ dockerfile, context, tag, architecture: hostArchitecture, buildArguments: {}, labels: {}, timestamp: 0 })
  return tag
}

interface ImageParts {
  readonly buildah: Buildah
  readonly name: string
  readonly architecture: string
  readonly context: string
  /** Undefined: from nothing. */
  readonly base?: string
  /** What is in it, for its SBOM. */
  readonly packages: readonly string[]
  readonly others: readonly OtherPart[]
  readonly output: string
  readonly say: (line: string) => void
}

function buildImage({ buildah, name, architecture, context, base, packages, others, output, say }: ImageParts): BuiltImage {
  say(`building ${name} for ${architecture}`)
  const tag = `${name}:${manifest.version}`
  buildah.build({
    dockerfile: join(root, `deploy/images/${name}.Dockerfile`),
    context,
    tag,
    architecture,
    buildArguments: base === undefined ? {} : { BASE: base },
    labels: labelsOf(name, base),
    timestamp: commitTime(),
  })
  const place = join(output, `${name}-${manifest.version}-${architecture}`)
  const [file, sbom] = [`${place}.tar`, `${place}.cdx.json`]
  buildah.save(tag, file)
  writeFileSync(sbom, `${JSON.stringify(sbomOf(npmSbom(), { name, architecture, packages, others, timestamp: commitTime() }), undefined, 2)}\n`)
  const own = readArchive(file).layers.slice(base === undefined ? 0 : buildah.layers(base))
  return { name, architecture, file, sbom, ownBytes: own.reduce((sum, size) => sum + size, 0), wholeBytes: statSync(file).size }
}

// https://github.com/opencontainers/image-spec/blob/main/annotations.md
function labelsOf(name: string, base: string | undefined): Readonly<Record<string, string>> {
  const labels = {
    title: name,
    description: name === 'usher' ? manifest.description : 'What usher runs inside pods: usher-wait, usher-probe and nap',
    version: manifest.version,
    licenses: manifest.license,
    revision: git('rev-parse', 'HEAD'),
    ...(base === undefined ? {} : { 'base.name': base }),
  }
  const standard = Object.entries(labels).map(([key, value]) => [`org.opencontainers.image.${key}`, value])
  return { ...Object.fromEntries(standard), 'dev.usher.wire-version': String(wireVersion) }
}

function commitTime(): number {
  return Number(git('log', '-1', '--format=%ct')) || 0
}

/** What git says; `unknown` where the sources came without it. */
function git(...args: readonly string[]): string {
  try {
    return run('git', ['-C', root, ...args]).trim()
  } catch (error) {
    if (error instanceof ScriptError) return 'unknown'
    throw error
  }
}

/** Rows for people: where each archive is, what it weighs. */
export function sizeTable(images: readonly BuiltImage[]): string {
  const rows = images.map(({ name, architecture, file, ownBytes, wholeBytes }) => [name, architecture, mb(ownBytes), mb(wholeBytes), file])
  const all = [['image', 'arch', 'on top of base', 'archive', 'file'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`
}

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  if (options === undefined) {
    process.stdout.write(help)
    return
  }
  const images = await buildImages(options, (line) => process.stderr.write(`${line}\n`))
  process.stdout.write(`${sizeTable(images)}\n`)
}

if (import.meta.main) await runScript(main)
