import { whenTold } from './asked.ts'
import { breakerState } from './breaker-metrics.ts'
import type { Facts } from './facts.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'
import { remainsOf } from './dry-run.ts'
import { whyBare } from './injection-check.ts'
import { partNames } from './installation.ts'
import { nameOf, numberAt, textAt } from './json-paths.ts'
import { faultsOf, ourConfigurations } from './registration.ts'

/** Replicas of the webhook are ready. */
export function judgeRunning({ installation: { namespace, deployment } }: Pick<Facts, 'installation'>): Finding {
  if (deployment === undefined) return skipped('there is no Deployment of the webhook')
  const [wanted, ready] = [numberAt(deployment, 'spec', 'replicas'), numberAt(deployment, 'status', 'readyReplicas')]
  const hint = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/component=webhook, and kubectl logs, say why`
  if (wanted === 0) return failed('the webhook is scaled to 0: new pods start as they are', { hint: `kubectl -n ${namespace} scale deployment ${textAt(deployment, 'metadata', 'name')} --replicas=2` })
  if (ready === 0) return failed(`no replica of the webhook is ready, of ${wanted}: new pods start as they are`, { hint })
  if (ready < wanted) return warning(`${ready} of ${wanted} replicas of the webhook are ready`, { hint })
  return ok(`${ready} of ${wanted} replicas are ready`)
}

/** The API server knows when to call the webhook, and what to do without it. */
export function judgeRegistered({ webhookConfigurations, installation }: Pick<Facts, 'webhookConfigurations' | 'installation'>): Finding {
  return whenTold(webhookConfigurations, (all) => {
    const ours = ourConfigurations(all)
    const { configuration: name } = partNames(installation)
    const configuration = ours.find((each) => textAt(each, 'metadata', 'name') === name) ?? ours[0]
    const hint = 'usher install, or helm upgrade where Helm has installed it, puts it back as the chart has it'
    if (configuration === undefined) return failed('there is no MutatingWebhookConfiguration of usher: no pod is injected', { hint })
    if (ours.length > 1) {
      const names = ours.map((each) => textAt(each, 'metadata', 'name') ?? '')
      return failed(`there are ${ours.length} MutatingWebhookConfigurations of usher: each pod is reviewed by all of them`, { items: names, hint: `delete those that are not ${name}: they are left over, or were made by other means` })
    }
    const { broken, stopping, risky } = faultsOf(configuration, installation.namespace, textAt(installation.service, 'metadata', 'name'))
    const items = [...broken, ...stopping, ...risky]
    if (stopping.length > 0) return failed('the webhook configuration keeps pods from starting while the webhook is down', { items, hint })
    if (broken.length > 0) return failed('the webhook configuration does not lead to the webhook', { items, hint })
    if (risky.length > 0) return warning('the webhook configuration makes pods wait for the webhook', { items: risky, hint })
    return ok(`MutatingWebhookConfiguration ${textAt(configuration, 'metadata', 'name')} leads to the webhook, and does without it where it fails`)
  })
}

/** The API server has called the webhook, by what has become of pods that it was asked to make, and has not made. */
export function judgeReachable(facts: Facts): Finding {
  const { dryRuns, webhookByProxy, installation } = facts
  const made = dryRuns.flatMap((run) => (run.pod.kind === 'told' ? [{ run, pod: run.pod.value }] : []))
  if (made.length === 0) {
    const [first] = dryRuns
    const why = first === undefined ? 'no pod could be tried' : first.pod.kind === 'told' ? '' : first.pod.message
    return skipped(`it cannot be told, for no pod could be tried: ${why}`)
  }
  if (made.some(({ pod }) => remainsOf(pod).status !== undefined)) return ok('the API server calls the webhook, and takes its answers (dry run of a pod)')
  const idle = made.map(({ run }) => ({ name: nameOf(run.namespace), why: whyBare(run, facts) }))
  if (idle.every(({ why }) => why !== undefined)) {
    return skipped('it cannot be told, for of the pods that were tried there is none that the webhook would surely change', { items: idle.map(({ name, why }) => `${name}: ${why}`) })
  }
  const detail = 'the API server makes pods without the webhook (dry run of a pod)'
  if (webhookByProxy.kind === 'told') {
    return failed(`${detail}, though it can connect to it`, {
      hint: "its certificate is not trusted (webhook-ca, webhook-certificate), or it answers too late: kube-apiserver's log says 'failed calling webhook', and why",
    })
  }
  if (webhookByProxy.kind === 'late') {
    return failed(detail, { hint: `whether it can connect to it could not be told: ${webhookByProxy.message}; give it more time (--timeout)` })
  }
  const service = `${installation.namespace}/${textAt(installation.service, 'metadata', 'name') ?? 'usher-webhook'}`
  return failed(`${detail}; nor can it connect to it: ${webhookByProxy.message}`, {
    hint: `open the way from the control plane to the pods of Service ${service} (firewall, NetworkPolicy), or set webhook.hostNetwork=true with a port that is open to it`,
  })
}

/** No replica leaves the lock out. */
export function judgeBreaker({ webhookMetrics, installation }: Facts): Finding {
  if (partNames(installation).daemonSet === undefined) return skipped('the lock is turned off')
  if (webhookMetrics.length === 0) return skipped('no replica of the webhook is ready')
  const { told, open } = breakerState(webhookMetrics)
  const [first] = webhookMetrics
  if (told === 0 && first !== undefined) return whenTold(first.metrics, () => ok(''))
  if (open.length === 0) return ok('pods get the lock')
  return warning('the webhook leaves the lock out of new pods', {
    items: open.map(({ pod, cause }) => `${pod}: ${causes[cause] ?? cause}`),
    hint: 'it stops by itself when lock-running, wait-image and the pods that hang are mended; kubectl events in the namespace of usher name the pods (LockLeftOut)',
  })
}

const causes: Readonly<Record<string, string>> = {
  'lock-not-known': 'it does not know the DaemonSet of the lock',
  'no-lock-ready': 'no lock is ready on any node',
  'init-container-hangs': 'pods hang on usher-lock',
}
