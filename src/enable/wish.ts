import type { NamespaceState } from './namespace-state.ts'
import type { Row } from './obstacles.ts'

/** What somebody wants of a namespace. */
export interface Wish {
  readonly namespace: string
  readonly from: NamespaceState
  readonly to: NamespaceState
}

/** Why nothing is to be done; undefined: the label has to be changed. */
export function whyNothing({ namespace, from, to }: Wish): string | undefined {
  if (to === 'none' && from === 'disabled') return `usher is off in namespace ${namespace} already: its label opts out, and stays`
  return from === to ? done[to](namespace) : undefined
}

type Sentence = (namespace: string) => string

const done: Readonly<Record<NamespaceState, Sentence>> = {
  enabled: (namespace) => `usher is on in namespace ${namespace} already; pods that run without are older than that: usher check --only pods-injected names them`,
  audit: (namespace) => `namespace ${namespace} is in audit mode already; usher enable ${namespace} turns usher on`,
  disabled: (namespace) => `namespace ${namespace} has opted out already`,
  none: (namespace) => `usher is not on in namespace ${namespace}; where pods opt in by a label of their own, --opt-out turns these off, too`,
}

/** What is asked before it is done, without the question mark. */
export function questionOf({ namespace, to }: Wish): string {
  return questions[to](namespace)
}

const questions: Readonly<Record<NamespaceState, Sentence>> = {
  enabled: (namespace) => `Turn usher on in namespace ${namespace}`,
  audit: (namespace) => `Put namespace ${namespace} into audit mode`,
  disabled: (namespace) => `Opt namespace ${namespace} out of usher`,
  none: (namespace) => `Turn usher off in namespace ${namespace}`,
}

/**
 * What is so now, and what to do next.
 *
 * @param ofUsher the namespace in which the webhook runs.
 */
export function nextSteps({ namespace, to }: Wish, rows: readonly Row[], ofUsher: string): readonly string[] {
  if (to === 'enabled') return [`usher is on in namespace ${namespace}: pods that are made from now on get what it puts in.`, ...restartOf(namespace, rows, 'gains')]
  const restart = restartOf(namespace, rows, 'loses')
  if (to !== 'audit') {
    const but = to === 'none' ? ', but for those that opt in by a label of their own' : ''
    return [`usher is off in namespace ${namespace}: pods that are made from now on are as their authors wrote them${but}.`, ...restart]
  }
  return [
    `namespace ${namespace} is in audit mode: what usher would do with its new pods is logged and counted, and not done.`,
    `The log: kubectl --namespace ${ofUsher} logs --selector app.kubernetes.io/component=webhook --tail=-1 | grep '"namespace":"${namespace}"'`,
    'The metric: usher_webhook_outcomes_total. The audit log of the API server: audit.usher.dev/reasons.',
    ...restart,
    `usher enable ${namespace} turns it on.`,
  ]
}

const restartable: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet'])

/** For the pods that run. One workload is named: all at once would be the herd that usher is there against. */
function restartOf(namespace: string, rows: readonly Row[], change: 'gains' | 'loses'): readonly string[] {
  const changed = rows.filter(({ plan, pods }) => plan.change === change && (change === 'gains' ? pods.running > pods.injected : pods.injected > 0))
  if (changed.length === 0) return []
  const first = changed.find(({ candidate }) => restartable.has(candidate.kind))
  const how = first === undefined ? '' : `, workload after workload: kubectl --namespace ${namespace} rollout restart ${first.candidate.kind.toLowerCase()} ${first.candidate.name}`
  return [`Pods that run stay as they are until they are made anew${how}`]
}
