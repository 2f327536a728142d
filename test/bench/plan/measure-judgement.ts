import { nodesFree, readClusterRoom } from '../../../src/cli/cluster-room.ts'
import { fromKubeconfig } from '../../../src/kube/cluster.ts'
import type { Interest } from '../../../src/placement/cluster-room.ts'
import { demandOf } from '../../../src/placement/demand.ts'
import { Ground } from '../../../src/placement/ground.ts'
import { Neighbourhood } from '../../../src/placement/neighbourhood.ts'
import { planWorkload, type WantedWorkload } from '../../../src/placement/plan-workload.ts'
import { ownerOf } from '../../../src/placement/pod-owner.ts'
import { planLines } from '../../../src/placement/report.ts'
import { wishOf } from '../../../src/placement/workload.ts'
import { adminAt } from '../../support/answering-admin.ts'
import { objectAt } from '../../support/pod-reader.ts'
import type { ApiServer } from '../../tools/api-server.ts'
import { type CaseName, cases, plannedWorkload } from './stage.ts'

/** One look at a cluster. */
export interface Judgement {
  readonly listingSeconds: number
  readonly judgementMs: Readonly<Record<CaseName, number>>
}

/** Lists nodes and pods once, and judges each case by them; throws where not all instances find room. */
export async function measureJudgement({ kubeconfig, url }: ApiServer, instances: number, signal: AbortSignal): Promise<Judgement> {
  signal.throwIfAborted()
  const { admin, asker } = adminAt(fromKubeconfig(kubeconfig), url)
  const wanted = new Map((Object.keys(cases) as CaseName[]).map((name) => [name, wantedOf(name, instances)]))
  const startMs = performance.now()
  const cluster = await readClusterRoom(admin, asker, [...wanted.values()].map(({ interest }) => interest))
  const listingSeconds = (performance.now() - startMs) / 1_000
  const judgementMs: Partial<Record<CaseName, number>> = {}
  for (const [name, each] of wanted) {
    const beganMs = performance.now()
    const { plan } = planWorkload(each, cluster, Ground.of(cluster.rooms, [each.interest]))
    planLines({ workloads: [plan], nodes: nodesFree(cluster.rooms), changes: [], warnings: [], notes: [] }, (_color, text) => text, true)
    judgementMs[name] = performance.now() - beganMs
    if (plan.placed !== instances) throw new Error(`of ${name}, ${plan.placed} of ${instances} have found room: ${JSON.stringify(plan.problem)}`)
  }
  return { listingSeconds, judgementMs: judgementMs as Record<CaseName, number> }
}

function wantedOf(name: CaseName, instances: number): WantedWorkload {
  const workload = plannedWorkload(name, instances)
  const template = objectAt(workload, 'spec', 'template')
  const demand = demandOf(template, 'bench')
  const interest: Interest = { owner: ownerOf('Deployment', 'bench', 'planned', undefined), neighbourhood: new Neighbourhood(demand) }
  return {
    kind: 'Deployment',
    name: 'planned',
    namespace: 'bench',
    wish: wishOf(workload),
    pod: template,
    demand,
    places: [],
    placesByOrdinal: undefined,
    judgedBy: 'as-written',
    isTemplateChanged: false,
    revision: undefined,
    lock: undefined,
    interest,
    writing: { style: 'kubernetes', memory: 'binary', disk: 'binary' },
    notJudged: [],
  }
}
