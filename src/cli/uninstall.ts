import { clusterFlags, joinAdmin } from './admin-cluster.ts'
import { changeFlags, readDryRun, readTimeout } from './change-flags.ts'
import type { Command } from './command.ts'
import { runUninstall } from './uninstall-run.ts'
import { InterruptedError, untilInterrupted } from './until-interrupted.ts'

/** `usher uninstall` */
export const uninstallCommand: Command = {
  name: 'uninstall',
  summary: 'take out of a cluster what usher install has put in',
  description:
    'Takes out exactly what usher install has put in, by the record that the API server keeps of that, and what the webhook has made for itself: ' +
    'the Secret of its certificate. The webhook configuration goes first, so that no pod waits for a webhook that is gone. The ' +
    'namespace goes where usher install has made it, and nothing else is in it; one that was there before stays, without what was put on it. ' +
    'Other namespaces keep their labels. Running pods stay as they are, with their naps; pods that wait for the lock start by themselves ' +
    'within a minute, 90 seconds just after a boot of their node. On the nodes /run/usher stays until they boot. What Helm has installed, ' +
    'or has taken over since, Helm uninstalls; who else has put in the same objects is named first. It asks before, at a terminal. The exit code is 0 also where there is nothing to take out; 1 where something cannot be taken out; 2 for wrong usage; 3 ' +
    'where the cluster cannot be reached.',
  flags: {
    ...clusterFlags,
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
    ...changeFlags,
  },
  examples: ['usher uninstall', 'usher uninstall --dry-run server', 'usher uninstall --yes --timeout 10m'],
  async run(values, output) {
    const isDryRun = readDryRun(values, 'usher uninstall --dry-run server names what would go')
    const timeoutMs = readTimeout(values)
    const admin = await joinAdmin(values)
    try {
      return await untilInterrupted((signal) => runUninstall(admin, { isDryRun, isAgreed: values.isOn('yes'), timeoutMs }, output, signal))
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error
      throw new Error('stopped in the middle: usher uninstall goes on from there', { cause: error })
    }
  },
}
