import { isIdentified, keyOf } from '../../src/lock/queue/queue.ts'
import type { Decision } from '../../src/lock/queue/decisions.ts'
import type { QueueEvent, RequestEvent } from '../../src/lock/queue/events.ts'
import type { QueueSettings } from '../../src/lock/queue/settings.ts'

/** Who waits, as told by events and decisions. */
export interface Waiter {
  readonly key: string
  readonly pod: string | undefined
  readonly peer: string
  readonly stale: string | undefined
  readonly arrival: number
  readonly arrivedAt: number
  weight: number
  priority: number
  reserve: number
  leaseMs: number
  deadline: number | undefined
  held: number
  absentSince: number | undefined
}

/** Who has a lease, as told by events and decisions. */
export interface Holder {
  readonly key: string
  readonly grant: 'floor' | 'idle-core' | 'overdue'
  readonly permits: number
  readonly reserve: number
  readonly arrivedAt: number
  readonly grantedAt: number
  endsAt: number
  endCause: 'lease-end' | 'blind-hold'
  crashing: boolean
  claimed: boolean
  absentSince: number | undefined
}

interface Reading {
  readonly at: number
  readonly idleCores: number
  readonly windowMs: number
}

interface Closed {
  readonly since: number
  reason: string
  isTold: boolean
}

/** Keeps what has happened to a queue, without deciding anything: it follows the events, and the decisions. */
export class QueueRecord {
  readonly settings: QueueSettings
  readonly waiters = new Map<string, Waiter>()
  readonly holders = new Map<string, Holder>()
  readonly closed = new Map<string, Closed>()
  /** Since when gates had been closed, and when they were found open. */
  readonly opened = new Map<string, { readonly since: number; readonly at: number }>()
  readonly readings: Reading[] = []
  readonly ever = new Set<string>()
  now: number
  arrivals = 0
  lastOverdueAt = -Infinity

  constructor(settings: QueueSettings, now: number) {
    this.settings = settings
    this.now = now
  }

  /** What the time that has come ends, with causes, before anything else happens. */
  due(): Map<string, string> {
    const due = new Map<string, string>()
    for (const holder of this.holders.values()) {
      if (holder.endsAt <= this.now) due.set(holder.key, holder.endCause)
      else if (isOver(holder.absentSince, this.now)) due.set(holder.key, 'unclaimed')
    }
    for (const { key, absentSince } of this.waiters.values()) if (isOver(absentSince, this.now)) due.set(key, 'left')
    return due
  }

  /** An event changes what is known of the clients, the node and the gates, before anything is decided. */
  take(event: QueueEvent): void {
    if (event.kind === 'request' && event.uid !== undefined) this.#askAgain(keyOf(event.uid), event)
    if (event.kind === 'left') this.#leave(event.key)
    if (event.kind === 'started' && !event.hasProbes) this.#start(keyOf(event.uid))
    if (event.kind === 'load') {
      const { idleCores, pressure, windowMs } = event
      const isPressed = pressure !== undefined && pressure > this.settings.pressureBound
      this.readings.push({ at: this.now, idleCores: isPressed ? 0 : idleCores, windowMs: Math.max(0, windowMs) })
    }
    if (event.kind === 'learned') {
      for (const uid of event.uids) {
        const waiter = this.waiters.get(keyOf(uid))
        if (waiter !== undefined) waiter.reserve = reserveOf(event.reserve)
      }
    }
    if (event.kind === 'gate') {
      const { name, open, reason } = event
      const [closed, opened] = [this.closed.get(name), this.opened.get(name)]
      if (open && closed !== undefined) this.opened.set(name, { since: closed.since, at: this.now })
      const isSoon = opened !== undefined && this.now - opened.at <= 60_000
      if (open) this.closed.delete(name)
      else this.closed.set(name, { since: isSoon ? opened.since : this.now, isTold: false, ...closed, reason })
    }
    const told = event.kind === 'delivered' ? this.holders.get(event.key) : undefined
    if (told !== undefined) Object.assign(told, { claimed: true, absentSince: undefined })
    const crashing = event.kind === 'crashing' ? this.holders.get(keyOf(event.uid)) : undefined
    if (crashing !== undefined) crashing.crashing = true
  }

  /** A decision that was found to be right. */
  follow(decision: Decision, event: QueueEvent): void {
    switch (decision.kind) {
      case 'placed':
        if (decision.isNew && event.kind === 'request') this.#place(decision.key, event)
        break
      case 'granted':
        if (!decision.again) this.#grant(decision.key, decision.lease.grant)
        break
      case 'released':
        this.holders.delete(decision.key)
        break
      case 'dropped':
        this.waiters.delete(decision.key)
        break
      case 'gate': {
        const closed = this.closed.get(decision.name)
        if (closed !== undefined && decision.overdue) closed.isTold = true
        break
      }
      case 'rejected':
        break
    }
  }

  /** All decisions are made: a request that does not wait is over. */
  finish(event: QueueEvent): void {
    if (event.kind === 'request' && !event.waits && event.uid !== undefined && this.waiters.has(keyOf(event.uid))) this.#leave(keyOf(event.uid))
  }

  /** The service is started anew. */
  restart(now: number): void {
    this.now = Math.max(this.now, now)
    for (const closed of this.closed.values()) closed.reason = ''
    this.readings.length = 0
    for (const waiter of this.waiters.values()) {
      if (waiter.key.startsWith('uid:')) Object.assign(waiter, { held: 0, absentSince: this.now })
      else this.waiters.delete(waiter.key)
    }
    for (const holder of this.holders.values()) {
      holder.absentSince = holder.absentSince === undefined ? undefined : this.now
    }
  }

  permitsOf({ weight }: Waiter): number {
    return Math.min(weight, this.settings.permits)
  }

  used(): number {
    return this.holders.values().reduce((sum, { permits }) => sum + permits, 0)
  }

  /** Who loses its turn first to those who wait, of the pods that crash-loop: whoever has had it for longest. */
  firstCrashing(): string | undefined {
    return this.holders.values().find(({ crashing }) => crashing)?.key
  }

  /** Whether the next one fits into the permits that are free. */
  isNextFree(): boolean {
    const [next] = this.inOrder()
    return next !== undefined && this.holdingGates().length === 0 && this.used() + this.permitsOf(next) <= this.settings.permits
  }

  /** Whether a pod that waits can be granted for an idle core. */
  isCoreFree(): boolean {
    if (this.settings.strict || this.holdingGates().length > 0) return false
    const next = this.inOrder().find(({ key }) => isIdentified(key))
    return next !== undefined && this.isIdleFor(next)
  }

  /** Names of the gates that hold everybody up. */
  holdingGates(): string[] {
    return [...this.closed].filter(([, { since }]) => !this.isTooLong(since)).map(([name]) => name)
  }

  isTooLong(since: number): boolean {
    return this.settings.gateMaxWaitMs > 0 && this.now - since >= this.settings.gateMaxWaitMs
  }

  /**
   * Whether all readings of the last half second, as far as there are any, say that a core was idle, and as much of one
   * as it takes beside what those take who were granted in the last 1.5 s.
   */
  isIdleFor({ reserve }: Pick<Waiter, 'reserve'>): boolean {
    const unseen = [...this.holders.values()].filter(({ grantedAt }) => grantedAt > this.now - 1_500)
    const needed = Math.max(1, unseen.reduce((sum, each) => sum + each.reserve, reserve)) * this.settings.idleCores
    let idleSince = Infinity
    let later = this.now
    for (const { at, idleCores, windowMs } of this.readings.toReversed()) {
      if (later - at > 1_500) break
      if (idleCores < needed) {
        idleSince = Math.max(idleSince, at)
        break
      }
      idleSince = at - windowMs
      later = at
      if (at <= this.now - 500) break
    }
    return idleSince <= this.now - 500
  }

  /** Who is served first: who has waited for a minute, then by priority, then who came first. */
  inOrder(): Waiter[] {
    const rank = ({ arrivedAt, priority }: Waiter): number => (this.now - arrivedAt >= 60_000 ? Infinity : priority)
    return [...this.waiters.values()].toSorted((a, b) => (rank(a) === rank(b) ? a.arrival - b.arrival : rank(a) > rank(b) ? -1 : 1))
  }

  /** Those who said how long they wait, who ends first before. */
  ending(): { readonly key: string; readonly deadline: number; readonly arrival: number }[] {
    return [...this.waiters.values()]
      .flatMap(({ key, deadline, arrival }) => (deadline === undefined || deadline <= this.now ? [] : [{ key, deadline, arrival }]))
      .toSorted((a, b) => a.deadline - b.deadline || a.arrival - b.arrival)
  }

  /** Whether one of those who end has to go now, for all of them to go in time, a second apart. */
  isOverdue(): boolean {
    return this.ending().some(({ deadline }, index) => this.now >= deadline - 1_000 - index * 1_000)
  }

  /** Whether one of them can be granted for it. */
  isOverdueFree(): boolean {
    return this.isOverdue() && this.now - this.lastOverdueAt >= 1_000
  }

  /** Who has to go first of those who have to go now, if somebody has: who came first. */
  firstOverdue(): string | undefined {
    const ending = this.ending()
    const isDue = (from: number): boolean =>
      ending.some(({ deadline }, index) => index >= from && this.now >= deadline - 1_000 - (index - from) * 1_000)
    return ending.filter((_each, index) => isDue(index)).toSorted((a, b) => a.arrival - b.arrival)[0]?.key
  }

  #askAgain(key: string, event: RequestEvent): void {
    const holder = this.holders.get(key)
    if (holder !== undefined) holder.absentSince = undefined
    const waiter = this.waiters.get(key)
    if (waiter !== undefined) Object.assign(waiter, this.#wishes(event), { held: waiter.held + 1, absentSince: undefined })
  }

  #wishes({ uid, weight, priority, reserve, leaseMs, leftMs }: RequestEvent): Pick<Waiter, 'weight' | 'priority' | 'reserve' | 'leaseMs' | 'deadline'> {
    const usual = uid === undefined ? this.settings.anonymousLeaseMs : this.settings.identifiedLeaseMs
    return {
      weight: Math.max(1, Math.min(1_000, weight)),
      priority,
      reserve: reserveOf(reserve),
      leaseMs: Math.max(0, Math.min(this.settings.leaseCapMs, leaseMs ?? usual)),
      deadline: leftMs === undefined || uid === undefined ? undefined : this.now + Math.max(0, leftMs),
    }
  }

  #place(key: string, event: RequestEvent): void {
    this.ever.add(key)
    const { pod, peer, stale } = event
    const comes = { arrival: this.arrivals++, arrivedAt: this.now, held: 1, absentSince: undefined }
    this.waiters.set(key, { key, pod, peer, stale, ...comes, ...this.#wishes(event) })
  }

  #grant(key: string, grant: Holder['grant']): void {
    const waiter = this.waiters.get(key)
    if (waiter === undefined) throw new Error(`${key} is granted and does not wait`)
    this.waiters.delete(key)
    if (grant === 'overdue') this.lastOverdueAt = this.now
    this.holders.set(key, {
      key,
      grant,
      permits: grant === 'floor' ? this.permitsOf(waiter) : 0,
      reserve: waiter.reserve,
      arrivedAt: waiter.arrivedAt,
      grantedAt: this.now,
      endsAt: this.now + waiter.leaseMs,
      endCause: 'lease-end',
      crashing: false,
      claimed: false,
      absentSince: waiter.absentSince,
    })
  }

  #leave(key: string): void {
    const holder = this.holders.get(key)
    if (holder !== undefined && !holder.claimed) holder.absentSince = this.now
    const waiter = this.waiters.get(key)
    if (waiter === undefined || waiter.held === 0) return
    waiter.held--
    if (waiter.held === 0) waiter.absentSince = this.now
  }

  #start(key: string): void {
    const holder = this.holders.get(key)
    const end = this.now + this.settings.blindHoldMs
    if (holder !== undefined && end < holder.endsAt) Object.assign(holder, { endsAt: end, endCause: 'blind-hold' })
  }
}

/** A quarter of a core at the least, and all of it where nothing is known. */
function reserveOf(reserve = 1): number {
  return Math.max(0.25, Math.min(1, reserve))
}

/** Whether somebody has been away for too long. */
function isOver(absentSince: number | undefined, now: number): boolean {
  return absentSince !== undefined && now - absentSince >= 10_000
}
