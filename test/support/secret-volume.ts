import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificatePair } from '../../src/certs/issue.ts'

/** A folder as the kubelet keeps that of a Secret of type kubernetes.io/tls. */
export interface SecretVolume {
  readonly cert: string
  readonly key: string
  /** Puts other files in its place as the kubelet does: a new folder, and a link that changes in one step. */
  swap(pair: CertificatePair): void
}

/** Makes the volume in an empty folder. */
export function secretVolume(folder: string, first: CertificatePair): SecretVolume {
  let version = 0

  function swap({ cert, key }: CertificatePair): void {
    const before = `..version-${version}`
    version++
    const next = `..version-${version}`
    mkdirSync(join(folder, next))
    writeFileSync(join(folder, next, 'tls.crt'), cert)
    writeFileSync(join(folder, next, 'tls.key'), key)
    symlinkSync(next, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    rmSync(join(folder, before), { recursive: true, force: true })
  }

  swap(first)
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name))
  return { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), swap }
}
