import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { nowMs } from '../support/clock.ts'
import { shellPath, type Variant } from './variants.ts'

/** How long each run of a variant took, in milliseconds. */
export interface Measured {
  readonly name: string
  readonly times: readonly number[]
}

/**
 * Runs all variants by turns, so that what else the machine does hits all of them.
 *
 * @param folder where compile caches may be put.
 * @throws where a run fails, or does not write what it should.
 */
export async function measureVariants(
  variants: readonly Variant[],
  rounds: number,
  folder: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly Measured[]> {
  say('warming up')
  for (const variant of variants) await run(variant, folder, signal)
  const times = variants.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      // None always follows the same one.
      const index = (turn + round) % variants.length
      const variant = variants[index]
      if (variant !== undefined) times[index]?.push(await run(variant, folder, signal))
    }
    if ((round + 1) % 10 === 0) say(`${round + 1} of ${rounds} rounds`)
  }
  return variants.map(({ name }, index) => ({ name, times: times[index] ?? [] }))
}

/** Runs a command line to its end. */
async function run({ name, command, args, injects, isCold }: Variant, folder: string, signal: AbortSignal): Promise<number> {
  const cache = isCold ? { NODE_COMPILE_CACHE: await mkdtemp(join(folder, 'cache-')) } : {}
  const start = nowMs()
  const child = spawn(command, args, { env: { PATH: shellPath(), ...cache }, stdio: ['ignore', 'pipe', 'pipe'], signal })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.resume()
  const [code] = await once(child, 'close')
  const took = nowMs() - start
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  const isInjected = Buffer.concat(chunks).includes('name: usher-lock')
  if (isInjected !== injects) throw new Error(`${name} wrote something else than it should`)
  return took
}
