import type { DecisionContext } from './context.ts'
import type { PodFacts } from './pod.ts'

/** A mesh keeps its proxy away from the ports that one annotation lists. */
interface Mesh {
  readonly portsKey: string
  /** Whether a pod without the annotation has its namespace's; ours must then go on from that. */
  readonly inherits: boolean
  readonly injects: (facts: PodFacts, context: DecisionContext) => boolean
}

const istio: Mesh = {
  portsKey: 'traffic.sidecar.istio.io/excludeOutboundPorts',
  inherits: false,
  injects: ({ labels, annotations }, { namespace }) => {
    // The pod's label, and the older annotation, beat the namespace; the status says that it has happened.
    const ofPod = labels['sidecar.istio.io/inject'] ?? annotations['sidecar.istio.io/inject']
    if (ofPod !== undefined) return ofPod === 'true'
    if (annotations['sidecar.istio.io/status'] !== undefined || labels['istio.io/rev'] !== undefined) return true
    const ofNamespace = namespace.labels?.['istio-injection']
    if (ofNamespace !== undefined) return ofNamespace === 'enabled'
    return namespace.labels?.['istio.io/rev'] !== undefined
  },
}

const linkerd: Mesh = {
  portsKey: 'config.linkerd.io/skip-outbound-ports',
  inherits: true,
  injects: ({ annotations }, { namespace }) => {
    if (annotations['linkerd.io/proxy-version'] !== undefined) return true
    const wanted = annotations['linkerd.io/inject'] ?? namespace.annotations?.['linkerd.io/inject']
    return wanted === 'enabled' || wanted === 'ingress'
  },
}

/** Labels and annotations of a namespace that say whether, and how, a mesh injects its pods. */
export const meshNamespaceKeys: readonly string[] = [
  'istio-injection',
  'istio.io/rev',
  'linkerd.io/inject',
  ...[istio, linkerd].filter(({ inherits }) => inherits).map(({ portsKey }) => portsKey),
]

/**
 * The annotations that let the init container reach the lock in a mesh, where a CNI plugin captures its
 * traffic before any proxy runs (istio/cni#77, linkerd/linkerd2#4792).
 *
 * @returns key and new value of each annotation that has to change.
 */
export function meshAnnotations(facts: PodFacts, context: DecisionContext): ReadonlyMap<string, string> {
  const changes = new Map<string, string>()
  for (const { portsKey, inherits, injects } of [istio, linkerd]) {
    if (!injects(facts, context)) continue
    const inherited = inherits ? context.namespace.annotations?.[portsKey] : undefined
    const value = facts.annotations[portsKey] ?? (typeof inherited === 'string' ? inherited : undefined)
    const longer = appendPort(value, context.config.lock.port)
    if (longer !== value) changes.set(portsKey, longer)
  }
  return changes
}

function appendPort(list: string | undefined, port: number): string {
  if (list === undefined || list.trim() === '') return String(port)
  const covered = list.split(',').some((item) => covers(item.trim(), port))
  return covered ? list : `${list},${port}`
}

/** An item is a port, a range of Linkerd's (`8000-9000`), or `*`. */
function covers(item: string, port: number): boolean {
  if (item === '*' || item === String(port)) return true
  const range = /^(\d+)-(\d+)$/.exec(item)
  return range !== null && Number(range[1]) <= port && port <= Number(range[2])
}
