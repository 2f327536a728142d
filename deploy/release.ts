/** Makes a release, and says how it is published: `npm run release -- --help`. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import lockFile from '../package-lock.json' with { type: 'json' }
import manifest from '../package.json' with { type: 'json' }
import { defaultConfig } from '../src/config/defaults.ts'
import { isObject, type JsonObject } from '../src/units/json.ts'
import { wireVersion } from '../src/units/wire.ts'
import { audit, faultsOfAudit } from './audit.ts'
import { type BuiltImage, buildImages, publicBase, sizeTable } from './images/build.ts'
import { chartFolder, manifestFile, pinnedHelm, renderManifest } from './render.ts'
import { run, runScript, ScriptError } from './run.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const { version } = manifest

const help = `Checks the tree, builds the images and the chart, and prints how they are published. Publishes nothing.

Usage: npm run release -- [FLAGS]

  --base IMAGE      the images' base, with Node 26 (default ${publicBase})
  --arch LIST       default amd64,arm64
  --output FOLDER   default dist/release
  --dry-run         checks and packages the chart; says what it leaves out, and what a release would stop at
  --without-audit   goes on where the registry does not answer npm audit
`

/** Everywhere a version stands, by where; all are to be that of package.json. */
export function versions(): Readonly<Record<string, string>> {
  const chart = readYaml('deploy/chart/Chart.yaml')
  const plugin = readYaml('deploy/helm-plugin/plugin.yaml')
  const values = readYaml('deploy/chart/values.yaml')
  return {
    'package-lock.json': lockFile.version,
    'deploy/chart/Chart.yaml: version': text(chart['version']),
    'deploy/chart/Chart.yaml: appVersion': text(chart['appVersion']),
    'deploy/chart/values.yaml: image.tag': tagOf(values['image']),
    'deploy/chart/values.yaml: waitImage.tag': tagOf(values['waitImage']),
    'deploy/helm-plugin/plugin.yaml: version': text(plugin['version']),
    'src/config/defaults.ts: lock.image': defaultConfig.lock.image.split(':').at(-1) ?? '',
  }
}

/** What keeps this tree from being released, each in a sentence. */
export function faults(): readonly string[] {
  const found = Object.entries(versions())
    .filter(([, each]) => each !== version)
    .map(([where, each]) => `${where} is ${each || 'missing'}, and package.json has ${version}`)
  const { annotations } = readYaml('deploy/chart/Chart.yaml')
  const wire = isObject(annotations) ? text(annotations['usher.dev/wire-version']) : ''
  if (wire !== String(wireVersion)) found.push(`deploy/chart/Chart.yaml: usher.dev/wire-version is ${wire || 'missing'}, and src/units/wire.ts has ${wireVersion}`)
  if (readFileSync(manifestFile, 'utf8') !== renderManifest()) found.push('deploy/usher.yaml is stale; npm run chart writes it')
  return found
}

/** What git says against a release. */
function faultsOfTree(): readonly string[] {
  const found: string[] = []
  const changed = run('git', ['-C', root, 'status', '--porcelain']).split('\n').filter((line) => line !== '').length
  if (changed > 0) found.push(`the tree is not clean: ${changed} files are changed or unknown to git`)
  const tagged = run('git', ['-C', root, 'tag', '--list', `v${version}`]).trim()
  if (tagged !== '' && run('git', ['-C', root, 'rev-list', '-n1', tagged]) !== run('git', ['-C', root, 'rev-list', '-n1', 'HEAD'])) {
    found.push(`${tagged} is another commit already`)
  }
  return found
}

function packageChart(output: string): string {
  run(pinnedHelm(), ['package', chartFolder, '--destination', output])
  return join(output, `usher-${version}.tgz`)
}

function writeChecksums(output: string, files: readonly string[]): string {
  const file = join(output, 'SHA256SUMS')
  const lines = files.map((each) => `${createHash('sha256').update(readFileSync(each)).digest('hex')}  ${basename(each)}\n`)
  writeFileSync(file, lines.join(''))
  return file
}

/** The lines that publish a release; REGISTRY is whoever's. */
export function publishing(images: readonly Pick<BuiltImage, 'name' | 'file'>[], chart: string): string {
  const names = [...new Set(images.map(({ name }) => name))]
  const lines = names.flatMap((name) => [
    `buildah manifest create ${name}:${version}`,
    ...images.filter((image) => image.name === name).map(({ file }) => `buildah manifest add ${name}:${version} docker-archive:${file}`),
    `buildah manifest push --all ${name}:${version} docker://$REGISTRY/${name}:${version}`,
  ])
  return [`git tag v${version} && git push origin v${version}`, ...lines, `helm push ${chart} oci://$REGISTRY/charts`].join('\n')
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      base: { type: 'string', default: publicBase },
      arch: { type: 'string', default: 'amd64,arm64' },
      output: { type: 'string', default: join(root, 'dist/release') },
      'dry-run': { type: 'boolean', default: false },
      'without-audit': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const { output, base, 'dry-run': dry } = values
  const found = faults()
  const audited = await audit()
  const ofNow = [...faultsOfTree(), ...faultsOfAudit(audited, values['without-audit'])]
  if (dry) for (const fault of ofNow) say(`a release would stop here: ${fault}`)
  const stops = dry ? found : [...found, ...ofNow]
  if (stops.length > 0) throw new ScriptError(stops.join('\n'))
  say(`usher ${version}, wire format ${wireVersion}: all versions agree`)
  if (audited.kind === 'answered' && audited.high.length === 0) say('npm audit knows no high vulnerability of what is part of it')

  mkdirSync(output, { recursive: true })
  const architectures = values.arch.split(',')
  const images = dry ? [] : await buildImages({ base, architectures, output, native: 'release' }, say)
  if (dry) say(`left out: the native programs, the bundles and the images for ${architectures.join(' and ')}`)
  else process.stdout.write(`${sizeTable(images)}\n\n`)
  const chart = packageChart(output)
  const manifestCopy = join(output, `usher-${version}.yaml`)
  writeFileSync(manifestCopy, readFileSync(manifestFile))
  const sums = writeChecksums(output, [...images.flatMap(({ file, sbom }) => [file, sbom]), chart, manifestCopy])
  say(`wrote ${sums}`)
  const planned = ['usher', 'usher-wait'].flatMap((name) =>
    architectures.map((each) => ({ name, file: join(output, `${name}-${version}-${each}.tar`) })),
  )
  process.stdout.write(`${publishing(dry ? planned : images, chart)}\n`)
}

function readYaml(path: string): JsonObject {
  const content: unknown = parse(readFileSync(join(root, path), 'utf8'))
  if (!isObject(content)) throw new ScriptError(`${path} is no map`)
  return content
}

/** An empty tag is the chart's own version. */
function tagOf(image: unknown): string {
  return (isObject(image) ? text(image['tag']) : '') || version
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

if (import.meta.main) await runScript(main)
