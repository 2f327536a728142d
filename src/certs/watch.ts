import { type CertificatePair } from './issue.ts'
import { readPair } from './files.ts'

/** What is told of a certificate whose files are watched. */
export interface CertificateListener {
  /** The files hold another pair, and it is sound. */
  readonly changed: (pair: CertificatePair) => void
  /** The files cannot be used; the last good pair stays. Told once for each cause. */
  readonly failed: (error: unknown) => void
}

/**
 * Watches the files of a certificate, by reading them every so often: a Secret's volume swaps a link to a
 * folder, which file events miss, and the files are small.
 *
 * @returns stops the watch.
 */
export function watchCertificate(
  files: { readonly cert: string; readonly key: string },
  first: CertificatePair,
  everyMs: number,
  listener: CertificateListener,
): () => void {
  let current = first
  let lastFailure: string | undefined
  let reading = false

  async function look(): Promise<void> {
    if (reading) return
    reading = true
    try {
      const pair = await readPair(files.cert, files.key)
      lastFailure = undefined
      if (pair.cert === current.cert && pair.key === current.key) return
      current = pair
      listener.changed(pair)
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      if (failure !== lastFailure) listener.failed(error)
      lastFailure = failure
    } finally {
      reading = false
    }
  }

  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
