import type { EventReason } from './reasons.ts'

/** Something of a pod that is due to be told as an Event. */
export interface Notice {
  readonly pod: NoticedPod
  readonly reason: EventReason
  /** What is told more than once of the same pod, reason and occasion is one Event, that counts. */
  readonly occasion: string
  /** When it became due, on the lock's clock. */
  readonly dueAt: number
  /** What there is to say when it is sent, which may be later; undefined: nothing any more. */
  readonly tell: () => Telling | undefined
}

/** The pod, as Kubernetes knows it. */
export interface NoticedPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** What an Event says. Times are on the lock's clock. */
export interface Telling {
  readonly message: string
  /** How often it has happened. */
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Takes what is due. */
export type Notices = (notice: Notice) => void
