import { existsSync } from 'node:fs'
import { theCluster } from './cluster-file.ts'
import { ctr } from './node.ts'

/** Imports the images of an archive, as `docker save` or `buildah push` writes it, into every node. */
export async function loadImages(file: string, say: (line: string) => void): Promise<void> {
  const { machines } = theCluster()
  if (!existsSync(file)) throw new Error(`${file} does not exist; load takes the archive of an image`)
  for (const node of machines) {
    await ctr(node, ['images', 'import', file])
    say(`${node.name} has the images of ${file}`)
  }
}
