import { theCluster } from './cluster-file.ts'
import { tryKubectl } from './kubectl.ts'
import { cutPower } from './machine.ts'
import { startNode } from './node.ts'
import { waitUntil } from './wait.ts'

/**
 * Reboots a node as a power cut does: everything on it ends at once, containers too, and what a boot starts is started.
 * The pods, bound to the node already, then all start at the same time.
 */
export async function rebootNode(name: string, say: (line: string) => void): Promise<void> {
  const { machines, version } = theCluster()
  const node = machines.find((machine) => machine.name === name)
  if (node === undefined) throw new Error(`there is no node ${name}; there are ${machines.map((machine) => machine.name).join(', ')}`)
  const bootId = async (): Promise<string> =>
    (await tryKubectl(version, ['get', 'node', name, '-o', 'jsonpath={.status.nodeInfo.bootID}'])).stdout
  const before = await bootId()
  await cutPower(node)
  say(`${name} is off`)
  await startNode(node, machines, version, { isNow: true })
  // Until then the API server shows the node as it was before.
  await waitUntil(`${name} is back`, async () => ![before, ''].includes(await bootId()))
  say(`${name} is back`)
}
