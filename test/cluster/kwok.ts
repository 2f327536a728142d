import { join } from 'node:path'
import { builtFolder } from '../go-tools/tool-folder.ts'
import { adminKubeconfig } from './folders.ts'
import { kubectl, tryKubectl } from './kubectl.ts'
import { fakeNode, kwokAnnotation } from './kwok-node.ts'
import { startOn } from './machine.ts'
import { control } from './plan.ts'
import { requireParts } from './status.ts'
import type { ClusterVersion } from './versions.ts'
import { waitUntil } from './wait.ts'

/** Adds nodes that only say that they run their pods, and waits until they are ready. Only pods that tolerate it go there. */
export async function startKwokNodes(version: ClusterVersion, count: number): Promise<void> {
  startOn(control, 'kwok', [
    join(builtFolder('kwok'), 'kwok'),
    `--kubeconfig=${adminKubeconfig}`,
    `--config=${join(import.meta.dirname, 'kwok-stages.yaml')}`,
    '--manage-all-nodes=false',
    '--node-lease-duration-seconds=40',
    `--manage-nodes-with-annotation-selector=${kwokAnnotation}=fake`,
    `--node-ip=${control.address}`,
    '--cidr=10.213.192.0/18',
  ])
  const items = Array.from({ length: count }, (_, index) => fakeNode(`kwok-${index + 1}`))
  await kubectl(version, ['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const path = `jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}`
  await waitUntil("kwok's nodes are ready", async () => {
    requireParts()
    const { stdout } = await tryKubectl(version, ['get', 'nodes', '-l', 'type=kwok', '-o', path])
    return stdout.split('\n').filter((status) => status === 'True').length === count
  })
}
