import type { Lease } from '../../../src/lock/queue/state.ts'

/** Somebody asks for the lock, with all that can be said; `undefined` where nothing is. */
export interface Wish {
  readonly uid: string | undefined
  readonly pod: string | undefined
  readonly peer: string
  readonly weight: number | undefined
  readonly durationS: number | undefined
  readonly maxWaitS: number | undefined
  /** Of the header `Prefer`. */
  readonly waitS: number | undefined
}

/** What a request is to be answered with; `position` is that of a 423. */
export type Expected = { readonly status: number; readonly position?: number } | 'broken'

/** A gate as the service is to show it. */
export interface GateModel {
  open: boolean
  reason: string
  since: number
}

/** A start as the service is to show it. */
export type StartModel = Pick<Lease, 'pod' | 'grant'> & { readonly cause: string; readonly endedAt: number }
