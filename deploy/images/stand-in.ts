import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { run, ScriptError } from '../run.ts'

/** The name of the base that is made here, of the Node of `npm ci`; for machines that cannot pull one. */
export const standInName = 'scratch-node'

/** As images name the architecture of this machine. */
export const hostArchitecture = process.arch === 'x64' ? 'amd64' : process.arch

/**
 * Writes the context of the stand-in: Node, and the libraries that it loads. There is no shell: nothing of usher needs one.
 *
 * @returns its Dockerfile.
 * @throws {ScriptError} where this machine has no Node of its own kind.
 */
export function writeStandIn(folder: string): string {
  const node = findNode()
  const files = new Map([['/usr/local/bin/node', node], ...librariesOf(node).map((library) => [library, library] as const)])
  for (const [target, source] of files) {
    const path = join(folder, 'root', target)
    mkdirSync(dirname(path), { recursive: true })
    copyFileSync(source, path)
  }
  const dockerfile = join(folder, 'Dockerfile')
  writeFileSync(dockerfile, 'FROM scratch\nCOPY root/ /\nENV PATH=/usr/local/bin:/usr/bin:/bin\nCMD ["node"]\n')
  return dockerfile
}

function findNode(): string {
  try {
    return createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`)
  } catch (error) {
    throw new ScriptError(`${standInName} needs the Node of this machine; npm ci brings it`, { cause: error })
  }
}

/** The paths by which a program looks for its libraries, and that of its loader. */
function librariesOf(program: string): readonly string[] {
  return run('ldd', [program]).split('\n').flatMap((line) => /(?:=> |^\s)(\/\S+) \(/.exec(line)?.[1] ?? [])
}
