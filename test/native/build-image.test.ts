import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { seen, simpleWebapp } from '../support/job-values.ts'
import { listAt, shown } from '../support/pod-reader.ts'
import { missingCommand } from './support/commands.ts'
import { missingToolchain, outputFolder, release, succeed } from './support/programs.ts'
import { run } from './support/run.ts'

const dockerfile = fileURLToPath(new URL('../../deploy/images/usher-wait.Dockerfile', import.meta.url))
const notRoot = process.getuid?.() === 0 ? false : 'buildah is run as root here'
const skip = missingCommand('buildah', 'tar') || notRoot || (missingToolchain() ?? false)
const here = process.arch === 'x64' ? 'amd64' : process.arch
const notHere = ['amd64', 'arm64'].includes(here) ? false : 'this architecture has neither nap nor usher-probe'
const sizeLimit = 80 * 1_024

const images = [
  { architecture: 'amd64', programs: ['nap', 'usher-probe', 'usher-wait'] },
  { architecture: 'arm64', programs: ['nap', 'usher-probe', 'usher-wait'] },
  { architecture: 'riscv64', programs: ['usher-wait'] },
  { architecture: 's390x', programs: ['usher-wait'] },
  { architecture: 'ppc64le', programs: ['usher-wait'] },
] as const

for (const { architecture, programs } of images) {
  t.test(`the image for ${architecture} holds ${programs.join(', ')}, and is small`, { skip }, async (t) => {
    const { configuration, layers } = buildImage(t, architecture).contents()
    t.match(configuration, { architecture, config: { User: '65532:65532', Entrypoint: ['/usher-wait'], Cmd: undefined } })
    t.strictSame(layers.flatMap(({ files }) => files), programs.map((name) => `-rwxr-xr-x 0/0 ${name}`))
    const size = layers.reduce((sum, layer) => sum + layer.size, 0)
    t.ok(size < sizeLimit, `${size} bytes`)
  })
}

t.test('its programs run in it, as its user', { skip: skip || notHere }, async (t) => {
  const { container, buildah } = buildImage(t, here)
  const name = container()
  for (const [code, ...command] of [[0, '/nap', '0'], [0, '/usher-wait', '--version'], [2, '/usher-probe']] as const) {
    t.match(await run(t, [...buildah, 'run', '--isolation', 'chroot', name, ...command]), { code }, command.join(' '))
  }
})

t.test('it brings usher-probe as the pods of jobs ask for it', { skip: skip || notHere }, async (t) => {
  const init = listAt(seen(simpleWebapp).pod, 'initContainers').find(({ name }) => name === 'usher-probe')
  const [mount] = listAt(init, 'volumeMounts')
  const args = init?.['args'] as readonly string[]
  const { container, buildah } = buildImage(t, here)
  const volume = t.testdir({})
  chmodSync(volume, 0o777)
  const command = ['--isolation', 'chroot', '--user', '65532', '--volume', `${volume}:${shown(mount?.['mountPath'])}`, container(), '/usher-wait', ...args]
  // What it says is not looked at: buildah does not always pass on the words of what ends at once.
  const { code, stderr } = await run(t, [...buildah, 'run', ...command])
  t.equal(code, 0, stderr)
  t.match(await run(t, [join(volume, 'usher-probe'), 'http', '1', '/']), { code: 1, stdout: 'connection refused at port 1\n' })
})

t.test('it is not built without an architecture, nor for one that is not there', { skip }, async (t) => {
  for (const architecture of ['', 'sparc64']) {
    t.throws(() => buildImage(t, architecture), /no such file/, `TARGETARCH=${architecture}`)
  }
})

interface Image {
  readonly buildah: readonly [program: string, ...args: string[]]
  contents(): { readonly configuration: unknown; readonly layers: readonly Layer[] }
  /** Makes a container of it, and says its name. */
  container(): string
}

interface Layer {
  readonly size: number
  /** Each as its access, its owner and its name. */
  readonly files: readonly string[]
}

interface Manifest {
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly digest: string; readonly size: number }[]
}

/** Builds the image in a place of its own, without a registry. */
function buildImage(t: Test, architecture: string): Image {
  succeed(release([]))
  const folder = mkdtempSync(join(tmpdir(), 'usher-image-'))
  const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const buildah = ['buildah', ...storage] as const
  const call = (...args: readonly string[]): string =>
    execFileSync('buildah', [...storage, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  t.teardown(() => {
    call('rm', '--all')
    rmSync(folder, { recursive: true })
  })
  const platform = ['--arch', architecture || 'amd64', '--build-arg', `TARGETARCH=${architecture}`]
  call('bud', '--isolation', 'chroot', ...platform, '--file', dockerfile, '--tag', 'usher-wait', outputFolder)
  return {
    buildah,
    container: () => call('from', '--pull-never', 'usher-wait'),
    contents() {
      const target = join(folder, 'exported')
      call('push', '--disable-compression', 'usher-wait', `dir:${target}`)
      const file = (digest: string): string => join(target, digest.replace(/^sha256:/, ''))
      const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
      const manifest = read(join(target, 'manifest.json')) as Manifest
      const layers = manifest.layers.map(({ digest, size }) => ({ size, files: listTar(file(digest)) }))
      return { configuration: read(file(manifest.config.digest)), layers }
    },
  }
}

function listTar(path: string): readonly string[] {
  const lines = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', path], { encoding: 'utf8' })
  // Access, owner, size, date, time, name.
  return lines.trimEnd().split('\n').map((line) => {
    const [access, owner, , , , name] = line.split(/ +/)
    return `${access} ${owner} ${name}`
  })
}
