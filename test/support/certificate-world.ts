import { setImmediate as turn } from 'node:timers/promises'
import { certificatesIn } from '../../src/certs/bundle.ts'
import { issueWithOwnCa } from '../../src/certs/issue.ts'
import type { Callers, Keeper, StoredSecret } from '../../src/certs/keeper-ports.ts'
import { keepCertificate } from '../../src/certs/keeper.ts'
import { type SecretData, type TrustedPair, trustedPairOf } from '../../src/certs/secret.ts'
import { FakeClock } from './fake-clock.ts'

/** The name for which certificates are made. */
export const worldName = 'usher-webhook.usher-system.svc'

/** When it all begins; no time that a test's machine has. */
const beginMs = Date.parse('2031-05-06T07:08:09Z')

/** What callers trust since a time. */
export interface View {
  readonly sinceMs: number
  readonly bundles: readonly string[]
  /** Whether it was not a keeper that has put it there. */
  readonly isTampered: boolean
}

/** How one replica is started. */
export interface ReplicaOptions {
  /** By how much its clock is ahead. */
  readonly aheadMs?: number
  /** Whether it may put CAs into the configuration. */
  readonly hasCallers?: boolean
  /** Called with what is to be served; may throw. */
  readonly serve?: (pair: TrustedPair) => void
}

/** A replica, and what it serves. */
export interface Replica {
  readonly told: string[]
  readonly keeper: Keeper
  served(): TrustedPair | undefined
  stop(): void
}

/** What an operation of the API server meets. */
export interface Weather {
  /** How long it takes to get there, and its answer back. */
  delayMs(): number
  /** `refused`: nothing is done. `lost`: it is done, and nobody hears of it. */
  fate(): 'done' | 'refused' | 'lost'
}

const fair: Weather = { delayMs: () => 0, fate: () => 'done' }

/** An API server with one Secret and one webhook configuration, replicas, and a clock that a test moves. */
export class CertificateWorld {
  readonly clock = new FakeClock()
  readonly lifeMs: number
  readonly views: View[] = [{ sinceMs: 0, bundles: ['', '', ''], isTampered: true }]
  weather = fair
  random = (): number => 0.5
  /** The API server's own clock is ahead of the truth by so much. */
  serverAheadMs = 0
  #secret: { readonly data: SecretData; readonly version: number } | undefined
  #version = 0
  #putMs = 0
  #issuing = 0

  constructor(lifeMs: number) {
    this.lifeMs = lifeMs
  }

  /** Milliseconds since 1970, by the API server's clock. */
  now(): number {
    return beginMs + this.clock.now() + this.serverAheadMs
  }

  get secret(): SecretData | undefined {
    return this.#secret?.data
  }

  /** Writes the Secret, or deletes it, as somebody does who is no replica. */
  put(data: SecretData | undefined): void {
    this.#secret = data === undefined ? undefined : { data, version: ++this.#version }
    this.#putMs = this.clock.now()
  }

  /** When the Secret was last written or deleted. */
  get putMs(): number {
    return this.#putMs
  }

  get view(): View {
    const last = this.views.at(-1)
    if (last === undefined) throw new Error('there is always one')
    return last
  }

  /** Writes the configuration, as somebody does who is no replica. */
  tamper(bundles: readonly string[]): void {
    this.#show(bundles, true)
  }

  start({ aheadMs = 0, hasCallers = true, serve = () => {} }: ReplicaOptions = {}): Replica {
    const told: string[] = []
    let served: TrustedPair | undefined
    const keeper = keepCertificate(
      {
        secrets: { read: (signal) => this.#reach(signal, () => this.#read()) },
        callers: hasCallers ? { read: (signal) => this.#reach(signal, () => this.#look()) } : undefined,
        name: worldName,
        issue: (now) => this.#issue(now),
        lifeMs: this.lifeMs,
        random: () => this.random(),
        clock: {
          now: () => beginMs + this.clock.now() + aheadMs,
          elapsed: () => this.clock.now(),
          wait: (ms, signal) => this.#wait(ms, signal),
        },
      },
      {
        certificate(pair) {
          serve(pair)
          served = pair
          told.push('certificate')
        },
        changed: (step, _shared, fault) => told.push(fault === undefined ? step : `${step}: ${fault}`),
        trusted: () => told.push('trusted'),
        skewed: (ms) => told.push(`skewed: ${Math.round(ms / 60_000)} min`),
        failed: (step, error) => told.push(`failed: ${step}: ${error instanceof Error ? error.message : ''}`),
      },
    )
    return { told, keeper, served: () => served, stop: () => keeper.stop() }
  }

  /** Lets time pass; `check` is called whenever something may have happened. */
  async pass(ms: number, check: () => void = () => {}): Promise<void> {
    const end = this.clock.now() + ms
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#quiet()
      check()
      const next = this.clock.nextAt
      if (next === undefined || next > end) break
      this.clock.advance(Math.max(0, next - this.clock.now()))
    }
    this.clock.advance(end - this.clock.now())
    await this.#quiet()
    check()
  }

  #read(): StoredSecret {
    const found = this.#secret
    return {
      data: found?.data,
      at: Math.floor(this.now() / 1_000) * 1_000,
      write: (data, signal) =>
        this.#reach(signal, () => {
          if (this.#secret?.version !== found?.version) return false
          this.put(data)
          return true
        }),
    }
  }

  #look(): Callers {
    const found = this.view
    return {
      bundles: found.bundles,
      trust: (ca, signal) =>
        this.#reach(signal, () => {
          if (this.view !== found) return false
          if (found.bundles.some((bundle) => bundle !== ca)) this.#show(found.bundles.map(() => ca), false)
          return true
        }),
    }
  }

  #show(bundles: readonly string[], isTampered: boolean): void {
    this.views.push({ sinceMs: this.clock.now(), bundles, isTampered })
  }

  async #reach<T>(signal: AbortSignal, act: () => T): Promise<T> {
    const [there, back, fate] = [this.weather.delayMs(), this.weather.delayMs(), this.weather.fate()]
    await this.#wait(there)
    if (fate === 'refused') throw new Error('refused')
    const result = act()
    await this.#wait(back)
    if (fate === 'lost' || signal.aborted) throw new Error('lost')
    return result
  }

  #wait(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (ms <= 0 || signal?.aborted === true) return Promise.resolve()
    const cancel = this.clock.after(ms, resolve)
    signal?.addEventListener('abort', () => {
      cancel()
      resolve()
    })
    return promise
  }

  async #issue(now: Date): Promise<TrustedPair> {
    this.#issuing++
    try {
      return trustedPairOf(await issueWithOwnCa([worldName], this.lifeMs, now))
    } finally {
      this.#issuing--
    }
  }

  /** Until nothing goes on any more but waiting; what is issued takes real time. */
  async #quiet(): Promise<void> {
    do {
      // oxlint-disable-next-line no-await-in-loop
      await turn()
    } while (this.#issuing > 0)
  }
}

/** Whether a certificate verifies with what a caller trusts. */
export function isTrustedBy({ ca }: TrustedPair, bundle: string): boolean {
  let ids = idsOf.get(bundle)
  if (ids === undefined) idsOf.set(bundle, (ids = new Set(certificatesIn(bundle).map(({ id }) => id))))
  return ids.has(ca.id)
}

// The same few, again and again.
const idsOf = new Map<string, ReadonlySet<string>>()
