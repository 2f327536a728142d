import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../support/until.ts'
import { isAlive } from './alive.ts'
import { startLocalProcess } from './local-process.ts'

const server = ['-c', 'echo $$ > pid; exec sleep 600']

t.test('stops the server with the test', async (t) => {
  const folder = t.testdir({})
  let pid = 0
  await t.test('that has started it', async (t) => {
    startLocalProcess(t, 'sh', server, folder)
    pid = await pidIn(folder)
    t.ok(isAlive(pid))
  })
  await until('the server is gone', () => !isAlive(pid))
})

t.test('tells what a server that ends by itself has said', async (t) => {
  const { ended } = startLocalProcess(t, 'sh', ['-c', 'echo no such flag >&2; exit 3'], t.testdir({}))
  await t.rejects(ended, /ended with 3: no such flag/)
})

t.test('stops the server of tests that are killed', async (t) => {
  const folder = t.testdir({})
  const program = `
    import { startLocalProcess } from ${JSON.stringify(new URL('local-process.ts', import.meta.url).href)}
    startLocalProcess({ teardown() {} }, 'sh', ${JSON.stringify(server)}, ${JSON.stringify(folder)})
  `
  const tests = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'ignore' })
  t.teardown(() => void tests.kill('SIGKILL'))
  const pid = await pidIn(folder)
  t.ok(isAlive(pid))
  tests.kill('SIGKILL')
  await once(tests, 'exit')
  await until('the server is gone', () => !isAlive(pid))
})

async function pidIn(folder: string): Promise<number> {
  const file = join(folder, 'pid')
  const text = await until('the server runs', () => existsSync(file) && /^\d+\n$/.exec(readFileSync(file, 'utf8'))?.[0])
  return Number(text)
}
