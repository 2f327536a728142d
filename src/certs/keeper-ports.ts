import type { StepName } from './rotation.ts'
import type { SecretData, Shared, TrustedPair } from './secret.ts'

/** Where all replicas keep the certificate that they share, as it was read. */
export interface StoredSecret {
  /** What it holds; undefined: it is not there. */
  readonly data: SecretData | undefined
  /** The clock of those who verify, in milliseconds since 1970; undefined: not known. */
  readonly at: number | undefined
  /** Creates or replaces it; false: somebody else was faster. */
  write(data: SecretData, signal: AbortSignal): Promise<boolean>
}

/** Those who call us, and must trust our certificate, as they were read. */
export interface Callers {
  /** What each trusts, PEM. */
  readonly bundles: readonly string[]
  /** Lets all trust these CAs, PEM; false: somebody else was faster. */
  trust(ca: string, signal: AbortSignal): Promise<boolean>
}

/** Time, as a keeper sees it. */
export interface KeeperClock {
  /** Milliseconds since 1970, as this machine has it. */
  now(): number
  /** Milliseconds on a clock that never jumps. */
  elapsed(): number
  /** Waits so many milliseconds, or until the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** What a shared certificate is kept with. */
export interface KeeperOptions {
  readonly secrets: { read(signal: AbortSignal): Promise<StoredSecret> }
  /** Absent: that they trust it is somebody else's affair. */
  readonly callers?: { read(signal: AbortSignal): Promise<Callers> } | undefined
  /** The name that certificates must be for. */
  readonly name: string
  /** Issues a certificate of a new CA; both are valid from then for {@link lifeMs}. */
  readonly issue: (now: Date) => Promise<TrustedPair>
  readonly lifeMs: number
  readonly clock: KeeperClock
  /** From 0 to 1, as `Math.random` gives it. */
  readonly random: () => number
}

/** What can fail. */
export type KeeperStep = 'secret' | 'ca-bundle'

/** What is told of a shared certificate. */
export interface KeeperListener {
  /** There is one to serve now, or another than before. Where this throws, that is told as failed, and it is called again. */
  readonly certificate: (pair: TrustedPair) => void
  /** We have changed the Secret; why what it held could not be served, undefined where it could. */
  readonly changed: (step: StepName, shared: Shared, fault: string | undefined) => void
  /** Those who call us did not trust what they have to, and do now. */
  readonly trusted: () => void
  /** By how many milliseconds this machine's clock is ahead of those who verify; told when it is much, and 0 when no more. */
  readonly skewed: (ms: number) => void
  /** Told each time; what was good stays. */
  readonly failed: (step: KeeperStep, error: unknown) => void
}

/** Keeps a shared certificate. */
export interface Keeper {
  /** Why those who call had better be sent to another replica; undefined: they are welcome. */
  notReady(): string | undefined
  stop(): void
}
