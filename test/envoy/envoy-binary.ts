import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What pip installs: the version, and the checksums of its wheels. */
export const requirementsFile = join(import.meta.dirname, 'requirements.txt')

/** Where Envoy is kept, outside the repository; another version has another folder. */
export function envoyFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const hash = createHash('sha256').update(readFileSync(requirementsFile)).update(process.arch).digest('hex').slice(0, 16)
  return join(cache, 'usher', 'tools', `envoy-${hash}`)
}

/** Where in a folder that pip has filled the program is. */
export function binaryIn(folder: string): string {
  return join(folder, 'envoy', '_bin', 'envoy')
}

/** The path of Envoy; throws, and says what to do, where it is not there yet. */
export function envoyBinary(): string {
  const binary = binaryIn(envoyFolder())
  if (existsSync(binary)) return binary
  throw new Error('Envoy is not there yet; node test/envoy/fetch.ts fetches it')
}
