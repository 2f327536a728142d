import { rmSync } from 'node:fs'
import { killCgroup, removeCgroups } from './cgroups.ts'
import { readCluster } from './cluster-file.ts'
import { liveFolder } from './folders.ts'
import { restoreKernelSettings } from './kernel.ts'
import { cutPower } from './machine.ts'
import { removeBridge } from './network.ts'
import { control, maxNodes, nodesOf } from './plan.ts'
import { recordedParts, stopPart } from './processes.ts'
import { requireRoot } from './system-packages.ts'

/**
 * Ends the cluster, in whatever state it is, and removes everything that it has made except logs. Mounts, addresses,
 * and rules of the packet filter go with the namespaces that they are in.
 */
export async function down(say: (line: string) => void): Promise<void> {
  requireRoot()
  const kernel = readCluster()?.kernel
  for (const machine of [...nodesOf(maxNodes), control]) await cutPower(machine)
  // What was started by another version of these files, if anything.
  for (const part of recordedParts()) await stopPart(part)
  await killCgroup()
  await removeCgroups()
  await removeBridge()
  if (kernel !== undefined) restoreKernelSettings(kernel)
  rmSync(liveFolder, { recursive: true, force: true })
  say('the cluster is down')
}
