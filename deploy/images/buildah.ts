import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isObject } from '../../src/units/json.ts'
import { run, ScriptError } from '../run.ts'

/** An image to build. */
export interface ImageSource {
  readonly dockerfile: string
  readonly context: string
  /** Its name in the storage and in archives: `usher:0.1.0`. */
  readonly tag: string
  /** As images have it: amd64, arm64. */
  readonly architecture: string
  readonly buildArguments: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Seconds since 1970, for every file: the same sources give the same bytes. */
  readonly timestamp: number
}

/** buildah with a storage of its own, which is gone when it is closed. */
export class Buildah {
  readonly #folder = mkdtempSync(join(tmpdir(), 'usher-images-'))
  readonly #storage: readonly string[]

  /** @throws {ScriptError} where buildah is missing. */
  constructor() {
    try {
      this.#storage = storageIn(this.#folder)
    } catch (error) {
      this.close()
      throw error
    }
  }

  build({ dockerfile, context, tag, architecture, buildArguments, labels, timestamp }: ImageSource): void {
    this.#run('bud', [
      // Nothing of these images is run while they are built, and a container of buildah cannot be had everywhere.
      '--isolation', 'chroot',
      '--arch', architecture,
      '--build-arg', `TARGETARCH=${architecture}`,
      ...Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
      '--timestamp', String(timestamp),
      // Docker's own format notes the name of the container in which the image was built.
      '--format', 'oci',
      '--file', dockerfile,
      '--tag', tag,
      context,
    ])
  }

  /** How many layers an image has. */
  layers(image: string): number {
    return Number(this.#run('inspect', ['--type', 'image', '--format', '{{len .OCIv1.RootFS.DiffIDs}}', image]))
  }

  /** Writes an image as `docker load` and `ctr images import` read it. */
  save(image: string, file: string): void {
    rmSync(file, { force: true })
    this.#run('push', [image, `docker-archive:${file}:${image}`])
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #run(command: string, args: readonly string[]): string {
    return buildah([...this.#storage, command, ...args], `buildah ${command} … ${args.at(-1) ?? ''}`)
  }
}

function buildah(args: readonly string[], called = `buildah ${args.at(-1) ?? ''}`): string {
  return run('buildah', args, { missing: 'install the package buildah of your distribution', called })
}

/** Layers over each other, where the kernel lets us mount them; else whole copies. */
function storageIn(folder: string): readonly string[] {
  buildah(['--version'])
  const place = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')]
  try {
    const overlay = [...place, '--storage-driver', 'overlay']
    // Outside a user namespace, root mounts; buildah itself asks for one where it is not root.
    buildah([...overlay, 'info'])
    if (process.getuid?.() !== 0 || canMount(overlay)) return overlay
  } catch {
    // As the next line has it.
  }
  return [...place, '--storage-driver', 'vfs']
}

function canMount(storage: readonly string[]): boolean {
  try {
    const name = buildah([...storage, 'from', 'scratch']).trim()
    buildah([...storage, 'mount', name])
    buildah([...storage, 'rm', name])
    return true
  } catch {
    return false
  }
}

/** What a docker-archive says of its one image. */
export interface Archive {
  readonly configuration: unknown
  /** Bytes of each layer, the base's first. */
  readonly layers: readonly number[]
  /** The names of the layers' files in the archive. */
  readonly files: readonly string[]
}

/** Reads an archive that {@link Buildah.save} has written. */
export function readArchive(file: string): Archive {
  const read = (name: string): unknown => JSON.parse(run('tar', ['--extract', '--to-stdout', '--file', file, name]))
  const manifests = read('manifest.json')
  const manifest: unknown = Array.isArray(manifests) ? manifests[0] : undefined
  if (!isObject(manifest)) throw new ScriptError(`${file} holds no image`)
  const { Config: configuration, Layers: layers } = manifest
  if (typeof configuration !== 'string' || !Array.isArray(layers)) throw new ScriptError(`${file} is no docker-archive`)
  const files = layers.filter((name) => typeof name === 'string')
  const sizes = sizesIn(file)
  return { configuration: read(configuration), layers: files.map((name) => sizes.get(name) ?? 0), files }
}

/** A tar is blocks of 512 bytes: a header, with the name first and the size in octal digits, then the content. */
function sizesIn(file: string): ReadonlyMap<string, number> {
  const block = 512
  const header = Buffer.alloc(block)
  const text = (at: number, length: number): string => header.toString('latin1', at, at + length).replace(/\0.*$/s, '')
  const sizes = new Map<string, number>()
  const descriptor = openSync(file, 'r')
  try {
    for (let at = 0; readSync(descriptor, header, 0, block, at) === block && header[0] !== 0; ) {
      const size = Number.parseInt(text(124, 12), 8)
      sizes.set(text(0, 100), size)
      at += block + Math.ceil(size / block) * block
    }
  } finally {
    closeSync(descriptor)
  }
  return sizes
}
