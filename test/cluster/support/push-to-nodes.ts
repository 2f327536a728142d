/**
 * Stands in for buildah where there is no registry: `pull --quiet docker-archive:FILE` gives an image, `push IMAGE
 * docker://NAME` imports it into every node of the cluster, by this name.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { theCluster } from '../cluster-file.ts'
import { loadImages } from '../load.ts'
import { ctr } from '../node.ts'

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function main(args: readonly string[]): Promise<void> {
  const [command, first = '', second = ''] = args
  const [, archive] = /^docker-archive:(.+)$/.exec(second) ?? []
  const [, name] = /^docker:\/\/(.+)$/.exec(second) ?? []
  if (command === 'pull' && first === '--quiet' && archive !== undefined) {
    if (!existsSync(archive)) throw new Error(`${archive} is not there; npm run images -- --base scratch-node builds it`)
    // An image's id, as far as the next command cares. Nodes have a working folder of their own.
    process.stdout.write(`${resolve(archive)}\n`)
  } else if (command === 'push' && name !== undefined) {
    await loadImages(first, () => {})
    // Archives name their image without a registry, and containerd takes that for Docker's.
    const imported = `docker.io/library/${name.split('/').at(-1) ?? ''}`
    for (const node of theCluster().machines) await ctr(node, ['images', 'tag', '--force', imported, name])
  } else throw new Error(`buildah ${args.join(' ')}: that is not known here`)
}
