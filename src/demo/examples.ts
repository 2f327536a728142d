import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { admit, type Outcome } from './admission.ts'
import type { Stage } from './stage.ts'
import { type Example, exampleOf } from './workload.ts'

const examplesFolder = fileURLToPath(new URL('../../deploy/examples/', import.meta.url))

/**
 * Plays the creation of every example's pod.
 *
 * @param seen is told of each outcome as it comes.
 */
export async function playExamples({ apiServer, children }: Stage, seen: (outcome: Outcome) => void): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const example of await readExamples()) {
    children.signal.throwIfAborted()
    const outcome = await admit(apiServer, example)
    seen(outcome)
    outcomes.push(outcome)
  }
  return outcomes
}

async function readExamples(): Promise<readonly Example[]> {
  const files = (await readdir(examplesFolder)).filter((file) => file.endsWith('.yaml')).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const manifest: unknown = parse(await readFile(join(examplesFolder, file), 'utf8'))
      return exampleOf(manifest, `deploy/examples/${file}`)
    }),
  )
}
