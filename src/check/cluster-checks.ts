import { atLeast } from '../units/kube-version.ts'
import type { Facts } from './facts.ts'
import { failed, type Finding, ok, warning } from './finding.ts'

/** The API server answers. */
export function judgeApi({ server, serverVersion }: Facts): Finding {
  if (serverVersion.kind === 'told') return ok(`${server} is Kubernetes ${serverVersion.value}`)
  return failed(`${server} does not answer as an API server: ${serverVersion.message}`, {
    hint: 'see whether kubectl version works with the same kubeconfig and context',
  })
}

const oldest = { major: 1, minor: 29 }
const newest = { major: 1, minor: 37 }

/** Its version is one that usher was tried with. */
export function judgeVersion({ kubeVersion }: Pick<Facts, 'kubeVersion'>): Finding {
  if (kubeVersion === undefined) {
    return warning('the API server does not tell a version that usher can read: containers get no native nap', { hint: 'set webhook.kubeVersion of the chart' })
  }
  const { major, minor } = kubeVersion
  if (!atLeast(kubeVersion, oldest)) return failed(`${major}.${minor} is older than 1.${oldest.minor}, the oldest that usher supports`, { hint: 'upgrade the cluster' })
  if (atLeast(newest, kubeVersion)) return ok(`${major}.${minor} is one of 1.${oldest.minor} to 1.${newest.minor}`)
  return warning(`${major}.${minor} is newer than 1.${newest.minor}, the newest that this version of usher was tried with`, { hint: 'look for a newer usher' })
}

/** We may look at all that the other checks need. */
export function judgePermissions({ denied }: Facts): Finding {
  if (denied.length === 0) return ok('all that the checks look at may be looked at')
  return warning(`you may not look at ${denied.length === 1 ? 'one thing' : `${denied.length} things`}, so that not all can be told`, {
    items: denied,
    hint: 'take a context of a cluster administrator (--context)',
  })
}
