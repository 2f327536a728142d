import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { nodeOfTheMachine } from '../support/older-node.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, connectRaw, post, rawReview } from '../support/tls-client.ts'
import { until, within } from '../support/until.ts'
import { launcher, runUsher, startWebhook } from '../support/usher-process.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const machine = nodeOfTheMachine()
const skip = skipReason()
const starting = { node: machine?.path ?? '' }

t.test('runs under the Node of the machine, by the one that npm ci has brought', { skip }, async (t) => {
  t.match(await runUsher(t, ['--version'], starting), { code: 0, stdout: `usher ${version}\n`, stderr: '' })
  t.match(await runUsher(t, ['webhok'], starting), { code: 2, stderr: /did you mean webhook\?/ }, 'its end is ours')
})

t.test('SIGTERM goes through it: a request in flight is answered, and it ends with 0', { skip }, async (t) => {
  const webhook = await startWebhook(t, [], starting)
  const text = rawReview(reviewOf(smallPod()))
  const busy = await connectRaw(t, webhook)
  busy.send(text.slice(0, -50))
  t.equal((await post(agentFor(t, webhook), webhook, reviewOf(smallPod()))).status, 200, 'what was sent before has arrived')
  const [child] = childrenOf(webhook.pid)
  t.type(child, 'number', 'a process of its own')
  webhook.kill('SIGTERM')
  await until('it closes', async () => (await webhook.probe('/readyz').catch(() => ({ status: 503 }))).status === 503)
  busy.send(text.slice(-50))
  t.equal(readAnswer((await within(5_000, 'the answer', busy.answer())).body).allowed, true)
  t.strictSame(await within(15_000, 'it ends', webhook.ended), { code: 0, signal: null })
  t.equal(webhook.lines('closed').length, 1)
  t.throws(() => process.kill(child ?? 0, 0), { code: 'ESRCH' }, 'and leaves no process')
})

t.test('ends as what it has started ends, also by a signal', { skip }, async (t) => {
  const webhook = await startWebhook(t, [], starting)
  const [child] = childrenOf(webhook.pid)
  if (child !== undefined) process.kill(child, 'SIGKILL')
  t.strictSame(await within(15_000, 'it ends', webhook.ended), { code: 128 + 9, signal: null })
})

t.test('says what to do where there is no newer Node', { skip }, async (t) => {
  // Outside the checkout, where no node_modules is found.
  const folder = mkdtempSync(join(tmpdir(), 'usher-launch-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  copyFileSync(launcher, join(folder, 'launch.mjs'))
  const { code, stdout, stderr } = await runUsher(t, ['--help'], { ...starting, script: join(folder, 'launch.mjs') })
  t.strictSame({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, /^usher: Node 26 or newer is needed, and this is v\d+\.\S+; run npm ci, which brings it on Linux\n$/)
})

t.test('runs by a link, as npx has it', async (t) => {
  const link = join(t.testdir({}), 'usher')
  symlinkSync(launcher, link)
  t.match(await runUsher(t, ['--version'], { script: link }), { code: 0, stdout: `usher ${version}\n` })
  if (skip !== false) return
  t.match(await runUsher(t, ['--version'], { ...starting, script: link }), { code: 0, stdout: `usher ${version}\n` })
})

/** Why there is nothing to try; false where there is. */
function skipReason(): string | false {
  if (process.platform !== 'linux') return 'the packages with Node are for Linux'
  if (machine === undefined) return 'there is no Node on this machine but that of npm ci'
  return machine.major < 26 ? false : `the Node of this machine is ${machine.major}, which needs no other`
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((each) => each !== '').map(Number)
}
