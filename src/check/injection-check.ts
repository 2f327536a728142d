import type { DecisionContext } from '../inject/context.ts'
import { decide } from '../inject/decide.ts'
import { counted } from '../terminal/counted.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { valueOf, whenTold } from './asked.ts'
import { breakerState } from './breaker-metrics.ts'
import { type DryRun, isRejection, probePod, remainsOf } from './dry-run.ts'
import type { Facts } from './facts.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'
import { at, nameOf } from './json-paths.ts'

/** In each namespace that is on, a pod keeps what the webhook puts into it, whatever other webhooks and policies do. */
export function judgeInjection(facts: Facts): Finding {
  return whenTold(facts.enabled, (enabled) => {
    if (enabled.length === 0) {
      return warning('usher is on in no namespace', { hint: 'kubectl label namespace NAMESPACE usher.dev/inject=enabled turns it on' })
    }
    const judged = facts.dryRuns.filter(({ namespace }) => enabled.some((each) => nameOf(each) === nameOf(namespace))).map((each) => ({ name: nameOf(each.namespace), ...judgeOne(each, facts) }))
    const items = judged.filter(({ outcome }) => outcome !== 'ok').map(({ name, detail }) => `${name}: ${detail}`)
    const untried = enabled.length - judged.length
    const tried = `${counted(judged.length, 'namespace')}${untried > 0 ? ` (of ${enabled.length}; the others were not tried)` : ''}`
    if (judged.some(({ outcome }) => outcome === 'failed')) {
      return failed('pods do not get, or do not keep, what usher gives them', { items, hint: 'the documentation says what each of these means, and how to mend it' })
    }
    if (judged.some(({ outcome }) => outcome === 'warning')) return warning('pods get less than they should', { items, hint: 'the documentation says what each of these means' })
    if (judged.every(({ outcome }) => outcome === 'skipped')) return skipped('no pod could be tried in any namespace', { items })
    return ok(`pods keep nap and lock in ${tried} (dry run)`, { items })
  })
}

function judgeOne({ namespace, pod, control }: DryRun, facts: Facts): Finding {
  if (pod.kind !== 'told') {
    if (pod.kind === 'denied') return skipped(`you may not try it: ${pod.message}`)
    if (pod.kind === 'late') return skipped(pod.message)
    if (control === undefined) return skipped(`it could not be tried, twice: ${pod.message}`)
    if (control.kind === 'told') return failed(`pods are rejected because of what usher puts in: ${pod.message}`)
    if (isRejection(control)) return skipped(`pods like the one of this check are rejected without usher, too: ${pod.message}`)
    return skipped(`pods are rejected, and whether they are without usher, too, could not be tried (${control.message}): ${pod.message}`)
  }
  const { status, naps, waits, before } = remainsOf(pod.value)
  const expected = expectedIn(namespace, facts)
  if (status === undefined) {
    if (!expected.nap && !expected.lock) return ok('')
    return whyBare({ namespace }, facts) === undefined ? failed('pods are not injected (webhook-reachable)') : warning('pods get no lock (breaker)')
  }
  const napLost = status.nap?.lost ?? []
  if (napLost.length > 0) return warning('another webhook has emptied the preStop sleep, and it was taken out; nap-method: exec is a nap that such webhooks know')
  if (status.nap !== undefined && status.nap.containers.length > 0 && !naps) return failed('the nap was put in, and another webhook or policy has taken it out again')
  if (expected.nap && status.nap === undefined) return warning('pods get no nap (webhook log, reasons)')
  if ((status.init === 'lock' || status.init === 'gate') && !waits) return failed('the init container was put in, and another webhook or policy has taken it out again')
  if (expected.lock && status.init !== 'lock') return warning('pods get no lock (breaker)')
  if (expected.isFirst && before.length > 0) return warning(`init containers come before usher-lock: ${before.join(', ')}; they start without waiting`)
  return ok('')
}

/** What the webhook would do by its configuration, and the namespace's own. */
function expectedIn(namespace: JsonObject, facts: Facts): { readonly nap: boolean; readonly lock: boolean; readonly isFirst: boolean } {
  const context = contextOf(namespace, facts)
  // Without its configuration nothing can be missed.
  if (context === undefined) return { nap: false, lock: false, isFirst: false }
  const { patch, reasons } = decide(probePod(nameOf(namespace), 'image'), context)
  const codes = reasons.map(({ code }) => code)
  const isFirst = JSON.stringify(patch.find(({ path }) => path.startsWith('/spec/initContainers')) ?? {}).includes('usher-lock') && !patch.some(({ path }) => path === '/spec/initContainers/-')
  return { nap: codes.includes('nap-added'), lock: codes.includes('lock-added'), isFirst }
}

/** Why the check's pod may rightly stay as it is there; undefined: the webhook would surely change it. */
export function whyBare({ namespace, mark }: Pick<DryRun, 'namespace' | 'mark'>, facts: Facts): string | undefined {
  const context = contextOf(namespace, facts)
  if (context === undefined) return 'the configuration of the webhook is not known'
  // Every namespace has one (kubernetes.io/metadata.name), so that without any they are not known.
  if (!isObject(at(namespace, 'metadata', 'labels'))) return 'the labels of the namespace are not known'
  const { told, open } = breakerState(facts.webhookMetrics)
  const { patch, reasons } = decide(probePod(nameOf(namespace), 'image', mark), { ...context, lockAvailable: told > 0 && open.length === 0 })
  return patch.length > 0 ? undefined : reasons.map(({ code }) => code).join(', ')
}

/** All that the webhook knows of a pod of a namespace; undefined: its configuration is not known. */
export function contextOf(namespace: JsonObject, { config, kubeVersion }: Pick<Facts, 'config' | 'kubeVersion'>): DecisionContext | undefined {
  const known = valueOf(config)
  if (known === undefined) return undefined
  const [labels, annotations] = [at(namespace, 'metadata', 'labels'), at(namespace, 'metadata', 'annotations')]
  return {
    config: known,
    namespace: { name: nameOf(namespace), labels: isObject(labels) ? labels : {}, annotations: isObject(annotations) ? annotations : {} },
    kubeVersion,
    lockAvailable: true,
  }
}
