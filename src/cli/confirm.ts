import { createInterface } from 'node:readline/promises'
import type { Readable } from 'node:stream'
import type { Output } from './command.ts'

/** How a question was answered; `nobody`: there is no terminal to ask at. */
export type Consent = 'yes' | 'no' | 'nobody'

/**
 * Asks a person whether to go on. Only `y` and `yes` do; so does whoever has said `--yes` beforehand.
 *
 * @param question without its mark and choices: `Delete 3 pods`
 */
export async function confirm(question: string, isAgreed: boolean, { stderr }: Output, input: Readable & { readonly isTTY?: boolean } = process.stdin): Promise<Consent> {
  if (isAgreed) return 'yes'
  if (input.isTTY !== true || !stderr.isTTY) return 'nobody'
  const lines = createInterface({ input, output: stderr })
  try {
    const ended = Promise.withResolvers<string>()
    lines.once('close', () => ended.resolve(''))
    const answer = await Promise.race([lines.question(`${question}? [y/N] `), ended.promise])
    return /^y(?:es)?$/i.test(answer.trim()) ? 'yes' : 'no'
  } finally {
    lines.close()
  }
}
