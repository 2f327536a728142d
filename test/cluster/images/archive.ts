import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../run.ts'

/** An image that is made of files alone, without a base. */
export interface ImageSource {
  /** With a tag: `usher.local/pause:1`. */
  readonly name: string
  readonly entrypoint: readonly string[]
  /** What is to be in the image's root. */
  readonly root: string
}

/** Writes an image as `docker save` does, for `ctr images import`. */
export async function writeImage({ name, entrypoint, root }: ImageSource, file: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-image-'))
  try {
    await run('tar', ['--create', '--file', join(folder, 'layer.tar'), '--owner=0', '--group=0', '--numeric-owner', '--directory', root, '.'])
    const diffId = `sha256:${createHash('sha256').update(readFileSync(join(folder, 'layer.tar'))).digest('hex')}`
    const config = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Entrypoint: entrypoint, Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [diffId] },
    }
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
    mkdirSync(dirname(file), { recursive: true })
    await run('tar', ['--create', '--file', file, '--directory', folder, 'manifest.json', 'config.json', 'layer.tar'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
