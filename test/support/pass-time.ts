import { setImmediate as ioDone } from 'node:timers/promises'
import type { FakeClock } from './fake-clock.ts'

/** Lets time pass: each timer in its turn, and what came of it settles before the next. */
export async function passTime(clock: FakeClock, ms: number): Promise<void> {
  const end = clock.now() + ms
  for (;;) {
    await ioDone()
    const next = clock.nextAt
    if (next === undefined || next > end) break
    clock.advance(Math.max(0, next - clock.now()))
  }
  clock.advance(end - clock.now())
  await ioDone()
}
