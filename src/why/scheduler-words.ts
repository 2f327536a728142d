/** What keeps a pod from nodes, in plain words, and what to do about it. */
export interface SchedulerCause {
  /** How many nodes it is true of; undefined: it is about the pod itself. */
  readonly nodes?: number
  readonly words: string
  readonly next?: string
}

/** What the scheduler says of a pod that no node takes. */
export interface SchedulerWords {
  /** Of how many nodes; undefined: it does not say. */
  readonly nodes?: number
  /** The most nodes first. */
  readonly causes: readonly SchedulerCause[]
}

interface Rule {
  /** Its first group stands in for `$1`. */
  readonly said: RegExp
  readonly words: string
  readonly next?: string
}

const lessOrMore = 'ask for less of it, end something else, or add a node'

// As kube-scheduler 1.37 says it, and as older ones do.
const rules: readonly Rule[] = [
  { said: /^Insufficient memory$/, words: 'too little memory is free', next: lessOrMore },
  { said: /^Insufficient cpu$/, words: 'too few cores are free', next: lessOrMore },
  { said: /^Insufficient ephemeral-storage$/, words: 'too little disk is free', next: lessOrMore },
  { said: /^Insufficient (.+)$/, words: 'too little $1 is free', next: lessOrMore },
  { said: /^Too many pods$/, words: 'as many pods are there as it takes', next: 'end something else, or add a node' },
  { said: /^node\(s\) had untolerated taint\(s\)$/, words: 'there is a taint that the pod does not tolerate', next: 'tolerate the taint, or take it away' },
  { said: /^node\(s\) had (?:untolerated )?taint \{node\.kubernetes\.io\/(?:not-ready|unreachable).*$/, words: 'the node is not ready', next: 'see what ails the node: kubectl describe node' },
  { said: /^node\(s\) had (?:untolerated )?taint \{(.+?): ?(?:\}|\w*\}).*$/, words: 'there is the taint $1, which the pod does not tolerate', next: 'tolerate the taint (spec.tolerations), or take it away (kubectl taint)' },
  { said: /^node\(s\) were unschedulable$/, words: 'the node is cordoned', next: 'kubectl uncordon NODE, once it is to be used again' },
  { said: /^node\(s\) were not ready$/, words: 'the node is not ready', next: 'see what ails the node: kubectl describe node' },
  { said: /^node\(s\) didn't match Pod's node affinity(?:\/selector)?$/, words: 'the node does not match the nodeSelector or node affinity of the pod', next: 'label a node (kubectl label node), or change the selector' },
  { said: /^node\(s\) didn't match node selector$/, words: 'the node does not match the nodeSelector of the pod', next: 'label a node (kubectl label node), or change the selector' },
  { said: /^node\(s\) didn't match the requested node name$/, words: 'the pod asks for another node' },
  { said: /^node\(s\) didn't match pod affinity rules$/, words: 'the pods that it wants to be near (podAffinity) are not there' },
  { said: /^node\(s\) didn't match pod anti-affinity rules$/, words: 'a pod is there from which it wants to be apart (podAntiAffinity)', next: 'add a node, or prefer the anti-affinity instead of requiring it' },
  { said: /^node\(s\) didn't satisfy existing pods anti-affinity rules$/, words: 'a pod is there that wants to be apart from this one' },
  { said: /^node\(s\) didn't match pod topology spread constraints \(missing required label\)$/, words: 'the node lacks the label by which the pods are spread' },
  { said: /^node\(s\) didn't match pod topology spread constraints$/, words: 'one more there would spread the pods too unevenly', next: 'let it be scheduled anyway (whenUnsatisfiable: ScheduleAnyway), or add a node' },
  { said: /^node\(s\) didn't have free ports for the requested pod ports$/, words: 'a port of the node that it asks for (hostPort) is taken', next: 'do without the hostPort, or add a node: there is one such pod a node' },
  { said: /^node\(s\) had (?:volume node affinity conflict|no available volume zone)$/, words: 'a volume of the pod is bound to another node or zone' },
  { said: /^node\(s\) exceed max volume count$/, words: 'as many volumes are attached as it takes' },
  { said: /^node\(s\) didn't find available persistent volumes to bind$/, words: 'there is no volume for a claim of the pod', next: 'kubectl get pvc, pv, storageclass: who is to make the volume?' },
  { said: /^node\(s\) did not have enough free storage$/, words: 'the node has no storage left for a volume of the pod' },
  { said: /^(?:pod has unbound immediate PersistentVolumeClaims|node\(s\) unbound immediate PersistentVolumeClaims).*$/, words: 'a claim of the pod (PersistentVolumeClaim) has no volume', next: 'kubectl describe pvc says why' },
  { said: /^persistentvolumeclaim "(.+?)" not found.*$/, words: 'there is no PersistentVolumeClaim $1, which the pod uses', next: 'create it, or name another' },
  { said: /^persistentvolumeclaim "(.+?)" (?:is being deleted|bound to non-existent persistentvolume).*$/, words: 'the PersistentVolumeClaim $1 is on its way out, or its volume is gone' },
]

/**
 * Puts into plain words what the scheduler says of a pod that no node takes. What it does not know is given as it was said.
 *
 * @param message of the condition PodScheduled, or of an Event FailedScheduling.
 */
export function schedulerWords(message: string): SchedulerWords {
  // What comes after it is about pods that might be ended instead.
  const [said = ''] = message.split(/\.? (?:preemption|no new claims to deallocate|Preemption)[:,]/, 1)
  const [, , nodes, rest] = /^(\d+)\/(\d+) nodes are available: ?(.*)$/s.exec(said) ?? []
  if (nodes === undefined) return { causes: said.trim() === '' ? [] : [plain(said.trim().replace(/\.$/, ''))] }
  const causes = partsOf(rest ?? '').map((part) => {
    const [, count, words] = /^(\d+) (.+)$/s.exec(part) ?? []
    return count === undefined || words === undefined ? plain(part) : { nodes: Number(count), ...plain(words) }
  })
  return { nodes: Number(nodes), causes: merged(causes).toSorted((left, right) => (right.nodes ?? Infinity) - (left.nodes ?? Infinity)) }
}

/** Parts are separated by commas, which may stand in a taint as well. */
function partsOf(text: string): readonly string[] {
  return text
    .split(/, (?=\d+ )/)
    .map((part) => part.trim().replace(/[.,]$/, ''))
    .filter((part) => part !== '')
}

function plain(said: string): SchedulerCause {
  for (const { said: pattern, words, next } of rules) {
    const match = pattern.exec(said)
    // A function: what was said may have a `$` in it.
    if (match !== null) return { words: words.replace('$1', () => match[1] ?? ''), ...(next === undefined ? {} : { next }) }
  }
  return { words: said }
}

/** Taints of a node that is lost are several, and are one thing. */
function merged(causes: readonly SchedulerCause[]): readonly SchedulerCause[] {
  const all = new Map<string, SchedulerCause>()
  for (const cause of causes) {
    const same = all.get(cause.words)
    all.set(cause.words, same === undefined ? cause : { ...same, nodes: (same.nodes ?? 0) + (cause.nodes ?? 0) })
  }
  return [...all.values()]
}
