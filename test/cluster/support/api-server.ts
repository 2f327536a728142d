import { theCluster } from '../cluster-file.ts'
import { startApiServer } from '../control-plane.ts'
import { type Part, recordedParts, stopPart } from '../processes.ts'
import { waitUntil } from '../wait.ts'
import { tryKubectl } from './usher.ts'

/** A part of the control plane, by its program. Throws where it does not run. */
export function controlPart(program: string): Part {
  const part = recordedParts().find(({ name }) => name === `control/${program}`)
  if (part === undefined) throw new Error(`there is no ${program}`)
  return part
}

/** Kills the API server and starts another one, with these plugins of admission beside its usual ones. Waits until it is ready. */
export async function restartApiServer(plugins: readonly string[] = []): Promise<void> {
  await stopPart(controlPart('kube-apiserver'))
  startApiServer(theCluster().version, plugins)
  await waitUntil('the API server is ready again', async () => (await tryKubectl(['get', '--raw', '/readyz'])).code === 0)
}
