import { counted } from '../terminal/counted.ts'
import { formatAge } from '../units/age.ts'
import { valueOf, whenTold } from './asked.ts'
import type { Facts } from './facts.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'
import { partNames } from './installation.ts'
import { at, nameOf, named, numberAt, objectsAt, textAt } from './json-paths.ts'
import { readNodes } from './nodes.ts'

/** Undefined where there is a lock whose state can be judged. */
function noLock({ installation }: Facts): Finding | undefined {
  if (partNames(installation).daemonSet === undefined) return skipped('the lock is turned off')
  return installation.daemonSet === undefined ? skipped('there is no DaemonSet of the lock') : undefined
}

/** Locks are ready wherever the DaemonSet wants them. */
export function judgeLocks(facts: Facts): Finding {
  const { daemonSet, namespace } = facts.installation
  const [wanted, ready] = [numberAt(daemonSet, 'status', 'desiredNumberScheduled'), numberAt(daemonSet, 'status', 'numberReady')]
  const none = noLock(facts)
  if (none !== undefined) return none
  const troubles = valueOf(facts.locks)?.filter(({ lock }) => !lock.isReady).map(({ lock }) => `${lock.node ?? lock.pod}: ${lock.trouble ?? 'is not ready'}`) ?? []
  const hint = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/component=lock says why; where no pod is made, the namespace must admit privileged pods: kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=privileged`
  if (wanted === 0) return failed('the lock is to run on no node: its node selector fits none', { hint: 'look at lock.nodeSelector of the chart' })
  if (ready === 0) return failed(`no lock is ready, on any of ${wanted} nodes: new pods are made without it`, { items: troubles, hint })
  if (ready < wanted) return failed(`locks are ready on ${ready} of ${wanted} nodes; on the others pods start without waiting for long`, { items: troubles, hint })
  return ok(`locks are ready on all ${wanted} nodes that they are for`)
}

/** Each node that can run pods has a lock. */
export function judgeNodes(facts: Facts): Finding {
  return noLock(facts) ?? whenTold(facts.nodes, (nodes) => whenTold(facts.locks, (locks) => {
    const served = new Set(locks.map(({ lock }) => lock.node))
    const without = readNodes(nodes).filter(({ name, isLinux }) => isLinux && !served.has(name)).map(({ name }) => name)
    if (without.length === 0) return ok('every Linux node has a lock')
    return warning(`${without.length} of ${nodes.length} nodes have no lock: their pods wait 15 s for it, and start without`, { items: without, hint: 'see lock.nodeSelector and lock.tolerations of the chart' })
  }))
}

/** Each lock answers, and knows the pods of its node. */
export function judgeAnswers(facts: Facts): Finding {
  return noLock(facts) ?? whenTold(facts.locks, (locks) => {
    const silent = locks.filter(({ state, lock }) => state === undefined && lock.isReady)
    const hint = 'usher status NODE shows one in detail; its log says more'
    if (silent.length > 0) {
      const items = silent.map(({ lock, problem }) => `${lock.node ?? lock.pod}: ${problem ?? ''}`)
      return silent.length === locks.length ? skipped('no lock could be asked', { items }) : warning(`${silent.length} of ${locks.length} locks do not answer`, { items, hint })
    }
    const items = locks.flatMap(({ lock, state }) => {
      if (state === undefined) return []
      const gates = state.gates.filter(({ open }) => !open).map(({ name, overdue, seconds, reason }) => `${lock.node}: gate ${name} has been closed for ${formatAge(seconds)}${overdue ? ', and holds nobody up any more' : ''} (${reason})`)
      const pods = state.pods.state === 'lost' || state.pods.state === 'starting' ? [`${lock.node}: it does not hear the API server, and turns end by time`] : []
      return [...gates, ...pods]
    })
    if (items.length > 0) return warning('locks answer, and not all is well with them', { items, hint })
    return ok(`${locks.filter(({ state }) => state !== undefined).length} locks answer`)
  })
}

/** Whether a pod has reached its lock, by the last line of usher-wait (src/native/wait/); undefined: that does not tell. */
function hasReached(words: string): boolean | undefined {
  if (words.startsWith('got the startup lock')) return true
  return words.startsWith('no lock has answered at ') ? false : undefined
}

/** Pods reach the lock at the address of their node, by what became of those that asked. */
export function judgeReach(facts: Facts): Finding {
  return noLock(facts) ?? whenTold(facts.pods, (pods) => {
    const last = new Map<string, { readonly at: number; readonly reached: boolean; readonly name: string }>()
    for (const { node, waited, name } of pods) {
      if (node === undefined || waited === undefined || (last.get(node)?.at ?? 0) > waited.at) continue
      const reached = hasReached(waited.words)
      if (reached !== undefined) last.set(node, { at: waited.at, name, reached })
    }
    const missed = [...last].filter(([, { reached }]) => !reached)
    const hint = 'a NetworkPolicy for egress, or the CNI, keeps pods from the port of their own node (8888, lock.port): allow it'
    if (missed.length > 0) {
      const items = missed.map(([node, { name, at: when }]) => `${node}: ${name} got no answer, ${formatAge((facts.now - when) / 1_000)} ago`)
      return warning(`on ${missed.length} of ${last.size} nodes, the last pod that asked the lock got no answer, and started without`, { items, hint })
    }
    if (last.size === 0) return skipped('no pod that is there tells whether it has reached a lock; it can be told once one has asked')
    return ok(`pods have reached the lock on ${counted(last.size, 'node')}`)
  })
}

const waitingWell = new Set(['ContainerCreating', 'PodInitializing'])

/** The image of the init container runs on every node: the pods of the locks hold it there. */
export function judgeImage(facts: Facts): Finding {
  return noLock(facts) ?? whenTold(facts.lockPods, (pods) => {
    const holds = pods.map((pod) => ({ pod, status: named(objectsAt(pod, 'status', 'containerStatuses'), 'hold') }))
    const items = holds.flatMap(({ pod, status }) => {
      if (at(status, 'state', 'running') !== undefined) return []
      const reason = textAt(status, 'state', 'waiting', 'reason') ?? textAt(status, 'state', 'terminated', 'reason')
      return reason === undefined || waitingWell.has(reason) ? [] : [`${textAt(pod, 'spec', 'nodeName') ?? nameOf(pod)}: ${reason}`]
    })
    const hanging = (valueOf(facts.pods) ?? []).filter(({ hangs }) => hangs !== undefined).map(({ name, hangs }) => `${name} hangs: ${hangs ?? ''}`)
    const hint = 'see waitImage and imagePullSecrets of the chart; usher rescue frees pods that hang already'
    if (items.length > 0 || hanging.length > 0) return failed('the image of the init container does not run', { items: [...items, ...hanging], hint })
    const running = holds.filter(({ status }) => at(status, 'state', 'running') !== undefined).length
    return running === 0 ? skipped('no pod of a lock holds the image yet') : ok(`the image of the init container runs on ${counted(running, 'node')}`)
  })
}
