import { readFile } from 'node:fs/promises'

/** usher's chart, rendered with its defaults, in this version. Bundles have it inside (deploy/images/bundle.ts). */
export function chartManifest(): Promise<string> {
  return readFile(new URL('../../deploy/usher.yaml', import.meta.url), 'utf8')
}
