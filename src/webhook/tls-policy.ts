// Of TLS 1.3 what Node takes, and of TLS 1.2 the suites with forward secrecy and authenticated encryption (RFC 9325, 4.2),
// which are those that an API server prefers as well (Go's crypto/tls), whether the certificate's key is of EC or of RSA.
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/**
 * What the webhook speaks of TLS. It goes with every certificate: a server that gets another one by `setSecureContext`
 * takes Node's own defaults for all that is not said again.
 */
export const tlsPolicy = { minVersion: 'TLSv1.2', ciphers } as const
