import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pauseImage } from '../node-config.ts'
import { run } from '../run.ts'
import { writeImage } from './archive.ts'

/** Compiles the program that keeps a pod's namespaces, and writes its image. */
export async function writePauseImage(file: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'usher-pause-'))
  try {
    mkdirSync(root, { recursive: true })
    await run('cc', ['-Os', '-static', '-s', '-Wall', '-Werror', '-o', join(root, 'pause'), join(import.meta.dirname, 'pause.c')])
    await writeImage({ name: pauseImage, entrypoint: ['/pause'], root }, file)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
