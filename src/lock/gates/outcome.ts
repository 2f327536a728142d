/** How a check went. */
export interface Outcome {
  readonly passed: boolean
  /** Short, for people, such as `answers 503`; without secrets. */
  readonly reason: string
}

const byCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed by the other side',
  EPIPE: 'connection closed by the other side',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'network not reachable',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name server does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate not trusted (self-signed)',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate not trusted (self-signed CA)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate not trusted (unknown CA)',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate not trusted (unknown CA)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate not trusted (unknown CA)',
  CERT_HAS_EXPIRED: 'certificate not trusted (expired)',
  CERT_NOT_YET_VALID: 'certificate not trusted (not yet valid)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate not trusted (for another name)',
  INVALID_PURPOSE: 'certificate not trusted (not for a server)',
  EPROTO: 'TLS handshake failed',
  HPE_HEADER_OVERFLOW: 'headers of the answer too long',
}

/** Why nothing came of a check, in words for people. Messages of errors are not used: they may hold the URL. */
export function failureReason(error: unknown): string {
  const code = codeOf(error)
  if (code === undefined) return 'failed'
  return byCode[code] ?? byPrefix(code) ?? `failed (${code})`
}

function byPrefix(code: string): string | undefined {
  if (code.startsWith('HPE_')) return 'does not speak HTTP'
  if (code.startsWith('CERT_')) return 'certificate not trusted'
  return code.startsWith('ERR_SSL_') ? 'TLS handshake failed' : undefined
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  // Where a name has several addresses, and each has failed.
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined
}
