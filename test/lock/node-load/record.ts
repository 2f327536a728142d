/**
 * Records what the kernel says of this machine's CPUs: quiet, then while two, then while eight programs are compiled.
 *
 *     node test/lock/node-load/record.ts > test/lock/node-load/traces/compile-2-cores.txt
 *
 * A line for each look, four a second: milliseconds, how many cores there are, the sum of `/proc/stat`, and the line
 * `some` of `/proc/pressure/cpu`; before them, with #, how many compilers run from then on. Needs gcc.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readPeriodMs } from '../../../src/lock/node-load/watch-load.ts'

const quietMs = 10_000
const functions = 800

const folder = mkdtempSync(join(tmpdir(), 'usher-record-'))
const source = join(folder, 'big.c')
writeFileSync(source, Array.from({ length: functions }, (_, index) => functionOf(index)).join(''))
const began = performance.now()
const looking = setInterval(look, readPeriodMs)
try {
  await quiet()
  await compile(2)
  await quiet()
  await compile(8)
  await quiet()
} finally {
  clearInterval(looking)
  rmSync(folder, { recursive: true })
}

async function quiet(): Promise<void> {
  console.log('# 0 run')
  await pause(quietMs)
}

function look(): void {
  const stat = readFileSync('/proc/stat', 'latin1').split('\n')
  const cores = stat.filter((line) => /^cpu\d/.test(line)).length
  const some = readFileSync('/proc/pressure/cpu', 'latin1').split('\n', 1)[0]
  console.log(`${Math.round(performance.now() - began)} ${cores} ${stat[0]} ${some}`)
}

function compile(count: number): Promise<unknown> {
  let left = count
  console.log(`# ${left} run`)
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const gcc = spawn('gcc', ['-O2', '-c', source, '-o', join(folder, `${index}.o`)], { stdio: ['ignore', 'ignore', 'inherit'] })
      gcc.on('error', reject)
      gcc.on('exit', (code) => {
        console.log(`# ${--left} run`)
        if (code === 0) resolve()
        else reject(new Error(`gcc ends with ${code}`))
      })
      return promise
    }),
  )
}

function functionOf(index: number): string {
  return `int f${index}(int *a, int n) { int s = ${index}; for (int i = 0; i < n; i++) { a[i] = a[i] * s + i; s ^= a[i] >> ${(index % 7) + 1}; if (s & 1) s += a[i / 2]; } return s; }\n`
}
