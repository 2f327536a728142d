import { readdirSync } from 'node:fs'
import t from 'tap'
import { demoCommand, playDemo } from './play-demo.ts'

interface Pod {
  readonly pod: string
  readonly waitedMs: number
  readonly startMs: number
  readonly readyMs: number
  readonly limitMs: number
  readonly isOverLimit: boolean
  readonly grant?: string
  readonly init: readonly { readonly command: string; readonly lines: readonly string[]; readonly code: number }[]
}

t.test('--json: eight pods boot for real, without usher and with it', async (t) => {
  const playing = playDemo(t, [...demoCommand, '--json', '--scale', '0.2'])
  t.same(await playing.ended, { code: 0, left: [] })
  t.same(readdirSync(playing.temporary), [])
  const document = JSON.parse(playing.stdout())
  t.match(document.programs, { kind: 'played', runs: [{ code: 0, lines: ['Sleeping...', 'Done!'] }] })
  const { boot } = document

  await t.test('all of them are ready in both, and those over their limit are counted', async (t) => {
    for (const run of [boot.without, boot.with]) {
      const pods: readonly Pod[] = run.pods
      t.equal(new Set(pods.map(({ pod }) => pod)).size, 8)
      for (const { pod, waitedMs, startMs, readyMs, limitMs, isOverLimit } of pods) {
        t.ok(startMs > 0 && limitMs > 0 && Math.abs(waitedMs + startMs - readyMs) <= 2, pod)
        // To a millisecond: numbers are rounded after they are compared.
        t.ok(isOverLimit ? startMs >= limitMs : startMs <= limitMs, pod)
      }
      t.equal(run.overLimit, pods.filter(({ isOverLimit }) => isOverLimit).length)
      t.equal(run.worstReadyMs, Math.max(...pods.map(({ readyMs }) => readyMs)))
    }
    t.equal(boot.alone.length, 2)
  })

  await t.test('without usher nothing waits; with it, usher-wait runs as the patch has it', async (t) => {
    for (const { init, grant } of boot.without.pods as readonly Pod[]) t.same([init, grant], [[], undefined])
    for (const { pod, init, grant } of boot.with.pods as readonly Pod[]) {
      t.equal(init.length, 1)
      const [{ command, lines, code } = { command: '', lines: [], code: -1 }] = init
      const uid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
      t.match(command, new RegExp(`^usher-wait --host=127\\.0\\.0\\.1 --port=\\d+ --duration=120s --max-wait=240s --pod=shop/${pod} --uid=${uid}$`))
      t.match(lines[0], /^asking for the startup lock of this node at 127\.0\.0\.1:\d+$/)
      t.match(lines.at(-1), /^got the startup lock of this node after /)
      t.equal(code, 0)
      t.match(grant, /^(floor|idle-core)$/)
    }
  })

  await t.test("by the lock's account, every pod had a lease, and gave it back", async (t) => {
    t.equal(boot.lock.permits, 1)
    const grants = (boot.with.pods as readonly Pod[]).map(({ pod, grant }) => [`shop/${pod}`, grant])
    const starts: readonly { readonly pod: string; readonly grant: string; readonly cause: string }[] = boot.lock.starts
    t.same(Object.fromEntries(starts.map(({ pod, grant }) => [pod, grant])), Object.fromEntries(grants))
    t.same(starts.map(({ cause }) => cause), Array.from({ length: 8 }, () => 'given-back'))
  })

  await t.test('each example is there before and after', async (t) => {
    const codes = document.examples.map((each: { name: string; reasons: { code: string }[] }) => [
      each.name,
      each.reasons.map(({ code }) => code),
    ])
    t.same(Object.fromEntries(codes), {
      'log-agent': ['daemonset-pod', 'daemonset-pod'],
      db: ['nap-added', 'lock-added'],
      migrate: ['finishes-by-itself', 'job-pod'],
      orders: ['nap-added', 'lock-added'],
      reporter: ['nap-added', 'lock-added'],
      legacy: ['opted-out'],
      gateway: ['nap-added', 'prestop-exists', 'lock-added'],
      tiny: ['nap-added', 'lock-added'],
      web: ['nap-added', 'lock-added'],
    })
  })
})
