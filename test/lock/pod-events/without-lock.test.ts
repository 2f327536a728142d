import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Notice } from '../../../src/lock/pod-events/notice.ts'
import { watchStartsWithoutLock } from '../../../src/lock/pod-events/without-lock.ts'
import { readPod } from '../../../src/lock/read-pod.ts'
import { missingCommand } from '../../native/support/commands.ts'
import { granted, queued, startLock } from '../../native/wait/support/lock.ts'
import { runWait } from '../../native/wait/support/program.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakePods } from '../../support/fake-pods.ts'
import { finished, podJson, statusOf, waitStatus } from '../../support/pod-json.ts'

t.test('understands the last words of usher-wait, as the kubelet keeps them', { skip: missingCommand('make', 'cc') }, async (t) => {
  const log = join(t.testdir({ log: '' }), 'log')
  const wordsOf = async (...args: readonly string[]): Promise<string> => {
    t.equal((await runWait(t, [...args, `--termination-log=${log}`])).code, 0)
    return readFileSync(log, 'utf8')
  }
  const busy = await startLock(t, () => queued(`3 ahead (holder shop/${'x'.repeat(180)}, 12 s)`))
  const free = await startLock(t, granted)
  const silence = await wordsOf('--host=127.0.0.1', '--port=1', '--connect-wait=1ms')
  const tooLong = await wordsOf(...busy.args, '--pause=10ms', '--max-wait=1s')
  t.ok(tooLong.length > 256, 'longer than what is kept of it')
  t.equal(hear(silence).length, 1, silence)
  t.equal(hear(tooLong).length, 1, tooLong)
  t.match(hear(silence)[0]?.tell()?.message, /^no lock has answered at 127\.0\.0\.1:1 for 1 ms(?: \(.+\))?: the pod starts without the startup lock$/)
  for (const args of [free.args, ['--no-lock']]) {
    const words = await wordsOf(...args)
    t.strictSame(hear(words), [], words)
  }
})

t.test('what else may stand there says nothing', async (t) => {
  for (const words of ['', 'panic: no lock', 'the pod starts without the startup lock', 'waiting for the startup lock of this node: 3 ahead']) {
    t.strictSame(hear(words), [], words)
  }
})

/** What is due of a pod whose usher-wait has left these words, a moment ago. */
function hear(message: string): readonly Notice[] {
  const pods = new FakePods()
  const notices: Notice[] = []
  const date = (): number => Date.parse('2026-11-25T10:00:10Z')
  watchStartsWithoutLock({ pods, clock: new FakeClock(), date, notices: (notice) => notices.push(notice), seen: () => {} })
  const facts = readPod(podJson('web', { status: statusOf('Pending', waitStatus('containerd://1', finished(message)), []) }))
  if (facts === undefined) throw new Error('it is a pod')
  pods.put('web', facts)
  return notices
}
