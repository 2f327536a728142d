import type { Clock } from '../units/clock.ts'
import type { GateAnswer } from './depends-on/gated-pod.ts'
import type { PodSource } from './pods.ts'
import type { Ask } from './request.ts'
import type { Held } from './service.ts'
import { type TokenRefusal, verifyToken } from './token.ts'
import type { TokenKeys } from './token-keys.ts'

/** What somebody gets of whom nothing is known: what the older services gave anybody, or nothing. */
export type UnknownPolicy = 'anonymous' | 'refuse'

/** Who comes next for whoever asks. */
export interface NextInLine {
  ask(ask: Ask, peer: string, waitMs: number, answer: (answer: GateAnswer) => void): Held | undefined
}

/** Checks who asks, against what Kubernetes says, before the queue learns of it. */
export interface AskersOptions {
  /** Where those go who may ask: the queue, or what stands before it. */
  readonly service: NextInLine
  readonly pods: PodSource
  readonly clock: Clock
  readonly unknown: UnknownPolicy
  /** Where a uid has to be proved by a token; undefined: it need not. */
  readonly tokens?: TokenCheck | undefined
  /** A request was held until more was known of its pod. */
  readonly onParked?: () => void
}

/** How tokens are looked at. */
export interface TokenCheck {
  /** For whom they have to be issued. */
  readonly audience: string
  readonly keys: TokenKeys
  /** The wall clock, in milliseconds since 1970. */
  readonly wallNow: () => number
  /** A uid came without a token that proves it. */
  readonly refused: (reason: TokenFault) => void
}

/** Why a token proves no uid: what is wrong with it; there is none; it is of another pod. */
export type TokenFault = TokenRefusal | 'no-token' | 'of-another-pod'

/** Why somebody is refused. */
export type RefuseReason = 'unknown-pod' | 'not-your-address'

/** What a request gets: as {@link GateAnswer}, or a refusal. */
export type AskersAnswer = GateAnswer | { readonly kind: 'refused'; readonly reason: RefuseReason }

// A client waits for 5 s for an answer that it wants at once, and then asks again.
const firstListMs = 4_000
// The kubelet and we hear of a new pod at the same time; its init container takes a while to start.
const newPodMs = 2_000

type Verdict =
  | { readonly kind: 'ask'; readonly ask: Ask }
  | { readonly kind: 'refuse'; readonly reason: RefuseReason }
  /** It may be known in a moment. */
  | { readonly kind: 'park'; readonly ms: number }

/**
 * A uid counts where it is that of a pod that is bound to this node, and the address that asks is not known to be
 * another pod's; and where tokens are wanted, where one proves it. While the API server is not heard, a uid that is not
 * known is believed, since nobody can be asked, and so is one without a token before there are keys to verify it with.
 */
export class Askers {
  readonly #options: AskersOptions
  readonly #startedAt: number
  /** Those who are held, in the order in which they came, with whom they say they are. */
  readonly #parked = new Map<(isLast: boolean) => void, string | undefined>()
  readonly #unwatch: () => void
  #isClosed = false

  constructor(options: AskersOptions) {
    this.#options = options
    this.#startedAt = options.clock.now()
    const { pods } = options
    this.#unwatch = pods.watch({
      changed: (_pod, before) => {
        // Not in the order of a list that is not whole yet.
        if (before === undefined && pods.health().state !== 'starting') this.#retry()
      },
      gone() {},
      synced: () => this.#retry(),
    })
  }

  /** As {@link NextInLine.ask}; `token` is what the request came with. */
  ask(said: Ask, peer: string, waitMs: number, answer: (answer: AskersAnswer) => void, token?: string): Held | undefined {
    const { service, clock } = this.#options
    const ask = this.#proved(said, token)
    const beganAt = clock.now()
    const verdict = this.#judge(ask, peer, beganAt, this.#isClosed)
    if (verdict.kind === 'ask') return service.ask(verdict.ask, peer, waitMs, answer)
    if (verdict.kind === 'refuse') {
      answer({ kind: 'refused', reason: verdict.reason })
      return undefined
    }
    return this.#park(ask, peer, waitMs, beganAt, verdict.ms, answer)
  }

  /** Judges all that are held here, and whoever still comes, by what is known. */
  close(): void {
    this.#isClosed = true
    this.#unwatch()
    for (const again of this.#parked.keys()) again(true)
  }

  /** Those with the highest priority first, and else who came first: nobody of them had a place in the queue yet. */
  #retry(): void {
    const priorityOf = (uid: string | undefined): number => (uid === undefined ? undefined : this.#options.pods.find(uid)?.priority) ?? 0
    const inOrder = [...this.#parked].toSorted(([, left], [, right]) => priorityOf(right) - priorityOf(left))
    for (const [again] of inOrder) again(false)
  }

  /** The same without its uid, where a token has to prove that and does not. */
  #proved(ask: Ask, token: string | undefined): Ask {
    const { tokens, pods } = this.#options
    if (tokens?.keys.isKnown() !== true || pods.health().state === 'none') return ask
    const { audience, keys, wallNow } = tokens
    if (token === undefined) return ask.uid === undefined ? ask : this.#unproved(ask, 'no-token')
    const verdict = verifyToken(token, { audience, keys, nowMs: wallNow() })
    if (verdict.kind === 'refused') return this.#unproved(ask, verdict.reason)
    const { uid } = verdict.pod
    return ask.uid === undefined || ask.uid === uid ? { ...ask, uid } : this.#unproved(ask, 'of-another-pod')
  }

  #unproved(ask: Ask, reason: TokenFault): Ask {
    this.#options.tokens?.refused(reason)
    return { ...ask, uid: undefined }
  }

  #park(ask: Ask, peer: string, waitMs: number, beganAt: number, ms: number, answer: (answer: AskersAnswer) => void): Held {
    const { service, clock, onParked } = this.#options
    let inner: Held | undefined
    let isOver = false
    const leave = (): void => {
      isOver = true
      cancel()
      this.#parked.delete(again)
    }
    const again = (isLast: boolean): void => {
      const verdict = this.#judge(ask, peer, beganAt, isLast)
      if (verdict.kind === 'park') {
        // The first list, of which it is not, has come: it may be new.
        cancel()
        cancel = clock.after(verdict.ms, () => again(true))
        return
      }
      leave()
      if (verdict.kind === 'refuse') answer({ kind: 'refused', reason: verdict.reason })
      else {
        const parkedMs = clock.now() - beganAt
        const { leftMs } = verdict.ask
        const left = leftMs === undefined ? undefined : Math.max(0, leftMs - parkedMs)
        inner = service.ask({ ...verdict.ask, leftMs: left }, peer, Math.max(0, waitMs - parkedMs), answer)
      }
    }
    let cancel = clock.after(ms, () => again(true))
    this.#parked.set(again, ask.uid)
    onParked?.()
    return {
      cancel() {
        if (!isOver) leave()
        inner?.cancel()
      },
    }
  }

  #judge(ask: Ask, peer: string, beganAt: number, isLast: boolean): Verdict {
    const { pods, clock, unknown } = this.#options
    const { uid } = ask
    const { state } = pods.health()
    if (state === 'none') return { kind: 'ask', ask }
    const now = clock.now()
    if (uid !== undefined) {
      const pod = pods.find(uid)
      if (pod === undefined && !isLast) {
        const parkedMs = state === 'starting' ? firstListMs - (now - this.#startedAt) : newPodMs - (now - beganAt)
        if (state !== 'lost' && parkedMs > 0) return { kind: 'park', ms: parkedMs }
      }
      const owner = pods.ownerOf(peer)
      if (owner !== undefined && owner !== uid) return { kind: 'refuse', reason: 'not-your-address' }
      if (pod !== undefined ? !pod.isOver : state !== 'connected') return { kind: 'ask', ask }
    }
    if (unknown === 'refuse') return { kind: 'refuse', reason: 'unknown-pod' }
    return { kind: 'ask', ask: { ...ask, uid: undefined } }
  }
}
