import t from 'tap'
import { schedulerWords } from '../../src/why/scheduler-words.ts'

/** The causes in short: `2: words`. */
const causes = (message: string) => schedulerWords(message).causes.map(({ nodes, words }) => (nodes === undefined ? words : `${nodes}: ${words}`))

t.test('what the scheduler says is put into plain words, the most nodes first', async (t) => {
  const message = "0/9 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 1 node(s) were unschedulable, 2 Insufficient memory, 5 node(s) didn't match Pod's node affinity/selector. preemption: 0/9 nodes are available: 7 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
  t.equal(schedulerWords(message).nodes, 9)
  t.strictSame(causes(message), [
    '5: the node does not match the nodeSelector or node affinity of the pod',
    '2: too little memory is free',
    '1: there is the taint node-role.kubernetes.io/control-plane, which the pod does not tolerate',
    '1: the node is cordoned',
  ])
  t.match(schedulerWords(message).causes[1]?.next, /add a node/)
})

t.test('each thing that keeps a pod from nodes', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['Insufficient cpu', 'too few cores are free'],
    ['Insufficient ephemeral-storage', 'too little disk is free'],
    ['Insufficient nvidia.com/gpu', 'too little nvidia.com/gpu is free'],
    ['Too many pods', 'as many pods are there as it takes'],
    ["node(s) didn't have free ports for the requested pod ports", 'a port of the node that it asks for (hostPort) is taken'],
    ["node(s) didn't match pod anti-affinity rules", 'a pod is there from which it wants to be apart (podAntiAffinity)'],
    ["node(s) didn't match pod topology spread constraints", 'one more there would spread the pods too unevenly'],
    ["node(s) didn't match pod topology spread constraints (missing required label)", 'the node lacks the label by which the pods are spread'],
    ['node(s) had volume node affinity conflict', 'a volume of the pod is bound to another node or zone'],
    ['node(s) had untolerated taint {dedicated: db}', 'there is the taint dedicated, which the pod does not tolerate'],
    ["node(s) had taint {dedicated: db}, that the pod didn't tolerate", 'there is the taint dedicated, which the pod does not tolerate'],
    ['node(s) had untolerated taint(s)', 'there is a taint that the pod does not tolerate'],
    ['node(s) had something new', 'node(s) had something new'],
  ]
  for (const [said, words] of cases) t.strictSame(causes(`0/1 nodes are available: 1 ${said}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`), [`1: ${words}`], said)
})

t.test('the taints of nodes that are lost are one thing', async (t) => {
  const message = '0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 2 node(s) had untolerated taint {node.kubernetes.io/unreachable: }. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.'
  t.strictSame(causes(message), ['3: the node is not ready'])
})

t.test('what is about the pod itself', async (t) => {
  t.strictSame(causes('0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.'), ['a claim of the pod (PersistentVolumeClaim) has no volume'])
  t.strictSame(causes('0/2 nodes are available: persistentvolumeclaim "data" not found. preemption: not eligible'), ['there is no PersistentVolumeClaim data, which the pod uses'])
  t.strictSame(causes('no nodes available to schedule pods'), ['no nodes available to schedule pods'])
  t.strictSame(causes(''), [])
})
