import { launcher } from '../../support/usher-process.ts'
import { adminKubeconfig } from '../folders.ts'
import { attempt, type Outcome } from '../run.ts'

/** Runs the command line as an administrator of the cluster; `input` is what `-f -` reads. */
export function usher(args: readonly string[], input = ''): Promise<Outcome> {
  return attempt(process.execPath, [launcher, ...args, '--kubeconfig', adminKubeconfig], input)
}
