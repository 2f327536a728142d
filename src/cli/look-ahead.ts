import { probePod } from '../check/dry-run.ts'
import { contextOf } from '../check/injection-check.ts'
import { textAt } from '../check/json-paths.ts'
import type { Candidate } from '../enable/candidate.ts'
import type { Content } from '../enable/content.ts'
import { inState, type NamespaceState, stateOf } from '../enable/namespace-state.ts'
import { remarksOf, type Row } from '../enable/obstacles.ts'
import { isChange, type Plan, planOf } from '../enable/plan.ts'
import type { Report } from '../enable/report.ts'
import { judgeTrial } from '../enable/trial.ts'
import type { DecisionContext } from '../inject/context.ts'
import type { JsonObject } from '../units/json.ts'
import type { JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'
import { type FoundInstallation, knownTo } from './find-installation.ts'
import { listContent } from './list-content.ts'
import type { Progress } from './progress.ts'
import { isWebhookCalled, tryPods, type TryingGround } from './try-pods.ts'
import { keeperNotes, unseenObstacles, usherNotes, usherObstacles } from './usher-remarks.ts'

/** What is to be looked at before the label of a namespace is changed. */
export interface Looking {
  readonly admin: JoinedAdmin
  readonly asker: Asker
  readonly namespace: JsonObject
  readonly usher: FoundInstallation
  readonly to: NamespaceState
  readonly progress: Progress
}

/** Finds out what would come of it: what changes for which workloads, and what the API server says to their pods. */
export async function lookAhead({ admin, asker, namespace, usher, to, progress }: Looking): Promise<Report> {
  const name = textAt(namespace, 'metadata', 'name') ?? ''
  const from = stateOf(namespace)
  const isOn = to === 'enabled' || to === 'audit'
  const isHypothetical = to === 'audit' && from !== 'enabled'
  const isBroken = usher.findings.some(({ outcome }) => outcome === 'failed')
  const known = knownTo(usher)
  const context = (state: NamespaceState): DecisionContext => contextIn(namespace, state, known)
  // Where nothing of usher is left, nothing is put into pods that could be missed.
  const now = context(usher.namespaces?.length === 0 && !isOn ? 'none' : from)
  const enabled = context('enabled')

  const { content, unseen } = await listContent(asker, name)
  const planned = content.map((each): Content & { readonly plan: Plan } => {
    const plan = planOf(each.candidate, now, context(to))
    return { ...each, plan: isHypothetical && !isChange(plan) ? planOf(each.candidate, now, enabled) : plan }
  })
  const ground: TryingGround = { admin, asker, namespace: name, now: from, enabled, byHand: isBroken }
  const tried = await tryPods(ground, planned.map(({ plan }) => plan), progress)
  const rows = planned.map((each): Row => {
    const trial = isChange(each.plan) ? tried.get(each.candidate.key)?.trial : undefined
    return { ...each, verdict: trial === undefined ? undefined : judgeTrial(trial, each.plan.change === 'gains' ? each.plan.effect : undefined) }
  })
  const ofTrials = remarksOf(name, rows, isHypothetical)
  const isCalled = !isOn || isBroken || (await isWebhookCalled(ground, [...tried.values()], planOf(probe(name), context('none'), enabled)))
  const unseens = unseenObstacles(unseen)
  return {
    namespace: name,
    from,
    to,
    isHypothetical,
    rows,
    // Audit mode puts nothing in that could be rejected.
    obstacles: [...(isOn ? usherObstacles(usher, isCalled) : []), ...ofTrials.obstacles, ...(isHypothetical ? [] : unseens)],
    notes: [...ofTrials.notes, ...(isHypothetical ? unseens : []), ...usherNotes(usher, isOn), ...keeperNotes(namespace, to)],
  }
}

function contextIn(namespace: JsonObject, state: NamespaceState, known: ReturnType<typeof knownTo>): DecisionContext {
  const context = contextOf(inState(namespace, state), known)
  if (context === undefined) throw new Error('there is no configuration')
  return context
}

function probe(namespace: string): Candidate {
  return { kind: 'Pod', name: 'usher-check', pod: probePod(namespace, 'usher'), key: '', source: 'bare' }
}
