import { theCluster } from '../cluster-file.ts'
import { ctr } from '../node.ts'

/** Gives an image of every node another name, too. */
export async function tag(name: string, another: string): Promise<void> {
  for (const node of theCluster().machines) await ctr(node, ['images', 'tag', '--force', name, another])
}

/** Takes a name from an image of every node; what runs of it runs on. */
export async function untag(name: string): Promise<void> {
  for (const node of theCluster().machines) await ctr(node, ['images', 'rm', '--sync', name])
}
