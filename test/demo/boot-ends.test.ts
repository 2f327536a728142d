import { readdirSync } from 'node:fs'
import t from 'tap'
import { until } from '../support/until.ts'
import { demoCommand, playDemo } from './play-demo.ts'

for (const [moment, text] of [
  ['in mid-boot without usher', 'Boot without usher\n'],
  ['in mid-boot with usher', 'starts: its turn'],
] as const) {
  t.test(`interrupted ${moment}, it leaves no process and no file`, async (t) => {
    const playing = playDemo(t, [...demoCommand, '--scale', '0.2'])
    await playing.says(text)
    t.ok(playing.descendants().length > 0)
    // More than once, as npm and impatient people do.
    playing.child.kill('SIGINT')
    playing.child.kill('SIGINT')
    t.same(await playing.ended, { code: 1, left: [] })
    t.equal(playing.stderr(), 'usher demo: ended by SIGINT\n')
    t.same(readdirSync(playing.temporary), [])
  })
}

for (const [name, pattern, words] of [
  ['the lock', / lock --host /, 'usher lock ended with SIGKILL'],
  ['an init container', /usher-wait /, /the init container usher-lock of shop\/[a-z]+-0 ended with SIGKILL/],
] as const) {
  t.test(`where ${name} fails, it says so, ends with 1, and leaves nothing`, async (t) => {
    const playing = playDemo(t, [...demoCommand, '--scale', '0.2'])
    await playing.says('waits: ')
    const victim = await until(`${name} runs`, () => playing.descendants().findLast(({ command }) => pattern.test(command)))
    process.kill(victim.pid, 'SIGKILL')
    t.same(await playing.ended, { code: 1, left: [] })
    t.match(playing.stderr(), words)
    t.same(readdirSync(playing.temporary), [])
  })
}

t.test('--serve leaves the lock and its page running until it is interrupted', async (t) => {
  const playing = playDemo(t, [...demoCommand, '--scale', '0.05', '--serve'])
  await playing.says('Ctrl-C ends it.')
  const address = /http:\/\/127\.0\.0\.1:\d+\/status$/m.exec(playing.stdout())?.[0] ?? ''
  const page = await fetch(address)
  t.equal(page.status, 200)
  const text = await page.text()
  const state = (await (await fetch(new URL('/v1/state', address))).json()) as { starts: { pod: string }[] }
  t.equal(state.starts.length, 8)
  for (const { pod } of state.starts) t.match(text, pod)
  t.ok((await permitsUsed(new URL('/v1/events', address))).every((used) => used <= 1), 'never more in turn than there are permits')
  playing.child.kill('SIGINT')
  t.same(await playing.ended, { code: 0, left: [] })
  t.equal(playing.stderr(), '')
  t.same(readdirSync(playing.temporary), [])
  await t.rejects(fetch(address), 'nobody listens any more')
})

/** How many have had their turn at a time, by all events of the lock. */
async function permitsUsed(url: URL): Promise<readonly number[]> {
  const response = await fetch(url, { headers: { 'last-event-id': '0' } })
  const inTurn = new Set<string>()
  const used: number[] = []
  let released = 0
  let text = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (text + chunk).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const kind = /^event: (.*)$/m.exec(event)?.[1]
      const { pod, grant } = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '{}')
      if (kind === 'granted' && grant === 'floor') inTurn.add(pod)
      if (kind === 'released') inTurn.delete(pod)
      if (kind === 'released') released++
      used.push(inTurn.size)
    }
    if (released === 8) break
  }
  return used
}
