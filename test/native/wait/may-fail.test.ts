import t from 'tap'
import { answer, granted, inTurn, startLock } from './support/lock.ts'
import { runWait } from './support/program.ts'

t.jobs = 4

const fast = ['--pause=10ms', '--connect-wait=300ms']
const document = (members: object, type = 'application/problem+json') => answer('424 Failed Dependency', { 'Content-Type': type }, JSON.stringify(members))
const detail = 'service/redis (0 of 2 endpoints ready, timed out after 600 s)'

t.test('with --may-fail it ends with 4, and says why, where the lock says that a dependency is not healthy', async (t) => {
  const lock = await startLock(t, inTurn(document({ detail }), granted()))
  const { code, lines } = await runWait(t, [...lock.args, ...fast, '--may-fail'])
  t.equal(code, 4)
  t.equal(lines.at(-1), `what the pod depends on is not healthy: ${detail}: the init container fails, and waits anew`)
  t.equal(lock.requests.length, 1)
})

t.test('without --may-fail no answer makes it fail', async (t) => {
  const lock = await startLock(t, () => document({ detail }))
  const { code, lines } = await runWait(t, [...lock.args, ...fast])
  t.equal(code, 0)
  t.match(lines.at(-1), /: the pod starts without the startup lock$/)
})

for (const [what, text] of [
  ['is no problem document', document({ detail }, 'text/plain')],
  ['has no detail', document({ title: 'no' })],
  ['is no JSON', answer('424 Failed Dependency', { 'Content-Type': 'application/problem+json' }, '{')],
  ['has another status', answer('500 Internal Server Error', { 'Content-Type': 'application/problem+json' }, JSON.stringify({ detail }))],
] as const) {
  t.test(`with --may-fail an answer that ${what} is none of a lock`, async (t) => {
    const lock = await startLock(t, () => text)
    const { code, lines } = await runWait(t, [...lock.args, ...fast, '--may-fail'])
    t.equal(code, 0)
    t.match(lines.at(-1), /: the pod starts without the startup lock$/)
  })
}
