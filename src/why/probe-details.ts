import { at, objectsAt, textAt } from '../check/json-paths.ts'
import type { Instance } from '../job/instances/instance.ts'
import { isObject, type JsonObject } from '../units/json.ts'

/**
 * The probe that an instance waits for, or that it fails: `readiness probe: GET :8080/healthz every 10s, for at most 1s, 3
 * failures in a row count`. Nothing where it is about no probe.
 */
export function probeDetails(pod: JsonObject, { reason, container }: Instance): readonly string[] {
  const spec = [...objectsAt(pod, 'spec', 'initContainers'), ...objectsAt(pod, 'spec', 'containers')].find(({ name }) => name === container)
  const key = reason === 'StartupProbe' ? 'startupProbe' : 'readinessProbe'
  const probe = at(spec, key)
  if (!isObject(probe)) return []
  const every = countOf(probe, 'periodSeconds', 10)
  const most = countOf(probe, 'timeoutSeconds', 1)
  return [`${key === 'startupProbe' ? 'startup' : 'readiness'} probe: ${checkWords(probe)} every ${every}s, for at most ${most}s, ${countOf(probe, 'failureThreshold', 3)} failures in a row count`]
}

function countOf(probe: JsonObject, name: string, otherwise: number): number {
  const value = probe[name]
  return typeof value === 'number' ? value : otherwise
}

function checkWords(probe: JsonObject): string {
  const { httpGet, tcpSocket, grpc } = probe
  if (isObject(httpGet)) return `GET ${portOf(httpGet)}${textAt(httpGet, 'path') ?? '/'}`
  if (isObject(tcpSocket)) return `a connection to ${portOf(tcpSocket)}`
  if (isObject(grpc)) return `gRPC ${portOf(grpc)}`
  const command = at(probe, 'exec', 'command')
  return Array.isArray(command) ? command.join(' ') : 'a check'
}

/** A number, or a name of the container's. */
function portOf({ port }: JsonObject): string {
  return typeof port === 'number' || typeof port === 'string' ? `:${port}` : ''
}
