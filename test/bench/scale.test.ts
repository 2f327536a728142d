import t from 'tap'
import { listAt } from '../support/pod-reader.ts'
import { mostInASecond } from './scale/measure-restart.ts'
import { readPlan } from './scale/plan.ts'
import { bootingPods, podsOf } from './scale/population.ts'
import { addedSince, parseScrape, sumOf } from './scale/prometheus.ts'
import { scalePod, startOf } from './scale/scale-pod.ts'
import { readPod } from '../../src/lock/read-pod.ts'
import { runProgram } from './support/run-program.ts'

const scrape = `# HELP apiserver_request_total Counter of requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="pods",verb="LIST"} 3
apiserver_request_total{code="429",resource="pods",verb="LIST"} 2
apiserver_request_total{code="200",resource="nodes",verb="LIST"} 5
go_goroutines 912
apiserver_request_total_other 7
odd{text="a \\"quoted\\", and\\nmore} "} 1.5e+06
`

t.test('a scrape is read as far as it is wanted, and added up by labels', async (t) => {
  const samples = parseScrape(scrape, new Set(['apiserver_request_total', 'go_goroutines', 'odd']))
  t.equal(samples.length, 5)
  t.equal(sumOf(samples, 'apiserver_request_total', { resource: 'pods' }), 5)
  t.equal(sumOf(samples, 'apiserver_request_total', { code: '200' }), 8)
  t.equal(sumOf(samples, 'go_goroutines'), 912)
  t.equal(sumOf(samples, 'nothing'), 0)
  t.match(samples.find(({ name }) => name === 'odd'), { labels: { text: 'a "quoted", and\nmore} ' }, value: 1_500_000 })
})

t.test('what has been added to counters is known, whatever the order of labels, and of counters that are new', async (t) => {
  const names = new Set(['a'])
  const before = parseScrape('a{x="1",y="2"} 3\na{x="2"} 4\n', names)
  const now = parseScrape('a{y="2",x="1"} 8\na{x="2"} 4\na{x="3"} 1\n', names)
  const added = addedSince(before, now)
  t.equal(added.length, 2)
  t.equal(sumOf(added, 'a', { x: '1' }), 5)
  t.equal(sumOf(added, 'a'), 6)
})

t.test('half of a node\'s pods are as their authors wrote them, and the others wait for the lock', async (t) => {
  const place = { name: 'node-1-0', namespace: 'bench', node: 'node-1' }
  t.match(scalePod(place, false), { metadata: { name: 'node-1-0', namespace: 'bench' }, spec: { nodeName: 'node-1' } })
  t.match(listAt(scalePod(place, true)['spec'], 'initContainers'), [{ name: 'usher-lock' }])
  t.strictSame(listAt(scalePod(place, false)['spec'], 'initContainers'), [])
  const pods = podsOf(['node-0', 'node-1'], 5)
  t.equal(new Set(pods.map(({ name }) => name)).size, 10)
  t.equal(new Set(pods.map(({ address }) => address)).size, 10)
  t.equal(pods.filter(({ isInjected }) => isInjected).length, 6)
  const { bootNodes } = readPlan({ nodes: '2' }, true)
  t.equal(bootingPods(pods, ['node-0', 'node-1'], { ...readPlan({}, true), bootNodes }).length, 5)
})

t.test('a start is what the lock takes for one: it waits, has its turn, and is up', async (t) => {
  const pod = scalePod({ name: 'a', namespace: 'bench', node: 'n' }, true)
  const uid = { ...Object(pod['metadata']), uid: 'uid-a' }
  const facts = startOf(pod, '10.64.0.1').map((status) => readPod({ ...pod, metadata: uid, status }))
  t.equal(facts.length, 6)
  t.match(facts[0], { isStarted: false, isReady: false, address: undefined })
  t.match(facts[1], { wait: { isFinished: false }, isStarted: false, address: '10.64.0.1' })
  t.match(facts[2], { wait: { isFinished: true }, isStarted: false })
  t.match(facts[3], { isStarted: true, isReady: false })
  t.match(facts.at(-1), { isStarted: true, isReady: true, hasProbes: true })
  t.equal(startOf(scalePod({ name: 'b', namespace: 'bench', node: 'n' }, false), '10.64.0.2').length, 4)
})

t.test('the most that came within a second is found wherever the second begins', async (t) => {
  t.equal(mostInASecond([]), 0)
  t.equal(mostInASecond([0, 900, 1_100, 1_200, 1_899, 3_000]), 4)
})

t.test('the benchmark of scale shows its flags, and takes no others', async (t) => {
  t.match(runProgram('scale', ['--help']), { status: 0, stdout: /^Flags:$/m, stderr: '' })
  t.match(runProgram('scale', ['--nodes', '0']), { status: 2, stdout: '', stderr: '--nodes: 0 is not a whole number from 1' })
})
