import t from 'tap'
import { invalidJob } from '../../src/job/file/report.ts'
import { planJson } from '../../src/placement/plan-json.ts'
import { planLines, problemSentence } from '../../src/placement/report.ts'
import type { NodePlan, RoomPlan, WorkloadPlan } from '../../src/placement/room-plan.ts'
import { writing } from './world.ts'

const plain = (_color: unknown, text: string): string => text
const gibi = 2 ** 30

function planOf(nodes: readonly NodePlan[], parts: Partial<WorkloadPlan> = {}): RoomPlan {
  const workload: WorkloadPlan = {
    kind: 'Deployment',
    name: 'web',
    namespace: 'shop',
    instances: 3,
    running: 1,
    outdated: 0,
    needed: 2,
    placed: 2,
    requests: { cpu: 250, memory: 2 * gibi, 'example.com/gpu': 1 },
    writing,
    judgedBy: 'dry-run',
    rollout: { kind: 'rolling', maxSurge: 1, maxUnavailable: 0, surgeRoom: 1, goesOn: true },
    start: { podsOnOneNode: 2, lock: { leaseSeconds: 120, maxWaitSeconds: 240 }, waitSeconds: 120, readinessFloorSeconds: 0 },
    nodes,
    notJudged: ['where its volumes can be attached'],
    ...parts,
  }
  const free = nodes.map(({ name }) => ({ name, free: { cpu: 1_500, memory: 3 * gibi, 'ephemeral-storage': -5, 'example.com/gpu': 2 }, allocatable: {}, pods: { free: 7, allocatable: 10 } }))
  return { ...(parts.problem === undefined ? {} : { problem: parts.problem, problemOf: 'web' }), workloads: [workload], nodes: free, changes: [], warnings: [], notes: ['one thing more'] }
}

const node = (name: string, fits: number, reasons: NodePlan['reasons'] = []): NodePlan => ({ name, running: 0, fits, placed: 0, reasons })

t.test('a workload in a few lines, and each node with what is free and why it takes no more', async (t) => {
  const lines = planLines(planOf([node('a', 1, [{ code: 'memory', detail: 'memory: 1Gi left, one takes 2Gi' }]), node('b', 0, [{ code: 'cordoned', detail: 'cordoned' }])]), plain, false)
  t.strictSame(lines, [
    'Deployment shop/web: 3 instances, 1 runs; there is room for the 2 that are needed',
    '  each takes memory 2Gi, CPU 250m, example.com/gpu 1',
    '  rollout: there is room for 1 of 1 more at a time (maxSurge 1, maxUnavailable 0)',
    '  slowest start: at most 2m of waiting for the lock where these alone start on a node (2 pods, a lease of 2m each); at most 4m whatever else starts there',
    '  not judged: where its volumes can be attached',
    '',
    '  NODE   RUN   NEW   FITS   FREE MEMORY   FREE CPU   FREE DISK   FREE example.com/gpu   FREE PODS   WHY NOT MORE',
    '  a      0     0     1      3Gi           1.5        0           2                      7           memory: 1Gi left, one takes 2Gi',
    '  b      0     0     0      3Gi           1.5        0           2                      7           cordoned',
    '',
    'note: one thing more',
  ])
})

t.test('of a large cluster the best nodes are shown, and what keeps the others from it is counted', async (t) => {
  const nodes = [
    ...Array.from({ length: 700 }, (_, index) => node(`full-${index}`, 0, [{ code: 'memory', detail: `memory: ${index} left, one takes 2Gi` }])),
    ...Array.from({ length: 280 }, (_, index) => node(`gpu-${index}`, 0, [{ code: 'taint', detail: 'taint gpu:NoSchedule' }])),
    ...Array.from({ length: 20 }, (_, index) => node(`free-${index}`, 3)),
  ]
  const lines = planLines(planOf(nodes), plain, false)
  t.equal(lines.filter((line) => line.startsWith('  free-')).length, 10)
  t.strictSame(lines.slice(-6), ['  … and 990 more nodes (--nodes shows all):', '    10 with room for 30 more', '    700: too little memory free', '    280: taint gpu:NoSchedule', '', 'note: one thing more'])
  t.equal(planLines(planOf(nodes), plain, true).filter((line) => /^ {2}(?:free|full|gpu)-/.test(line)).length, 1_000)
})

t.test('what is rejected is said in red words, without what would come later', async (t) => {
  const problem = { code: 'insufficient-memory', detail: 'Job requires 12G of memory but only 10G can be allocated.' } as const
  const plan = planOf([node('a', 1)], { problem })
  const lines = planLines(plan, plain, false)
  t.equal(lines[0], 'Deployment shop/web: Job requires 12G of memory but only 10G can be allocated.')
  t.notOk(lines.some((line) => /rollout|slowest start/.test(line)))
  t.equal(problemSentence(problem), 'Job requires 12G of memory but only 10G can be allocated. Nothing was created. Ask for less memory or for fewer instances, or add a node. (insufficient-memory)')
  t.strictSame(Object.keys(planJson(plan)), ['type', 'title', 'detail', 'job', 'changes', 'workloads', 'nodes', 'notes'])
  t.strictSame(Object.keys(planJson(planOf([]))), ['changes', 'workloads', 'nodes', 'notes'])
})

t.test('the faults of a job file: a line each, and no control characters of the file', async (t) => {
  const at = { file: 'job.yaml', line: 1, column: 1, code: 'invalid-job' } as const
  const problem = invalidJob([{ ...at, message: 'a job needs a name' }, { ...at, line: 2, message: 'unknown key "\u{1b}[2J"' }])
  t.equal(problemSentence(problem), 'job.yaml:1:1: a job needs a name\njob.yaml:2:1: unknown key "?[2J"\nNothing was created. (invalid-job)')
})

t.test('what the rollout takes, in words', async (t) => {
  const said = (rollout: NonNullable<WorkloadPlan['rollout']>, parts: Partial<WorkloadPlan> = {}): string => planLines(planOf([], { rollout, ...parts }), plain, false).find((line) => line.includes('rollout:')) ?? ''
  const rolling = { kind: 'rolling', maxSurge: 1, maxUnavailable: 0, surgeRoom: 0, goesOn: false } as const
  t.match(said(rolling), /no room for surge \(maxSurge 1, maxUnavailable 0\): it would not go on; maxUnavailable 1 replaces pods in their own room/)
  t.match(said({ ...rolling, maxUnavailable: 1, goesOn: true }), /no room for surge, so it goes on by pods that end first/)
  t.match(said({ ...rolling, maxSurge: 0, maxUnavailable: 1, goesOn: true }), /1 pod at a time, in the room of those that go/)
  t.match(said({ ...rolling, kind: 'recreate' }), /all pods are ended before the new ones start/)
  t.match(said({ ...rolling, kind: 'on-delete' }), /when somebody deletes it/)
  t.match(said(rolling, { instances: 0 }), /there is nothing to replace/)
})
