import type { Decision, DropCause, RejectReason, ReleaseCause } from './decisions.ts'
import type { PodEvent, QueueEvent, RequestEvent } from './events.ts'
import { Gates } from './gates.ts'
import { hasIdleCore, idleCoreAt, readLoad, type Unseen, unknownLoad } from './load.ts'
import { aheadOf, firstOf } from './order.ts'
import { type Ending, endingsOf, nextOverdue } from './overdue.ts'
import { absentKeepMs, agingMs, leastReserve, type QueueSettings, unseenMs, weightCap } from './settings.ts'
import type { ClosedGate, KeptGate, Lease, LoadState, Place, QueueState } from './state.ts'

/**
 * The queue of one node: who starts, who waits. Events go in, decisions come out; time is an argument, nothing else
 * is looked at, so the same events at the same times give the same state and the same decisions.
 *
 * What always holds, after every event (each is a property in test/lock/queue/):
 *
 * 1. Leases within the floor never have more permits than there are. One whose weight is larger than all permits
 *    takes them all, and is alone among them.
 * 2. A further lease is granted only to an identified client, on a node that had an idle core for it through the last
 *    half second, with no pressure above the bound, beside what leases take that were granted in the last 1.5 s: each of
 *    them one, and so does itself, or less of it where it is known to need less; and never where the queue is strict.
 * 3. An overdue lease is granted only to an identified client that has said how long it waits, at least a second after
 *    the last such.
 * 4. While a gate is closed, and has not been for too long, nobody is granted but who is overdue.
 * 5. Every lease ends, at the latest at the cap after its grant.
 * 6. A node that is idle, by 2, keeps no identified client waiting.
 * 7. Free permits, with open gates, mean that nobody waits, or that the next has more weight than is free.
 * 8. Nobody waits for ever while others are served: who has waited for a minute is passed by nobody who came later,
 *    except by who is overdue, and anonymous clients by an identified one for which a core is idle.
 * 9. A pod has one place or one lease, however often it asks; its lease is told again, never doubled.
 * 10. A place or lease that was given back, and all of a pod that is gone, is no more.
 * 11. A request that ends at any moment, that of its grant included, neither loses a permit nor doubles one: an
 *     anonymous lease that was not delivered ends at once, an identified one after ten seconds, unless it is asked for.
 * 12. No more wait than may, in all and of one peer.
 * 13. While somebody waits, no pod that crash-loops keeps its turn. It loses it for nobody who can be granted without.
 *
 * Long for one file: the invariants hold of all this state together, and nobody else may change a part of it. What can
 * be said without it stands beside it: order, load, gates, overdue.
 */
export class Queue {
  readonly #settings: QueueSettings
  readonly #waiting = new Map<string, Place>()
  readonly #leases = new Map<string, Lease>()
  readonly #gates: Gates
  readonly #waitingOf = new Map<string, number>()
  #now: number
  #sequence = 0
  #used = 0
  #lastOverdueAt: number | undefined
  #load: LoadState = unknownLoad
  // When the first of those who are away will have been for too long; or earlier.
  #absentEndAt = Infinity
  // Undefined: to be found out again.
  #endings: readonly Ending[] | undefined

  constructor(settings: QueueSettings, now: number) {
    this.#settings = settings
    this.#gates = new Gates(settings.gateMaxWaitMs)
    this.#now = now
  }

  /**
   * Goes on from a state of before. Anonymous places are gone with their connections; identified clients have the
   * usual time to ask again, gates go on from when they closed, and load is found out anew. `now` is not before the state's.
   */
  static restore(state: KeptState, settings: QueueSettings, now: number): Queue {
    const queue = new Queue(settings, now)
    queue.#sequence = state.sequence
    queue.#lastOverdueAt = earlier(state.lastOverdueAt, now)
    queue.#gates.restore(state.gates, state.opened, now)
    for (const lease of state.leases) {
      // Whoever was there to be told has most probably read it, and else asks again.
      const wasAway = lease.absentSince !== undefined
      const endsAt = Math.min(lease.endsAt, now + settings.leaseCapMs)
      queue.#addLease({ ...lease, endsAt, reserve: boundedReserve(lease.reserve), absentSince: wasAway ? now : undefined })
    }
    for (const place of state.waiting) {
      if (!isIdentified(place.key)) continue
      const bounded = {
        weight: clamp(place.weight, 1, weightCap),
        leaseMs: clamp(place.leaseMs, 0, settings.leaseCapMs),
        reserve: boundedReserve(place.reserve),
      }
      queue.#addPlace({ ...place, ...bounded, arrivedAt: Math.min(place.arrivedAt, now), requests: 0, absentSince: now })
    }
    if (queue.#waiting.size > 0) queue.#absentEndAt = now + absentKeepMs
    return queue
  }

  /** Takes an event, and says what comes of it. A `now` before the last one counts as the last one. */
  apply(event: QueueEvent, now: number): readonly Decision[] {
    this.#now = Math.max(this.#now, now)
    const decisions: Decision[] = []
    this.#expire(decisions)
    switch (event.kind) {
      case 'request':
        return this.#request(event, decisions)
      case 'left':
        this.#leave(event.key, decisions)
        break
      case 'delivered': {
        const lease = this.#leases.get(event.key)
        if (lease !== undefined) {
          lease.claimed = true
          lease.absentSince = undefined
        }
        break
      }
      case 'given-back':
        this.#end(event.key, 'given-back', decisions)
        break
      case 'started':
      case 'ready':
      case 'crashing':
      case 'gone':
        this.#hear(event, decisions)
        break
      case 'gate': {
        const { name, open, reason } = event
        if (this.#gates.set(name, open, reason, this.#now)) decisions.push({ kind: 'gate', name, open, reason, overdue: false })
        break
      }
      case 'load':
        this.#load = readLoad(this.#load, event, this.#now, this.#settings)
        break
      case 'learned':
        this.#learn(event.uids, event.reserve)
        break
      case 'tick':
        break
    }
    this.#settle(decisions)
    return decisions
  }

  /** The time of the last event. */
  get now(): number {
    return this.#now
  }

  /** When time alone will change something, if nothing else does before; undefined: never. */
  nextChangeAt(): number | undefined {
    let next = this.#absentEndAt
    for (const { endsAt, absentSince } of this.#leases.values()) {
      next = Math.min(next, endsAt, absentSince === undefined ? Infinity : absentSince + absentKeepMs)
    }
    next = Math.min(next, this.#gates.nextChangeAt(), this.#nextOverdue()?.at ?? Infinity, this.#agedAt() ?? Infinity)
    if (this.#gates.areOpen()) next = Math.min(next, this.#nextExtra()?.at ?? Infinity)
    return next === Infinity ? undefined : Math.max(next, this.#now)
  }

  /** Somebody's place; undefined where it has none. */
  place(key: string): Place | undefined {
    return this.#waiting.get(key)
  }

  /** Somebody's lease; undefined where it has none. */
  lease(key: string): Lease | undefined {
    return this.#leases.get(key)
  }

  /** How many are served before somebody who waits. */
  ahead(place: Place): number {
    return aheadOf(this.#waiting.values(), place, this.#now)
  }

  /** The leases, oldest first. */
  leases(): Iterable<Lease> {
    return this.#leases.values()
  }

  /** Who waits, in no order but that of arrival. */
  waiting(): Iterable<Place> {
    return this.#waiting.values()
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Permits of the floor that are taken. */
  get used(): number {
    return this.#used
  }

  /** The gates that were found closed. */
  closedGates(): Iterable<ClosedGate> {
    return this.#gates.closed()
  }

  get load(): LoadState {
    return this.#load
  }

  /** What a restart needs. Shares its leases and places with the queue, which changes them: to be read at once. */
  kept(): KeptState {
    return {
      now: this.#now,
      sequence: this.#sequence,
      lastOverdueAt: this.#lastOverdueAt,
      leases: [...this.#leases.values()],
      waiting: Array.from(this.#waiting.values()).filter(({ key }) => isIdentified(key)),
      gates: Array.from(this.#gates.closed(), ({ name, since, overdue }) => ({ name, since, overdue })),
      opened: this.#gates.opened(),
    }
  }

  /** All that the queue knows; shares nothing with it. */
  state(): QueueState {
    return {
      now: this.#now,
      sequence: this.#sequence,
      lastOverdueAt: this.#lastOverdueAt,
      leases: Array.from(this.#leases.values(), (lease) => ({ ...lease })),
      waiting: Array.from(this.#waiting.values(), (place) => ({ ...place })),
      gates: Array.from(this.#gates.closed(), (gate) => ({ ...gate })),
      opened: this.#gates.opened(),
      load: this.#load,
    }
  }

  #request(event: RequestEvent, decisions: Decision[]): readonly Decision[] {
    const key = event.uid === undefined ? `anonymous:${this.#sequence}` : keyOf(event.uid)
    const lease = this.#leases.get(key)
    if (lease !== undefined) {
      lease.absentSince = undefined
      decisions.push({ kind: 'placed', key, isNew: false }, { kind: 'granted', key, lease, again: true })
      this.#settle(decisions)
      return decisions
    }
    const before = this.#waiting.get(key)
    if (before === undefined) {
      // What else is due comes first: nobody is turned away for the sake of who is about to go.
      this.#settle(decisions)
      const reason = this.#isFull(event.peer)
      if (reason !== undefined) return this.#turnAway(event, key, reason, decisions)
    }
    const place = before ?? this.#newPlace(key, event)
    if (before === undefined) this.#addPlace(place)
    place.requests++
    place.absentSince = undefined
    place.weight = clamp(event.weight, 1, weightCap)
    place.priority = event.priority
    place.reserve = boundedReserve(event.reserve)
    place.leaseMs = this.#leaseMs(event)
    // Anonymous clients are served from the floor alone.
    this.#setDeadline(place, event.uid === undefined ? undefined : event.leftMs)
    decisions.push({ kind: 'placed', key, isNew: before === undefined })
    this.#settle(decisions)
    if (!event.waits && this.#waiting.has(key)) this.#leave(key, decisions)
    return decisions
  }

  /** An anonymous client that does not wait wants no place: it is told that it is not yet, as by the older service. */
  #turnAway(event: RequestEvent, key: string, reason: RejectReason, decisions: Decision[]): readonly Decision[] {
    if (event.uid !== undefined || event.waits) decisions.push({ kind: 'rejected', reason })
    else {
      const place = this.#newPlace(key, event)
      decisions.push({ kind: 'placed', key, isNew: true }, { kind: 'dropped', key, place, cause: 'left' })
    }
    return decisions
  }

  #newPlace(key: string, event: RequestEvent): Place {
    return {
      key,
      pod: event.pod,
      peer: event.peer,
      stale: event.stale,
      sequence: this.#sequence++,
      arrivedAt: this.#now,
      weight: 1,
      priority: 0,
      reserve: 1,
      leaseMs: 0,
      deadline: undefined,
      requests: 0,
      absentSince: undefined,
    }
  }

  #isFull(peer: string): RejectReason | undefined {
    if (this.#waiting.size >= this.#settings.maxWaiting) return 'too-many-waiting'
    const ofPeer = this.#waitingOf.get(peer) ?? 0
    return ofPeer >= this.#settings.maxWaitingPerPeer ? 'too-many-waiting-from-peer' : undefined
  }

  #leaseMs({ uid, leaseMs }: RequestEvent): number {
    const { anonymousLeaseMs, identifiedLeaseMs, leaseCapMs } = this.#settings
    return clamp(leaseMs ?? (uid === undefined ? anonymousLeaseMs : identifiedLeaseMs), 0, leaseCapMs)
  }

  #setDeadline(place: Place, leftMs: number | undefined): void {
    const deadline = leftMs === undefined ? undefined : this.#now + Math.max(0, leftMs)
    if (deadline === place.deadline) return
    place.deadline = deadline
    this.#endings = undefined
  }

  /** A request of somebody is over, and nobody holds another for it. */
  #leave(key: string, decisions: Decision[]): void {
    const lease = this.#leases.get(key)
    if (lease !== undefined && !lease.claimed) {
      if (isIdentified(key)) lease.absentSince = this.#now
      else this.#end(key, 'unclaimed', decisions)
      return
    }
    const place = this.#waiting.get(key)
    if (place === undefined || place.requests === 0 || --place.requests > 0) return
    if (!isIdentified(key)) {
      this.#drop(place, 'left', decisions)
      return
    }
    place.absentSince = this.#now
    this.#absentEndAt = Math.min(this.#absentEndAt, this.#now + absentKeepMs)
  }

  #hear(event: PodEvent, decisions: Decision[]): void {
    const key = keyOf(event.uid)
    if (event.kind === 'gone') this.#end(key, 'gone', decisions)
    const lease = this.#leases.get(key)
    if (lease === undefined) return
    if (event.kind === 'ready') this.#release(lease, 'ready', decisions)
    if (event.kind === 'crashing') lease.crashing = true
    if (event.kind !== 'started' || event.hasProbes) return
    const end = this.#now + this.#settings.blindHoldMs
    if (end >= lease.endsAt) return
    lease.endsAt = end
    lease.endCause = 'blind-hold'
  }

  #learn(uids: readonly string[], reserve: number): void {
    for (const uid of uids) {
      const place = this.#waiting.get(keyOf(uid))
      if (place !== undefined) place.reserve = boundedReserve(reserve)
    }
  }

  /** Ends whatever somebody has. */
  #end(key: string, cause: 'gone' | 'given-back' | 'unclaimed', decisions: Decision[]): void {
    const lease = this.#leases.get(key)
    if (lease !== undefined) this.#release(lease, cause, decisions)
    const place = this.#waiting.get(key)
    if (place !== undefined && cause !== 'unclaimed') this.#drop(place, cause, decisions)
  }

  /** Does all that is due now. Granting may end at once (a lease of 0 s), so all take turns until nothing changes. */
  #settle(decisions: Decision[]): void {
    do this.#expire(decisions)
    while (this.#grantOne(decisions) || this.#endOneCrashLoop(decisions))
  }

  #expire(decisions: Decision[]): void {
    const now = this.#now
    for (const lease of this.#leases.values()) {
      if (lease.endsAt <= now) this.#release(lease, lease.endCause, decisions)
      else if (lease.absentSince !== undefined && lease.absentSince + absentKeepMs <= now) this.#release(lease, 'unclaimed', decisions)
    }
    for (const { name, reason } of this.#gates.expire(now)) decisions.push({ kind: 'gate', name, open: true, reason, overdue: true })
    if (this.#absentEndAt > now) return
    this.#absentEndAt = Infinity
    for (const place of this.#waiting.values()) {
      if (place.absentSince === undefined) continue
      const end = place.absentSince + absentKeepMs
      if (end <= now) this.#drop(place, 'left', decisions)
      else this.#absentEndAt = Math.min(this.#absentEndAt, end)
    }
  }

  #grantOne(decisions: Decision[]): boolean {
    if (this.#waiting.size === 0) return false
    if (this.#gates.areOpen()) {
      const free = this.#settings.permits - this.#used
      const next = free > 0 ? firstOf(this.#waiting.values(), this.#now, () => true) : undefined
      if (next !== undefined && this.#permitsOf(next) <= free) return this.#grant(next, 'floor', decisions)
      const extra = this.#nextExtra()
      if (extra !== undefined && extra.at <= this.#now) return this.#grant(extra.place, 'idle-core', decisions)
    }
    const overdue = this.#nextOverdue()
    if (overdue === undefined || overdue.at > this.#now) return false
    const place = this.#waiting.get(overdue.key)
    return place !== undefined && this.#grant(place, 'overdue', decisions)
  }

  /** Takes the oldest turn of a pod that crash-loops, for those who could not be granted without. */
  #endOneCrashLoop(decisions: Decision[]): boolean {
    if (this.#waiting.size === 0) return false
    for (const lease of this.#leases.values()) {
      if (!lease.crashing) continue
      this.#release(lease, 'crash-loop', decisions)
      return true
    }
    return false
  }

  #grant(place: Place, grant: Lease['grant'], decisions: Decision[]): true {
    const now = this.#now
    this.#removePlace(place)
    const lease: Lease = {
      key: place.key,
      pod: place.pod,
      peer: place.peer,
      stale: place.stale,
      grant,
      permits: grant === 'floor' ? this.#permitsOf(place) : 0,
      reserve: place.reserve,
      arrivedAt: place.arrivedAt,
      grantedAt: now,
      endsAt: now + place.leaseMs,
      endCause: 'lease-end',
      crashing: false,
      claimed: false,
      absentSince: place.absentSince,
    }
    this.#addLease(lease)
    if (grant === 'overdue') this.#lastOverdueAt = now
    decisions.push({ kind: 'granted', key: place.key, lease, again: false })
    return true
  }

  /** What a waiter takes of the floor: no more than all of it. */
  #permitsOf(place: Place): number {
    return Math.min(place.weight, this.#settings.permits)
  }

  /** Who is granted for an idle core next, and when, if nothing happens before; undefined: nobody, by what is known of the load. */
  #nextExtra(): { readonly place: Place; readonly at: number } | undefined {
    if (this.#settings.strict || !hasIdleCore(this.#load, this.#now, this.#settings)) return undefined
    const place = this.#firstIdentified()
    if (place === undefined) return undefined
    const at = this.#extraAt(place, this.#now)
    // Whoever is first by its age from then on may need more of a core than it, or less.
    const oldest = this.#oldestIdentified() ?? place
    const agedAt = oldest === place ? Infinity : oldest.arrivedAt + agingMs
    if (at !== undefined && at < agedAt) return { place, at }
    const whenAged = this.#extraAt(oldest, agedAt)
    return whenAged === undefined ? undefined : { place: oldest, at: whenAged }
  }

  /** From when on there is an idle core for it, `from` or later. */
  #extraAt({ reserve }: Place, from: number): number | undefined {
    const unseen: Unseen[] = []
    for (const lease of this.#leases.values()) {
      const until = lease.grantedAt + unseenMs
      if (until > from) unseen.push({ until, reserve: lease.reserve })
    }
    return idleCoreAt(this.#load, unseen, reserve, from, this.#settings)
  }

  /** When the oldest will go before a heavier one by its age, and be granted; undefined: that grants nothing. */
  #agedAt(): number | undefined {
    const [oldest] = this.#waiting.values()
    if (oldest === undefined || !this.#gates.areOpen() || this.#permitsOf(oldest) > this.#settings.permits - this.#used) return undefined
    return oldest.arrivedAt + agingMs
  }

  #firstIdentified(): Place | undefined {
    return firstOf(this.#waiting.values(), this.#now, ({ key }) => isIdentified(key))
  }

  #oldestIdentified(): Place | undefined {
    for (const place of this.#waiting.values()) if (isIdentified(place.key)) return place
    return undefined
  }

  #nextOverdue(): { readonly key: string; readonly at: number } | undefined {
    this.#endings ??= endingsOf(this.#waiting.values())
    return nextOverdue(this.#endings, this.#lastOverdueAt, this.#now)
  }

  #release(lease: Lease, cause: ReleaseCause, decisions: Decision[]): void {
    this.#leases.delete(lease.key)
    this.#used -= lease.permits
    decisions.push({ kind: 'released', key: lease.key, lease, cause })
  }

  #drop(place: Place, cause: DropCause, decisions: Decision[]): void {
    this.#removePlace(place)
    decisions.push({ kind: 'dropped', key: place.key, place, cause })
  }

  #addLease(lease: Lease): void {
    this.#leases.set(lease.key, lease)
    this.#used += lease.permits
  }

  #addPlace(place: Place): void {
    this.#waiting.set(place.key, place)
    this.#waitingOf.set(place.peer, (this.#waitingOf.get(place.peer) ?? 0) + 1)
    if (place.deadline !== undefined) this.#endings = undefined
  }

  #removePlace(place: Place): void {
    this.#waiting.delete(place.key)
    const left = (this.#waitingOf.get(place.peer) ?? 1) - 1
    if (left === 0) this.#waitingOf.delete(place.peer)
    else this.#waitingOf.set(place.peer, left)
    if (place.deadline !== undefined) this.#endings = undefined
  }
}

/** What of the state survives a restart. */
export type KeptState = Pick<QueueState, 'now' | 'sequence' | 'lastOverdueAt' | 'leases' | 'waiting' | 'opened'> & {
  readonly gates: readonly KeptGate[]
}

const identified = 'uid:'

/** The key of a pod. */
export function keyOf(uid: string): string {
  return `${identified}${uid}`
}

/** The uid of the pod whose key this is. */
export function uidOf(key: string): string {
  return key.slice(identified.length)
}

/** Whether a key is that of a pod. */
export function isIdentified(key: string): boolean {
  return key.startsWith(identified)
}

function earlier(time: number | undefined, now: number): number | undefined {
  return time === undefined ? undefined : Math.min(time, now)
}

/** What is not known takes a whole core. */
function boundedReserve(reserve = 1): number {
  return clamp(reserve, leastReserve, 1)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
