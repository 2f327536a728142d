import type { Test } from 'tap'
import { type Needs, testTiny, type TinyProgram } from './tiny-programs.ts'

/** nap, built for one architecture. */
export type Nap = TinyProgram

/** A test of nap on each architecture. */
export function testNap(title: string, needs: Needs, check: (t: Test, nap: Nap) => Promise<void>): void {
  testTiny('nap', title, needs, check)
}
