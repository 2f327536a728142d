import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../run.ts'
import { writeImage } from './archive.ts'

/** A program of this machine, as an image has it. */
export interface Program {
  /** Of the image, with a tag. */
  readonly name: string
  /** Where it is on this machine. */
  readonly from: string
  /** Where it is in the image, which runs it. */
  readonly to: string
}

/** Writes an image of a program of this machine, with the libraries that it needs, and nothing else. */
export async function writeProgramImage({ name, from, to }: Program, file: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'usher-program-image-'))
  try {
    for (const path of await librariesOf(from)) copyInto(root, path, path)
    copyInto(root, from, to)
    // Some programs want one, and nothing says that it is there.
    mkdirSync(join(root, 'tmp'), { mode: 0o1777 })
    await writeImage({ name, entrypoint: [to], root }, file)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function librariesOf(program: string): Promise<readonly string[]> {
  //  libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)  or  /lib64/ld-linux-x86-64.so.2 (0x…)
  const linked = [...(await run('ldd', [program])).matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map(([, path]) => path ?? '')
  const folder = dirname(linked.find((path) => path.includes('libc.so')) ?? '/lib')
  // Loaded at run time, to look names up.
  const lookups = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map((name) => join(folder, name))
  return [...linked, ...lookups.filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined)]
}

function copyInto(root: string, from: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true })
  copyFileSync(from, join(root, to))
}
