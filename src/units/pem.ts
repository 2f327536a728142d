const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** The blocks of a text in PEM that call themselves certificates, in their order. */
export function certificateBlocks(pem: string): readonly string[] {
  return Array.from(pem.matchAll(block), ([text]) => text)
}
