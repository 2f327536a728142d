import type { Boot } from './boot.ts'
import type { DaemonPod } from './daemon-pod.ts'
import { type DaemonSetFacts, readDaemonSet } from './daemon-set.ts'
import { type DaemonSetFilter, isWanted } from './filter.ts'
import { judge, type Verdict } from './judge.ts'
import { type NodeFacts, readNode } from './node.ts'
import type { JsonObject } from '../units/json.ts'

/** What the API server has told: a Node, and the DaemonSets of the filter's namespace. */
export interface NodeLook {
  readonly node: JsonObject
  readonly daemonSets: readonly JsonObject[]
}

/** Which DaemonSets are looked at, and by what they are judged. */
export interface DaemonSetHealthOptions {
  readonly filter: DaemonSetFilter
  readonly boot: Boot
  /** The uid of the pod that asks, whose own DaemonSet waits for nothing here; undefined: it is in none. */
  readonly ownPod: string | undefined
}

/** The DaemonSets of a node, as they were told last. */
export class DaemonSetHealth {
  readonly #options: DaemonSetHealthOptions
  #node: NodeFacts | undefined
  #daemonSets: readonly DaemonSetFacts[] = []
  #known: ReadonlySet<string> = new Set()

  constructor(options: DaemonSetHealthOptions) {
    this.#options = options
  }

  /** Learns what there is; nothing of an answer that holds no Node. */
  learn({ node, daemonSets }: NodeLook): void {
    const facts = readNode(node)
    if (facts === undefined) return
    const all = daemonSets.map(readDaemonSet).filter((each) => each !== undefined)
    this.#node = facts
    this.#daemonSets = all.filter((each) => isWanted(each, this.#options.filter) && !isLock(each))
    this.#known = new Set(all.map(({ uid }) => uid))
  }

  /** Undefined: it is not known yet what there is. */
  judge(pods: readonly DaemonPod[]): Verdict | undefined {
    const { boot, ownPod } = this.#options
    boot.note(pods)
    if (this.#node === undefined) return undefined
    const own = pods.find(({ uid }) => uid === ownPod)?.owner
    return judge(own === undefined ? this.#daemonSets : this.#daemonSets.filter(({ uid }) => uid !== own), this.#node, pods, boot)
  }

  /** Whether a pod's DaemonSet was not there when the API server told last, and would count here. */
  isNew({ namespace, owner }: DaemonPod): boolean {
    const { filter } = this.#options
    return this.#node !== undefined && !this.#known.has(owner) && (filter.namespace ?? namespace) === namespace
  }
}

/** A lock never waits for a lock: not for its own image, nor for that of the container that holds usher-wait's. */
function isLock({ labels }: DaemonSetFacts): boolean {
  return labels['app.kubernetes.io/name'] === 'usher' && labels['app.kubernetes.io/component'] === 'lock'
}
