import type { JsonObject } from '../../units/json.ts'
import type { Healthcheck, Job } from '../job.ts'
import { literal } from './literal.ts'

/** Where the program of checks for exactly 200 is, in the containers that have one: not at /usher, which is the webhook's. */
export const probeMountPath = '/usher-probe'

/** The program itself. */
export const probePath = `${probeMountPath}/usher-probe`

/** Even where a check would give up sooner, a container has so long to start before it is killed for it. */
const leastStartSeconds = 60

/**
 * The probes of a container: readiness, which is its place in DNS; liveness, which restarts it; and until it has been
 * healthy for the first time, the startup probe, which holds back both of them and whatever starts after it.
 *
 * @param holds whether what starts after it waits for its health. Without, it has no startup probe: that would hold it.
 */
export function probesOf(health: Healthcheck, holds: boolean): JsonObject {
  const handler = handlerOf(health)
  const periodSeconds = wholeSeconds(health.intervalSeconds)
  const lateSeconds = startSeconds(health) - health.unhealthyThreshold * health.intervalSeconds
  const initialDelay = holds || lateSeconds <= 0 ? {} : { initialDelaySeconds: wholeSeconds(lateSeconds) }
  const startPeriod = wholeSeconds(health.startIntervalSeconds)
  return {
    ...(holds ? { startupProbe: { ...handler, periodSeconds: startPeriod, failureThreshold: Math.ceil(startSeconds(health) / startPeriod) } } : {}),
    readinessProbe: { ...handler, periodSeconds, successThreshold: health.healthyThreshold, failureThreshold: health.unhealthyThreshold },
    // The only threshold that the API server takes for its success is 1.
    livenessProbe: { ...handler, ...initialDelay, periodSeconds, failureThreshold: health.unhealthyThreshold },
  }
}

/** How long a container may take until it is healthy for the first time: its start period, and then as many checks as may fail. */
export function startSeconds({ startPeriodSeconds, intervalSeconds, unhealthyThreshold }: Healthcheck): number {
  return Math.max(leastStartSeconds, startPeriodSeconds + unhealthyThreshold * intervalSeconds)
}

/** Whether a check takes the program that knows 200 from 204. */
export function usesProbeProgram(health: Healthcheck | undefined): boolean {
  return health?.check.type === 'http' && health.check.expect === '200'
}

/** Whether any container of a job takes it. */
export function needsProbeProgram({ containers }: Job): boolean {
  return containers.some(({ healthcheck }) => usesProbeProgram(healthcheck))
}

function handlerOf({ check, timeoutSeconds }: Healthcheck): JsonObject {
  const seconds = wholeSeconds(timeoutSeconds)
  if (check.type === 'tcp') return { tcpSocket: { port: check.port }, timeoutSeconds: seconds }
  if (check.type === 'command') return { exec: { command: check.command.map(literal) }, timeoutSeconds: seconds }
  // The kubelet takes all from 200 to 399 for a success, and a redirect to elsewhere, too.
  if (check.expect === '2xx-3xx') return { httpGet: { port: check.port, path: check.path }, timeoutSeconds: seconds }
  // A second more: what the program says when its time is over tells more than that the kubelet has ended it.
  return { exec: { command: [probePath, 'http', String(check.port), literal(check.path), '--timeout', String(seconds)] }, timeoutSeconds: seconds + 1 }
}

/** Kubernetes has whole seconds, from 1. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds))
}
