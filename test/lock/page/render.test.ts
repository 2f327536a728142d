import t from 'tap'
import { renderPage } from '../../../src/lock/page/render.ts'
import { whyWaiting } from '../../../src/lock/page/sections.ts'
import { script } from '../../../src/lock/page/script.ts'
import { clockWords, spanWords } from '../../../src/lock/page/words.ts'
import type { GateState, StateView, WaiterState } from '../../../src/lock/state-view.ts'
import { holder, hostilePods, sampleNow, sampleState, start, stateWith } from './sample-state.ts'

const waiting: WaiterState = { pod: 'a/b', identified: true, position: 1, waitedSeconds: 3, priority: 0, weight: 1, connected: true }
const watched: StateView['pods'] = { state: 'connected', known: 34, staleSeconds: 1 }
const closed: GateState = { name: 'tcp://db:5432', open: false, overdue: false, reason: 'connection refused', seconds: 12 }

t.test('escapes names and reasons wherever they stand', async (t) => {
  for (const pod of hostilePods) {
    const page = renderPage(
      stateWith({
        holders: [{ ...holder(pod, 1, 1, 1), containers: { ready: 0, total: 1, lacks: pod } }],
        pods: watched,
        waiters: [{ ...waiting, pod }],
        gates: [{ ...closed, name: pod, reason: pod }],
        starts: [start(pod, 9, 8, 7, 'ready')],
      }),
    )
    t.notMatch(page, pod)
    t.notMatch(page, /<script>|<img|<style>|onload=alert\(3\)>/)
    t.equal(page.match(/<script /g)?.length, 1, 'only the page has a script')
    t.equal(tagsOf(page), tagsOf(renderPage(sampleLike())), 'the names add no element')
  }
})

/** The same page with harmless names. */
function sampleLike() {
  return stateWith({
    holders: [{ ...holder('a/b', 1, 1, 1), containers: { ready: 0, total: 1, lacks: 'web: readiness probe' } }],
    pods: watched,
    waiters: [waiting],
    gates: [closed],
    starts: [start('a/b', 9, 8, 7, 'ready')],
  })
}

function tagsOf(page: string): number {
  return page.match(/<[a-z]/gi)?.length ?? 0
}

t.test('has nothing inline that its policy forbids, and only relative links', async (t) => {
  const page = renderPage(sampleState)
  t.notMatch(page, /\sstyle=|\son[a-z]+=|<style|javascript:/i)
  t.notMatch(page, /<script(?![^>]* src="status\/script\.js")/)
  const links = Array.from(page.matchAll(/(?:href|src)="([^"]*)"/g), ([, link]) => link)
  t.strictSame(links, ['status/icon.svg', 'status/style.css', 'status/script.js'])
  t.strictSame(Array.from(script.matchAll(/(?:EventSource|fetch)\('([^']*)'/g), ([, link]) => link), ['v1/events', 'status'])
})

t.test('tells why somebody waits', async (t) => {
  const permits = { floor: 2, used: 2, strict: true }
  t.equal(whyWaiting(waiting, stateWith({ permits })), 'the permits are taken')
  t.equal(whyWaiting(waiting, stateWith({ permits: { ...permits, floor: 1 } })), 'the permit is taken')
  t.equal(whyWaiting(waiting, stateWith({ permits, gates: [closed] })), 'a gate is closed: tcp://db:5432')
  t.equal(whyWaiting(waiting, stateWith({ permits, gates: [{ ...closed, overdue: true }] })), 'the permits are taken')
  const used = { ...permits, used: 1 }
  t.equal(whyWaiting({ ...waiting, weight: 9 }, stateWith({ permits: used })), 'it takes 2 permits, and 1 is free')
  t.equal(whyWaiting({ ...waiting, position: 3 }, stateWith({ permits: used })), '2 before it')
})

t.test('says until when somebody holds the lock, and why', async (t) => {
  const page = renderPage(sampleState)
  t.match(page, 'a core was idle')
  t.match(page, '<time datetime="2026-03-14T09:28:38.700Z">09:28:38</time> <small>in <time datetime="PT105.7S">1 min 46 s</time></small>')
  t.match(page, 'gone for a moment; its place is kept')
  t.match(page, 'closed, no longer waited for')
})

t.test('says how far the pods are that start, and what ends their turns', async (t) => {
  const turn = (changes: Partial<StateView['holders'][number]>): string => {
    const page = renderPage(stateWith({ pods: watched, holders: [{ ...holder('a/b', 1, 1, 1), ...changes }] }))
    return /data-title="Containers"><span>(.*?)<\/span><\/td>/.exec(page)?.[1]?.replaceAll(/<[^>]*>/g, '') ?? ''
  }
  t.equal(turn({ until: 'ready', containers: { ready: 1, total: 2, lacks: 'web: readiness probe' } }), '1/2 ready, web: readiness probe turn ends when all are ready')
  t.equal(turn({ until: 'ready' }), 'not known turn ends when all are ready')
  t.equal(turn({ until: 'started', containers: { ready: 0, total: 1, lacks: 'app: not started' } }), '0/1 ready, app: not started no probes: turn ends soon after its start')
  t.equal(turn({ until: 'blind-hold', containers: { ready: 1, total: 1 } }), '1/1 ready started, no probes: turn ends soon')
  t.equal(turn({ until: 'lease-end' }), 'not known turn ends by time')
})

t.test('says nothing of containers without Kubernetes', async (t) => {
  const page = renderPage(stateWith({ holders: [holder('a/b', 1, 1, 1)] }))
  t.match(page, 'Without Kubernetes, turns end by time')
  t.notMatch(page, 'Containers')
})

t.test('says so where there is nothing', async (t) => {
  const page = renderPage(stateWith())
  for (const text of ['Nobody holds the lock.', 'Nobody waits.', 'No starts in the last hour.', 'not known']) t.match(page, text)
  t.notMatch(page, '<h2 id="gates-title">')
  t.notMatch(page, 'class="timeline"')
  const startedAt = new Date(sampleNow - 60_000).toISOString()
  t.match(renderPage(stateWith({ startedAt })), /No starts since this service started at <time [^>]*>09:25:53<\/time> UTC/)
})

t.test('stays small, however many wait', async (t) => {
  const waiters = Array.from({ length: 2_000 }, (_, index) => ({ ...waiting, pod: `a/${index}`, position: index + 1 }))
  const page = renderPage(stateWith({ waiters }))
  t.match(page, 'and 1950 more')
  t.match(page, 'and 1980 more who wait, not drawn')
  t.ok(page.length < 100_000, `${page.length} characters`)
})

t.test('leaves out the middle of a long name in the picture, never half a letter', async (t) => {
  const pod = `shop/${'🚀'.repeat(100)}-x2x7k`
  const page = renderPage(stateWith({ starts: [start(pod, 9, 8)] }))
  t.match(page, /<text x="0" [^>]*>shop\/🚀+…🚀+-x2x7k<\/text>/u)
  t.ok(page.isWellFormed())
})

t.test('draws who has only just come, or was granted just now, within the picture', async (t) => {
  const page = renderPage(stateWith({ starts: [start('a/granted', 0, 0)], waiters: [{ ...waiting, waitedSeconds: 0 }] }))
  const bars = Array.from(page.matchAll(/<rect class="bar ([a-z]+)" x="([\d.]+%)" y="[\d.]+" width="2"/g), ([, kind, x]) => [kind, x])
  t.strictSame(bars, [['waiting', '99.7%'], ['holding', '99.7%']])
})

t.test('writes spans and times for people', async (t) => {
  t.strictSame([0, 0.04, 3.21, 9.94, 9.96, 59.4, 59.6, 61, 3_599, 3_600, 4_800].map(spanWords), [
    '0 s', '0 s', '3.2 s', '9.9 s', '10 s', '59 s', '1 min', '1 min 1 s', '59 min 59 s', '1 h', '1 h 20 min',
  ])
  t.equal(clockWords(sampleNow), '09:26:53')
})
