/**
 * Prints the figures of usher-wait: sizes, memory, and the time from its start until a free lock is granted.
 *
 *     npm run build:native && node test/native/wait/figures.ts [RUNS]
 *
 * Of each program that was built into dist/native; what is for other processors shows its size only. The programs
 * that it replaces, measured the same way once: pod-startup-lock's client 5.9 MB, its fork's 6.3 MB on disk.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { outputFolder } from '../support/programs.ts'

const runs = Number(process.argv[2] ?? 200)
const grant = 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nLock acquired'
const here = ['host', process.arch === 'x64' ? 'amd64' : process.arch]

for (const folder of readdirSync(outputFolder).toSorted()) {
  const path = join(outputFolder, folder, 'usher-wait')
  if (!existsSync(path)) continue
  const figures = [`${statSync(path).size} bytes`]
  if (here.includes(folder)) figures.push(`${await residentKilobytes(path)} KiB resident`, await grantTimes(path))
  console.log(`${folder}: ${figures.join(', ')}`)
}

/** The most that it has held in memory while it waits for a lock that holds its request. */
async function residentKilobytes(path: string): Promise<number> {
  const server = createServer((socket) => void socket.on('data', () => asked.resolve()))
  const asked = Promise.withResolvers<void>()
  const args = await listen(server)
  const child = spawn(path, args, { stdio: 'ignore', env: {} })
  await asked.promise
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  child.kill()
  await once(child, 'exit')
  server.close()
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1])
}

/** From before the process is made to its end; beside it, that of a program that does nothing. */
async function grantTimes(path: string): Promise<string> {
  const server = createServer((socket) => void socket.on('data', () => socket.write(grant)))
  const args = await listen(server)
  const granted: number[] = []
  const idle: number[] = []
  for (let run = 0; run < runs; run++) {
    granted.push(await timeOf(path, [...args, '--quiet']))
    idle.push(await timeOf(path, ['--no-lock', '--quiet']))
  }
  server.close()
  return `granted after ${ms(granted)}, without asking ${ms(idle)} (median, of ${runs} runs; of that most is Node's spawn)`
}

async function timeOf(path: string, args: readonly string[]): Promise<number> {
  const start = performance.now()
  const child = spawn(path, args, { stdio: 'ignore', env: {} })
  await once(child, 'exit')
  return performance.now() - start
}

async function listen(server: ReturnType<typeof createServer>): Promise<string[]> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return ['--host=127.0.0.1', `--port=${(server.address() as AddressInfo).port}`]
}

function ms(times: readonly number[]): string {
  const median = times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? Number.NaN
  return `${median.toFixed(2)} ms`
}
