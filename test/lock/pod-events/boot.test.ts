import t from 'tap'
import { nodeLimits } from '../../../src/lock/pod-events/pace.ts'
import { up } from '../../support/fake-pods.ts'
import { PodEventsStory } from '../../support/pod-events-story.ts'

const podCount = 110
const holdSeconds = 4

// The sum in docs/lock.md is this, 5,000 times.
t.test('a node that boots with 110 pods sends what its limits let through, and tells of nearly all of them', async (t) => {
  const story = new PodEventsStory()
  for (let index = 0; index < podCount; index++) story.ask(`p${index}`)
  for (let started = 0; started < podCount; started++) {
    await story.pass(holdSeconds)
    const [lease] = story.service.queue.leases()
    const uid = lease?.key.slice('uid:'.length) ?? ''
    story.pods.put(uid, up(uid))
  }
  await story.pass(1_200)
  const { requests } = story.sink
  for (const from of [0, 60, 300, 600]) {
    const count = requests.filter(({ at }) => at >= from * 1_000 && at < (from + 600) * 1_000).length
    t.ok(count <= nodeLimits.burst + 600_000 / nodeLimits.refillMs, `${count} in the ten minutes from ${from} s on`)
  }
  const told = new Set(requests.map(({ pod }) => pod.uid)).size
  t.ok(told >= 100, `${told} of ${podCount} pods are told of, in ${requests.length} requests`)
  const metric = (outcome: string) => story.metric(`usher_lock_pod_events_total{reason="StartupLockReleased",outcome="${outcome}"}`)
  t.equal((await metric('sent')) + (await metric('dropped')), podCount - 2, 'each end is sent or counted; the first two have not waited')
  t.equal(await metric('sent'), requests.filter(({ reason }) => reason === 'StartupLockReleased').length)
  t.equal(story.clock.pending, 0)
})
