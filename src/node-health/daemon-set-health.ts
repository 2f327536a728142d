import type { Boot } from './boot.ts'
import type { DaemonPod } from './daemon-pod.ts'
import { type DaemonSetFacts, readDaemonSet } from './daemon-set.ts'
import { type DaemonSetFilter, isWanted } from './filter.ts'
import { judge, type Verdict } from './judge.ts'
import { type NodeFacts, readNode } from './node.ts'
import { placementOn } from './placement.ts'
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

  /**
   * Whether a pod shows that the API server has to be asked again: its DaemonSet would count here, and was not there when it
   * told last, or had nothing to run here, as where a taint of a new node has gone meanwhile.
   */
  isUnexpected({ namespace, owner, isOver }: DaemonPod): boolean {
    const { filter } = this.#options
    if (this.#node === undefined || isOver || (filter.namespace ?? namespace) !== namespace) return false
    if (!this.#known.has(owner)) return true
    const daemonSet = this.#daemonSets.find(({ uid }) => uid === owner)
    return daemonSet !== undefined && placementOn(daemonSet, this.#node) === 'none'
  }
}

/** A lock never waits for a lock: not for its own image, nor for that of the container that holds usher-wait's. */
function isLock({ labels }: DaemonSetFacts): boolean {
  return labels['app.kubernetes.io/name'] === 'usher' && labels['app.kubernetes.io/component'] === 'lock'
}
