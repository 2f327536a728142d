import { type LoadResult, runLoad } from './load-process.ts'
import type { ServerProcess } from './server-process.ts'

/** What one server has shown in one round. */
export interface Shown {
  readonly perSecond: number
  /** Reviews for a second of the server's CPU time. */
  readonly perCpuSecond: number
  readonly closed: LoadResult
  readonly fixed: LoadResult
}

/** Both servers in the same round. */
export interface Round {
  readonly usher: Shown
  readonly floor: Shown
}

/** How long and how hard is measured. */
export interface Plan {
  readonly rounds: number
  /** For each server, of each of the two parts of a round; and of the warm-up. */
  readonly seconds: number
  readonly connections: number
  /** Reviews a second at the fixed rate. */
  readonly rate: number
}

/** Measures two servers by turns. */
export async function measureRounds(
  usher: ServerProcess,
  floor: ServerProcess,
  { connections, seconds, rate, ...plan }: Plan,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly Round[]> {
  const servers = [usher, floor] as const
  say('warming up')
  await runLoad(servers, { connections, seconds }, signal)
  const rounds: Round[] = []
  for (let index = 0; index < plan.rounds; index++) {
    const closed = await runLoad(servers, { connections, seconds }, signal)
    const fixed = await runLoad(servers, { connections, seconds, rate }, signal)
    const round: Round = { usher: show(closed[0], fixed[0]), floor: show(closed[1], fixed[1]) }
    rounds.push(round)
    const ratio = round.usher.perCpuSecond / round.floor.perCpuSecond
    say(`round ${index + 1} of ${plan.rounds}: per CPU-second ${ratio.toFixed(3)} of the floor`)
  }
  return rounds
}

function show(closed: LoadResult, fixed: LoadResult): Shown {
  return {
    perSecond: closed.answers / closed.seconds,
    perCpuSecond: closed.answers / closed.cpuSeconds,
    closed,
    fixed,
  }
}
