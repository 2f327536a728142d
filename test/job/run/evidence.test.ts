import t from 'tap'
import { evidenceLines, loggersOf, shownPods, suspects } from '../../../src/job/run/evidence.ts'
import type { JsonObject } from '../../../src/units/json.ts'

const pod = (name: string, parts: { readonly isReady?: boolean; readonly created?: string; readonly statuses?: readonly JsonObject[]; readonly ended?: string } = {}): JsonObject => ({
  metadata: { name, creationTimestamp: parts.created ?? '2026-05-01T10:00:00Z', ...(parts.ended === undefined ? {} : { deletionTimestamp: parts.ended }) },
  spec: { nodeName: 'node-1' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: parts.isReady === true ? 'True' : 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [app]' }], containerStatuses: parts.statuses ?? [] },
})
const crashed: JsonObject = { name: 'app', ready: false, restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } }, lastState: { terminated: { exitCode: 1, reason: 'Error' } } }

t.test('those that are not ready explain it, the newest first, and no more than a few', async (t) => {
  const pods = [pod('healthy', { isReady: true }), pod('going', { ended: '2026-05-01T10:01:00Z' }), ...[1, 2, 3, 4, 5].map((each) => pod(`p${each}`, { created: `2026-05-01T10:0${each}:00Z` }))]
  t.strictSame(suspects(pods).map((each) => (each['metadata'] as JsonObject)['name']), ['p5', 'p4', 'p3'])
  t.equal(shownPods, 3)
})

t.test('conditions, how it ended last, events and the log stand below each other', async (t) => {
  const workload: JsonObject = { kind: 'Deployment', metadata: { name: 'web' }, status: { conditions: [{ type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'too few' }, { type: 'Progressing', status: 'True' }] } }
  const event: JsonObject = { type: 'Warning', reason: 'BackOff', message: 'Back-off restarting failed container\n', count: 7, lastTimestamp: '2026-05-01T10:05:00Z' }
  t.strictSame(evidenceLines(workload, [], [{ pod: pod('web-1', { statuses: [crashed] }), events: [event], logs: { app: ['cannot connect', 'bye\u{1b}[31m'] } }]), [
    'Deployment web',
    '  condition Available=False: MinimumReplicasUnavailable: too few',
    'Pod web-1 on node-1: Running',
    '  condition Ready=False: ContainersNotReady: containers with unready status: [app]',
    '  app waits: CrashLoopBackOff: back-off 40s',
    '  app ended with 1: Error, after 4 restarts',
    '  event Warning BackOff: Back-off restarting failed container (7 times)',
    '  log of app:',
    '    cannot connect',
    '    bye?[31m',
  ])
})

t.test('the log of the run before is asked for where a container waits to be started again', async (t) => {
  t.strictSame(loggersOf(pod('a', { statuses: [crashed] })), [{ container: 'app', isPrevious: true }])
  t.strictSame(loggersOf(pod('a', { statuses: [{ name: 'app', ready: false, state: { running: {} } }] })), [{ container: 'app', isPrevious: false }])
  t.strictSame(loggersOf(pod('a', { statuses: [{ name: 'app', ready: true, state: { running: {} } }, { name: 'new', ready: false, state: { waiting: { reason: 'ContainerCreating' } } }] })), [], 'what never ran has none')
})
