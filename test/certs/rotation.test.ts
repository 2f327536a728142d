import t from 'tap'
import { type Certificate, bundleOf, issuerOf } from '../../src/certs/bundle.ts'
import { issueWithOwnCa } from '../../src/certs/issue.ts'
import { trustedPairOf } from '../../src/certs/secret.ts'
import { dueAt, lookEveryMs, settleMs, unseenDueAt } from '../../src/certs/times.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000

t.test('renewed a third of its life before its end, backdating aside; unseen, a sixth before', async (t) => {
  const now = Date.parse('2030-01-01T00:00:00Z')
  for (const lifeMs of [90 * dayMs, 60_000]) {
    const { leaf } = await issued(lifeMs, now)
    t.equal(dueAt(leaf), now + (lifeMs * 2) / 3)
    t.equal(unseenDueAt(leaf), now + (lifeMs * 5) / 6)
  }
  t.equal(dueAt({ ...(await issued(dayMs, now)).leaf, from: now, to: now + hourMs / 2 }), now + hourMs / 3, "somebody else's need not be backdated")
})

t.test('looks often enough to mend within a minute, and waits long enough to be heard, whatever the life', (t) => {
  t.strictSame([90 * dayMs, 75_000, 10_000].map(lookEveryMs), [20_000, 3_750, 1_000])
  t.strictSame([90 * dayMs, 75_000].map(settleMs), [60_000, 7_500])
  t.end()
})

t.test('a bundle has what is needed, then the newest of what has not ended, and never grows for ever', async (t) => {
  const now = Date.parse('2030-01-01T00:00:00Z')
  const cas = await Promise.all(Array.from({ length: 8 }, async (_, index) => (await issued(dayMs, now - index * hourMs)).ca))
  const [first, second, third] = cas
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are eight')
  t.strictSame(ids(bundleOf([third], [second, first, third], now)), ids([third, first, second]))
  t.strictSame(ids(bundleOf([second], [third, first], third.to)), ids([second, first]), 'the third has ended')
  t.equal(bundleOf([third], cas, now).length, 6)
  const { leaf } = await issued(dayMs, now)
  t.strictSame(ids(bundleOf([first], [leaf], now)), ids([first]), 'who has certified nobody is no CA')
  t.equal(issuerOf(leaf, cas), undefined)
})

async function issued(lifeMs: number, now: number) {
  return trustedPairOf(await issueWithOwnCa(['localhost'], lifeMs, new Date(now)))
}

function ids(certificates: readonly Certificate[]): readonly string[] {
  return certificates.map(({ id }) => id)
}
