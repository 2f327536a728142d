import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { readArchive } from '../../deploy/images/buildah.ts'
import { type BuiltImage, buildImages, publicBase, sizeTable } from '../../deploy/images/build.ts'
import { bundleAll } from '../../deploy/images/bundle.ts'
import { packagesIn } from '../../deploy/images/sbom.ts'
import { hostArchitecture, standInName } from '../../deploy/images/stand-in.ts'
import { run as runHere } from '../../deploy/run.ts'
import manifest from '../../package.json' with { type: 'json' }
import { wireVersion } from '../../src/units/wire.ts'
import { missingCommand } from '../native/support/commands.ts'
import { missingToolchain } from '../native/support/programs.ts'
import { run, start } from '../native/support/run.ts'
import { freePort } from '../tools/free-port.ts'
import { until } from '../support/until.ts'

const script = fileURLToPath(new URL('../../deploy/images/build.ts', import.meta.url))
const notAmd64 = hostArchitecture === 'amd64' ? false : 'the stand-in is tried on amd64 alone'
const skip = missingCommand('buildah', 'tar', 'ldd', 'cc') || notAmd64
const notRoot = process.getuid?.() === 0 ? false : 'only root may change the root'
const ownLimit = 15e6
const user = '65532:65532'

t.test('the images without a registry', { skip }, async (t) => {
  const output = mkdtempSync(join(tmpdir(), 'usher-archives-'))
  t.teardown(() => rmSync(output, { recursive: true }))
  const native = missingToolchain() === undefined ? 'release' : 'host'
  const said: string[] = []
  const images = await buildImages({ base: standInName, architectures: ['amd64'], output, native }, (line) => said.push(line))

  await t.test('are one archive each, with its SBOM beside it', async (t) => {
    const names = ['usher', 'usher-wait'].map((name) => `${name}-${manifest.version}-amd64`)
    t.strictSame(readdirSync(output).toSorted(), names.flatMap((name) => [`${name}.tar`, `${name}.cdx.json`]).toSorted())
    for (const name of names) t.match(sizeTable(images), `${name}.tar`)
  })

  const [usherRoot, waitRoot] = images.map(({ file }) => unpack(t, file)) as [string, string]

  await t.test('hold what they need and nothing more: no shell, no package manager', async (t) => {
    t.strictSame(filesIn(waitRoot), ['nap', 'usher-probe', 'usher-wait'])
    const others = filesIn(usherRoot).filter((path) => !/^(?:usher\/[\w-]+\.mjs|usr\/local\/bin\/node|(?:usr\/)?lib(?:64)?\/.*\.so(?:\.\d+)*)$/.test(path))
    t.strictSame(others, [])
  })

  await t.test('an SBOM names every package of the bundles, Node, and the native programs with their hashes', async (t) => {
    const [usher, wait] = images.map(({ sbom }) => JSON.parse(readFileSync(sbom, 'utf8'))) as [Sbom, Sbom]
    const packages = packagesIn(await bundleAll(mkdtempSync(join(output, 'again-'))))
    for (const name of Object.keys(manifest.dependencies)) t.ok(packages.some((each) => each.startsWith(`${name}@`)), name)
    t.strictSame(refsOf(usher), [...packages, `node@${process.version.slice(1)}`].toSorted())
    t.match(usher, { bomFormat: 'CycloneDX', metadata: { component: { type: 'container', name: 'usher', version: manifest.version } } })
    t.match(usher.components.find(({ name }) => name === 'fastify'), { purl: /^pkg:npm\/fastify@5\./, licenses: [{ license: { id: 'MIT' } }] })

    const [zig, ...others] = refsOf(wait).filter((ref) => !ref.endsWith(`@${manifest.version}`))
    t.strictSame(others, [])
    if (native === 'release') t.match(zig, /^musl@ziglang-[\d.]+$/)
    for (const name of ['nap', 'usher-probe', 'usher-wait']) {
      const content = createHash('sha256').update(readFileSync(join(waitRoot, name))).digest('hex')
      t.match(wait.components.find((each) => each.name === name), { version: manifest.version, hashes: [{ alg: 'SHA-256', content }] }, name)
    }
    for (const { dependencies, components, metadata } of [usher, wait]) {
      const refs = new Set([metadata.component['bom-ref'], ...components.map((each) => each['bom-ref'])])
      t.strictSame(dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref)), [], 'what depends on what leads nowhere else')
    }
  })

  await t.test('run as a user that the kubelet can tell from root, and say what they are', async (t) => {
    for (const { name, file } of images) {
      t.match(readArchive(file).configuration, {
        architecture: 'amd64',
        config: {
          User: user,
          Entrypoint: name === 'usher' ? ['node', '/usher/usher.mjs'] : ['/usher-wait'],
          Labels: {
            'org.opencontainers.image.title': name,
            'org.opencontainers.image.version': manifest.version,
            'org.opencontainers.image.licenses': 'Apache-2.0',
            'org.opencontainers.image.revision': /^[0-9a-f]{40}$/,
            'dev.usher.wire-version': String(wireVersion),
          },
        },
      }, name)
    }
  })

  await t.test('are one layer on top of the base, which is small', async (t) => {
    const [usher, wait] = images as readonly [BuiltImage, BuiltImage]
    t.equal(readArchive(usher.file).layers.length, 2)
    t.equal(readArchive(wait.file).layers.length, 1)
    t.ok(usher.ownBytes > 1e6 && usher.ownBytes < ownLimit, `${usher.ownBytes} bytes`)
    t.ok(wait.ownBytes < 80 * 1_024, `${wait.ownBytes} bytes`)
  })

  await t.test('run what they are for, where that user can write nothing', { skip: notRoot || missingCommand('chroot') }, async (t) => {
    const root = join(output, 'root')
    mkdirSync(root)
    for (const { file } of images) {
      for (const layer of readArchive(file).files) {
        runHere('tar', ['--extract', '--file', file, '--directory', output, layer])
        runHere('tar', ['--extract', '--file', join(output, layer), '--directory', root])
      }
    }
    // tap has every Node load what is not in there.
    const inside = ['env', '--unset=NODE_OPTIONS', 'chroot', `--userspec=${user}`, root] as const
    const usher = [...inside, '/usr/local/bin/node', '/usher/usher.mjs'] as const
    t.match(await run(t, [...usher, '--version']), { code: 0, stdout: `usher ${manifest.version}\n`, stderr: '' })
    if (native === 'release') {
      t.match(await run(t, [...inside, '/usher-wait', '--version']), { code: 0 })
      t.match(await run(t, [...inside, '/nap', '0']), { code: 0 })
      t.match(await run(t, [...inside, '/usher-probe']), { code: 2, stdout: /^usage: usher-probe/ })
    }
    const port = await freePort()
    const flags = ['--single-threaded', '--optimize-for-size', '--max-semi-space-size=1', '/usher/lock.mjs', `--port=${port}`, '--host=127.0.0.1', '--state-dir=']
    const lock = start(t, [...inside, '/usr/local/bin/node', ...flags])
    const health = await until('the lock answers', () => fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))
    t.equal(health.status, 200)
    lock.kill('SIGTERM')
    t.match(await lock.finish(), { code: 0 })
  })
})

t.test('what cannot be built is refused in a sentence', async (t) => {
  for (const [args, sentence] of [
    [['--arch', 'sparc'], '--arch: "sparc" is not one of amd64, arm64\n'],
    [['--arch', 'amd64,arm64', '--base', standInName], 'not for '],
    [['--arch', 'amd64,arm64', '--native', 'host'], 'not for '],
    [['--native', 'best'], '--native: "best" is not release or host\n'],
  ] as const) {
    t.match(await run(t, [process.execPath, script, ...args]), { code: 1, stdout: '', stderr: sentence }, args.join(' '))
  }
  t.match(await run(t, [process.execPath, script, '--no-such-flag']), { code: 2, stderr: '--no-such-flag' })
})

t.test('the base of the Dockerfile is the one that the script uses', async (t) => {
  const dockerfile = readFileSync(new URL('../../deploy/images/usher.Dockerfile', import.meta.url), 'utf8')
  t.match(dockerfile, `ARG BASE=${publicBase}\n`)
})

t.test('a machine without buildah is told what to do', async (t) => {
  const path = process.env['PATH']
  t.teardown(() => (process.env['PATH'] = path))
  process.env['PATH'] = t.testdir({})
  const options = { base: standInName, architectures: ['amd64'], output: t.testdirName, native: 'host' } as const
  await t.rejects(buildImages(options, () => {}), { message: /^buildah is not installed; install the package buildah/ })
})

/** As much of a CycloneDX document as is looked at. */
interface Sbom {
  readonly metadata: { readonly component: { readonly 'bom-ref': string } }
  readonly components: readonly { readonly 'bom-ref': string; readonly name: string }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

function refsOf({ components }: Sbom): readonly string[] {
  return components.map((each) => each['bom-ref']).toSorted()
}

/** The root of an image, with all of its layers. */
function unpack(t: Test, archive: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-root-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const layer of readArchive(archive).files) {
    runHere('tar', ['--extract', '--file', archive, '--directory', folder, layer])
    mkdirSync(join(folder, 'root'), { recursive: true })
    runHere('tar', ['--extract', '--file', join(folder, layer), '--directory', join(folder, 'root')])
  }
  return join(folder, 'root')
}

/** Of everything in a folder that is no folder itself, the path. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => !each.isDirectory())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .toSorted()
}
