import { apiBackoff, backoffMs } from '../units/backoff.ts'
import { bundleOf, type Certificate, certificatesIn, pemOf } from './bundle.ts'
import type { Callers, Keeper, KeeperListener, KeeperOptions, KeeperStep, StoredSecret } from './keeper-ports.ts'
import { completeStep, nextStep, type Step } from './rotation.ts'
import { type Held, isSameData, readSecretData, type Shared, toSecretData, type TrustedPair } from './secret.ts'
import { Serving } from './serving.ts'
import { lookEveryMs, settleMs, timeFault, unseenDueAt } from './times.ts'
import { Trust } from './trust.ts'

// What others change at the same moment is read again at once; five times in a row, it is no coincidence.
const mostTries = 5
// Certificates are backdated by more; still somebody should set that clock.
const muchSkewMs = 5 * 60_000

/** Somebody else has changed what was read: it is to be read again. */
type Overtaken = 'overtaken'

interface Sharing {
  readonly shared: Shared | undefined
  readonly isWritten: boolean
}

/**
 * Keeps a certificate that all replicas share: makes it where there is none, renews it, mends what others undo, and sees
 * to it that those who call us trust it before it is served. Looks every few seconds, and after a failure later.
 */
export function keepCertificate(options: KeeperOptions, listener: KeeperListener): Keeper {
  const { secrets, callers, name, issue, clock } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const settle = settleMs(options.lifeMs)
  const trust = new Trust(settle, () => clock.elapsed(), callers !== undefined)
  const serving = new Serving(settle, trust)
  let known: readonly Certificate[] = []
  let aheadMs = 0
  let wasMuch = false

  async function live(): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      failures = (await attempt('secret', lookUntilAlone)) === true ? 0 : failures + 1
      const usual = lookEveryMs(options.lifeMs)
      // oxlint-disable-next-line no-await-in-loop
      await clock.wait(failures === 0 ? usual : Math.min(usual, backoffMs(failures, apiBackoff, options.random())), signal)
    }
  }

  async function lookUntilAlone(): Promise<boolean> {
    for (let tries = 1; !signal.aborted; tries++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await look()
      if (typeof result === 'boolean') return result
      if (tries === mostTries) throw new Error('others change the certificate all the time')
    }
    return true
  }

  /**
   * The order of the two readings matters. A CA is put into the Secret first, and from there into the configuration: so a CA
   * that is in the configuration, and then not in the Secret, has left, and may be taken out.
   *
   * @returns whether all went well.
   */
  async function look(): Promise<boolean | Overtaken> {
    const found = callers === undefined ? undefined : await attempt('ca-bundle', () => callers.read(signal))
    if (callers !== undefined) trust.saw(found?.bundles)
    const stored = await attempt('secret', () => secrets.read(signal))
    if (stored === undefined || signal.aborted) return false
    noteClock(stored.at)
    const result = await share(stored, found)
    if (result === 'overtaken') return result
    const { shared, isWritten } = result
    const isTrusted = found === undefined || shared === undefined ? callers === undefined : await letTrust(found, shared)
    if (isTrusted === 'overtaken') return isTrusted
    if (signal.aborted) return false
    if (shared !== undefined) serving.follow(shared, now(), listener.certificate)
    return isWritten && isTrusted
  }

  /** Brings the Secret to where it should be; where that fails, what is good of it, or is served, is shared all the same. */
  async function share(stored: StoredSecret, found: Callers | undefined): Promise<Sharing | Overtaken> {
    const held = stored.data === undefined ? undefined : readSecretData(stored.data, name)
    const trusted = found?.bundles.flatMap((bundle) => certificatesIn(bundle)) ?? []
    const step = nextStep({ held, served: serving.pair, known, trusted, now: now(), isSettled })
    const written = await attempt('secret', () => write(stored, step, faultOf(held, now())))
    if (written === 'overtaken') return written
    if (written === undefined) return { shared: unwritten(held, step), isWritten: false }
    known = written.cas
    return { shared: written, isWritten: true }
  }

  async function write(stored: StoredSecret, step: Step, fault: string | undefined): Promise<Shared | Overtaken> {
    const isNew = step.current === undefined || step.next === 'issue'
    const shared = completeStep(step, isNew ? await issue(new Date(now())) : undefined, now())
    const data = toSecretData(shared)
    if (stored.data !== undefined && isSameData(stored.data, data)) return shared
    if (!(await stored.write(data, signal))) return 'overtaken'
    listener.changed(step.name, shared, fault)
    return shared
  }

  function unwritten(held: Held | undefined, { current }: Step): Shared | undefined {
    if (current === undefined) return undefined
    return { current, next: held?.next, cas: bundleOf([current.ca], [...(held?.cas ?? []), ...known], now()) }
  }

  async function letTrust(found: Callers, shared: Shared): Promise<boolean | Overtaken> {
    const wanted = pemOf(shared.cas)
    const isDone = found.bundles.every((bundle) => bundle === wanted)
    const isFirst = isDone || (await attempt('ca-bundle', () => found.trust(wanted, signal)))
    if (isFirst === undefined) return false
    if (!isFirst) return 'overtaken'
    trust.put(shared.cas)
    if (!isDone) listener.trusted()
    return true
  }

  function isSettled(next: TrustedPair): boolean {
    if (callers !== undefined) return trust.isSettled(next.ca)
    // Nobody says when they do. Whoever carries the CA to them has until then.
    return serving.pair !== undefined && now() >= unseenDueAt(serving.pair.leaf)
  }

  function noteClock(at: number | undefined): void {
    if (at === undefined) return
    aheadMs = clock.now() - at
    const isMuch = Math.abs(aheadMs) > muchSkewMs
    if (isMuch !== wasMuch) listener.skewed(isMuch ? aheadMs : 0)
    wasMuch = isMuch
  }

  /** By the clock of those who verify: whatever this machine's says. */
  function now(): number {
    return clock.now() - aheadMs
  }

  async function attempt<T>(step: KeeperStep, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act()
    } catch (error) {
      if (!signal.aborted) listener.failed(step, error)
      return undefined
    }
  }

  live().catch((error: unknown) => listener.failed('secret', error))
  return { notReady: () => serving.notReady(now()), stop: () => stopping.abort() }
}

function faultOf(held: Held | undefined, now: number): string | undefined {
  if (held === undefined) return 'the Secret is not there'
  return held.current === undefined ? held.fault : timeFault(held.current.leaf, now)
}
