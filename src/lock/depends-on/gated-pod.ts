import type { Answer } from '../service.ts'
import type { DependencyState } from './assess.ts'

/** A pod that waits for what it depends on. Times by the lock's clock. */
export interface GatedPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** The address that has asked last. */
  readonly peer: string
  readonly since: number
  readonly states: readonly DependencyState[]
  /** For people: what its usher-wait and its Events show, whose readers may see its namespace alone. */
  readonly detail: string
  /** The way from what it waits for back to it, by keys of targets, of whatever namespaces; undefined: none is known. */
  readonly cycle: readonly string[] | undefined
  /** Whether a request of it is held now. */
  readonly isConnected: boolean
}

/** What a restart needs to know: whose time goes on. */
export interface KeptGated {
  readonly uid: string
  readonly since: number
}

/** What a request gets: as {@link Answer}, or what comes of what its pod depends on. */
export type GateAnswer =
  | Answer
  /** Not yet, or, told once, without what it goes on. `superseded`: the same pod has asked once more meanwhile. */
  | { readonly kind: 'gated'; readonly key: string; readonly superseded: boolean; readonly pod: GatedPod }
  /** It need not wait any more, and wants no permit. */
  | { readonly kind: 'passed' }
  /** Something has timed out, and its author wants the init container to fail. */
  | { readonly kind: 'failed'; readonly pod: GatedPod }

/** What happens to those who wait. `left`: the pod is gone, or asks no more. */
export interface GateNews {
  readonly kind: 'waits' | 'passed' | 'failed' | 'left'
  readonly pod: GatedPod
}
