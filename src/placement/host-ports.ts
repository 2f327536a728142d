import { at, objectsAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'

/** A port of the node that a pod takes. */
export interface HostPort {
  readonly port: number
  readonly protocol: string
  /** `0.0.0.0`: on all addresses of the node. */
  readonly address: string
}

const everywhere = '0.0.0.0'

/** The node's ports that a pod takes: all that its containers name, where it is on the node's network. */
export function hostPortsOf(pod: JsonObject): readonly HostPort[] {
  const isOnHost = at(pod, 'spec', 'hostNetwork') === true
  const containers = [...objectsAt(pod, 'spec', 'containers'), ...objectsAt(pod, 'spec', 'initContainers').filter(({ restartPolicy }) => restartPolicy === 'Always')]
  return containers.flatMap((container) =>
    objectsAt(container, 'ports').flatMap(({ hostPort, containerPort, protocol, hostIP }): readonly HostPort[] => {
      const port = typeof hostPort === 'number' && hostPort > 0 ? hostPort : isOnHost ? containerPort : undefined
      if (typeof port !== 'number') return []
      return [{ port, protocol: typeof protocol === 'string' && protocol !== '' ? protocol : 'TCP', address: typeof hostIP === 'string' && hostIP !== '' ? hostIP : everywhere }]
    }),
  )
}

/** The first of the wanted ports that somebody has, as the scheduler compares them: `0.0.0.0` takes a port on every address. */
export function takenPort(wanted: readonly HostPort[], taken: readonly HostPort[]): HostPort | undefined {
  return wanted.find((one) => taken.some((other) => one.port === other.port && one.protocol === other.protocol && (one.address === other.address || one.address === everywhere || other.address === everywhere)))
}
