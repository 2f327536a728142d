import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parsePressure } from '../../../src/lock/node-load/pressure.ts'
import { burn } from '../../support/burners.ts'
import { type LockProcess, startLock } from '../../support/lock-process.ts'
import { until } from '../../support/until.ts'

const pressureFile = '/proc/pressure/cpu'
// Of a shared machine: its own pressure has to leave room to see ours.
const leastRoom = 20

t.test('real load of others closes the gate until it ends; that of a pod that starts does not', { timeout: 150_000 }, async (t) => {
  if (!existsSync(pressureFile)) return skip(t, `this kernel has no ${pressureFile}`)
  const own = await pressure(3_000)
  const endTrial = burn(t)
  const burning = await pressure(3_000)
  endTrial()
  const room = burning - own
  const seen = `CPU pressure of the machine is ${Math.round(own)} % by itself, ${Math.round(burning)} % with what is added`
  t.comment(seen)
  if (room < leastRoom) return skip(t, `${seen}: no room to tell them apart`)
  const [openAt, closeAt] = [Math.ceil(own + 0.55 * room), Math.ceil(own + 0.7 * room)]
  const lock = await startLock(t, ['--cpu-pressure-close', `${closeAt}`, '--cpu-pressure-open', `${openAt}`])
  const isOpen = await lock.line('gate', { gate: 'cpu-pressure', open: true }).catch(() => undefined)
  if (isOpen === undefined) return skip(t, `${seen}, and it has not fallen again`)

  const stop = burn(t)
  if (!(await reaches(10_000, (percent) => percent > closeAt + 2))) return skip(t, `${seen}, and not ${closeAt} % for long`)
  await until('others have closed it', () => closings(lock) === 1)
  const locked = await ask(lock, 'waits', {})
  t.equal(locked.status, 423)
  t.match(await locked.text(), new RegExp(`CPU pressure \\d+ %, opens below ${openAt} %`))
  const granted = ask(lock, 'waits', { prefer: 'wait=60' })
  stop()
  if (!(await reaches(3_000, (percent) => percent < openAt - 2))) return skip(t, `${seen}, and then not below ${openAt} %`)
  const answer = await granted
  t.equal(answer.status, 200)

  const stopOwn = burn(t)
  const end = performance.now() + 12_000
  let most = 0
  while (performance.now() < end) {
    const { reason, open } = await gateOf(lock)
    if (!open) t.fail(`closed: ${reason}`)
    most = Math.max(most, Number(/\d+/.exec(reason)?.[0]))
    await pause(500)
  }
  stopOwn()
  t.equal(closings(lock), 1, `it makes a pressure of up to ${most} %, which would have closed it above ${closeAt} %`)
})

function skip(t: Test, why: string): void {
  t.pass('nothing is shown', { skip: why })
}

/** How often it was closed, after its start. */
function closings(lock: LockProcess): number {
  return lock.lines('gate').filter(({ open, reason }) => open === false && reason !== 'not checked yet').length
}

async function gateOf({ port }: LockProcess): Promise<{ readonly open: boolean; readonly reason: string }> {
  const { gates } = (await (await fetch(`http://127.0.0.1:${port}/v1/state`)).json()) as { gates: { open: boolean; reason: string }[] }
  if (gates[0] === undefined) throw new Error('there is no gate')
  return gates[0]
}

function ask({ port }: LockProcess, uid: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/?uid=${uid}`, { headers: { accept: 'application/problem+json', ...headers } })
}

/** Whether the pressure of so much time is once as it should be: half a minute is watched. */
async function reaches(ms: number, isSo: (percent: number) => boolean): Promise<boolean> {
  for (let left = 30_000; left >= ms; left -= ms) if (isSo(await pressure(ms))) return true
  return false
}

/** Percent of so much time. */
async function pressure(ms: number): Promise<number> {
  const [at, before] = [performance.now(), waitedMs()]
  await pause(ms)
  return (100 * (waitedMs() - before)) / (performance.now() - at)
}

function waitedMs(): number {
  return (parsePressure(readFileSync(pressureFile, 'latin1')) ?? 0) / 1_000
}
