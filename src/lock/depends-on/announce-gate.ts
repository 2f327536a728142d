import type { Logger } from 'pino'
import { targetText } from '../../depends-on/dependency.ts'
import type { LockMetrics } from '../metrics.ts'
import type { LockService } from '../service.ts'
import type { DependencyGate } from './dependency-gate.ts'
import { failedDetail, goesOnDetail, without } from './gate-words.ts'
import type { GateNews } from './gated-pod.ts'

/** Whom a gate tells of those who wait at it. */
export interface GateListeners {
  readonly service: Pick<LockService, 'events' | 'now'>
  readonly metrics: Pick<LockMetrics, 'dependencyWait'>
  readonly log: Logger
}

/** Tells people what comes of waits for dependencies, by the log, metrics and events; until the returned function is called. */
export function announceGate(gate: Pick<DependencyGate, 'follow'>, { service, metrics, log }: GateListeners): () => void {
  return gate.follow(({ kind, pod: { namespace, name, since, states } }: GateNews) => {
    const pod = `${namespace}/${name}`
    const waitedMs = service.now() - since
    service.events.add('gated', pod, { what: kind })
    if (kind === 'waits') {
      log.info({ pod, dependsOn: states.map(({ dependency: { target } }) => targetText(target)) }, 'waits for what it depends on')
      return
    }
    const missing = without(states)
    metrics.dependencyWait(kind === 'passed' ? outcomeOf(missing) : kind, waitedMs)
    if (kind === 'failed') log.warn({ pod, waitedMs }, `what it depends on is not healthy: its init container is to fail: ${failedDetail(states)}`)
    else if (kind === 'passed' && missing.length > 0) log.warn({ pod, waitedMs }, goesOnDetail(states))
    else if (kind === 'passed') log.info({ pod, waitedMs }, 'what it depends on is healthy')
    else log.info({ pod, waitedMs }, 'waits no more for what it depends on')
  })
}

function outcomeOf(missing: ReturnType<typeof without>): 'healthy' | 'timed-out' | 'not-judged' {
  if (missing.some(({ state }) => state === 'timed-out')) return 'timed-out'
  return missing.length > 0 ? 'not-judged' : 'healthy'
}
