import { apiBackoff, backoffMs } from '../units/backoff.ts'
import type { CertificatePair } from './issue.ts'
import { makeSecretData, readSecretData, type SecretData, type TrustedPair } from './secret.ts'

/** Where all replicas keep the certificate that they share. */
export interface SecretStore {
  /** What it holds; undefined: it is not there. */
  read(signal: AbortSignal): Promise<unknown>
  /** Creates it; false: somebody else was faster. */
  create(data: SecretData, signal: AbortSignal): Promise<boolean>
}

/** Those who call us, and must trust our certificate. */
export interface TrustStore {
  /** Lets them trust these CAs, PEM; whether that changed anything. */
  trust(ca: string, signal: AbortSignal): Promise<boolean>
}

/** What a shared certificate is kept with. */
export interface KeeperOptions {
  readonly secrets: SecretStore
  /** Absent: that is somebody else's affair. */
  readonly trust?: TrustStore | undefined
  /** For which the certificate is made. */
  readonly names: readonly string[]
  /** Waits so many milliseconds, or until the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What can fail. */
export type KeeperStep = 'secret' | 'ca-bundle'

/** What is told of a shared certificate. */
export interface KeeperListener {
  /** There is one now, or another than before. */
  readonly certificate: (pair: CertificatePair) => void
  /** We have made it. */
  readonly made: () => void
  /** Those who call us did not trust it, and do now. */
  readonly trusted: () => void
  /** Told each time; what was good stays. */
  readonly failed: (step: KeeperStep, error: unknown) => void
}

// Both are small, and a deleted Secret or an emptied caBundle harms nobody who is running.
const lookAgainMs = 60_000

/**
 * Keeps a certificate that all replicas share: reads it, or makes it where there is none, and sees to it that those
 * who call us trust it; then looks again every minute, after a failure sooner.
 *
 * @returns stops it.
 */
export function keepCertificate(options: KeeperOptions, listener: KeeperListener): () => void {
  const { secrets, trust, names, wait } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let current: TrustedPair | undefined
  let failures = 0

  async function live(): Promise<void> {
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const good = await look()
      failures = good ? 0 : failures + 1
      const ms = good ? lookAgainMs : Math.min(lookAgainMs, backoffMs(failures, apiBackoff, Math.random()))
      // oxlint-disable-next-line no-await-in-loop
      await wait(ms, signal)
    }
  }

  async function look(): Promise<boolean> {
    const before = current
    const isRead = await attempt('secret', async () => {
      current = readSecretData(await readOrMake())
    })
    // First trusted, then served. What was read a while ago may be older than what another replica has put there.
    const isTrusted = await attempt('ca-bundle', async () => {
      if (!isRead || current === undefined || trust === undefined) return
      if (await trust.trust(current.ca, signal)) listener.trusted()
    })
    if (signal.aborted) return true
    if (current !== undefined && !isSamePair(current.pair, before?.pair)) listener.certificate(current.pair)
    return isRead && isTrusted
  }

  async function readOrMake(): Promise<unknown> {
    const found = await secrets.read(signal)
    if (found !== undefined) return found
    const data = await makeSecretData(names, new Date(), current?.ca)
    if (!(await secrets.create(data, signal))) return secrets.read(signal)
    listener.made()
    return data
  }

  async function attempt(step: KeeperStep, act: () => Promise<void>): Promise<boolean> {
    try {
      await act()
      return true
    } catch (error) {
      if (!signal.aborted) listener.failed(step, error)
      return false
    }
  }

  live().catch((error: unknown) => listener.failed('secret', error))
  return () => stopping.abort()
}

function isSamePair(left: CertificatePair, right: CertificatePair | undefined): boolean {
  return right !== undefined && left.cert === right.cert && left.key === right.key
}
