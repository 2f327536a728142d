import { at, textAt } from '../check/json-paths.ts'
import { tolerationsOf } from '../node-health/tolerations.ts'
import { ClusterRoom } from '../placement/cluster-room.ts'
import { countedPodsOf, demandOf } from '../placement/demand.ts'
import { needsNamespaces } from '../placement/neighbour-rules.ts'
import { Neighbourhood } from '../placement/neighbourhood.ts'
import { readNodeRoom } from '../placement/node-room.ts'
import { ownerOf } from '../placement/pod-owner.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { answerForNode, type NodeAnswer } from '../why/node-answer.ts'
import { readClusterRoom } from './cluster-room.ts'
import { readClaims } from './claim-facts.ts'
import { closest } from './command.ts'
import { NamespaceFacts } from './namespace-facts.ts'
import type { Looking } from './see-pods.ts'

// Those that are over take no room.
const living = 'status.phase!=Succeeded,status.phase!=Failed'

/**
 * Asks whether a node takes one more pod of a workload: the node and its pods, and where the pod has rules about its
 * neighbours, all nodes and pods.
 *
 * @throws where there is no such node.
 */
export async function askNode(node: string, workload: JsonObject, pods: readonly JsonObject[], { admin, asker, unasked }: Looking): Promise<NodeAnswer> {
  const unknown: NodeAnswer = { node, takes: undefined, reasons: [], notJudged: [] }
  const pod = patternOf(workload, pods)
  const found = await asker.ask('nodes', () => asker.getIfThere(`/api/v1/nodes/${encodeURIComponent(node)}`))
  if (found.kind === 'told' && found.value === undefined) throw new Error(await whyNoNode(node, asker))
  if (found.kind !== 'told' || found.value === undefined || pod === undefined) {
    unasked(found.kind === 'told' ? 'it has no pod, and no template of one' : `node ${node} could not be asked: ${found.message}`)
    return unknown
  }
  const own = readNodeRoom(found.value)
  if (own === undefined) return unknown
  const namespace = textAt(workload, 'metadata', 'namespace') ?? ''
  // The claims of a StatefulSet's next pod are not those of this one.
  const isOfMember = textAt(workload, 'kind') === 'StatefulSet'
  const claims = isOfMember ? undefined : await readClaims({ asker, namespace, workload, pod, instances: 1, brought: new Map() })
  const namespaces = new NamespaceFacts(asker)
  const demand = demandOf(pod, namespace, needsNamespaces(pod['spec']) ? await namespaces.all() : undefined, claims?.forOnePod)
  const neighbourhood = new Neighbourhood(demand, await namespaces.labelsOf(namespace))
  const isOfAllNodes = countedPodsOf(demand).length > 0
  const kind = textAt(workload, 'kind') ?? ''
  const interest = { owner: ownerOf(kind, namespace, textAt(workload, 'metadata', 'name') ?? '', textAt(workload, 'metadata', 'uid')), neighbourhood }
  const cluster = await asker.ask('pods of the node', async () => {
    if (isOfAllNodes) return readClusterRoom(admin, asker, [interest])
    const alone = new ClusterRoom([own], [interest])
    await asker.listPicked('/api/v1/pods', { fieldSelector: `spec.nodeName=${node},${living}` }, (each) => {
      alone.add(each)
      return undefined
    })
    return alone
  })
  if (cluster.kind !== 'told') {
    unasked(`the pods of ${node} could not be asked: ${cluster.message}`)
    return unknown
  }
  const { rooms } = cluster.value
  const isPerNode = kind === 'DaemonSet'
  const tolerations = isPerNode ? tolerationsOf({ tolerations: demand.choice.tolerations, hostNetwork: at(pod, 'spec', 'hostNetwork') === true }) : demand.choice.tolerations
  const room = rooms.find((each) => each.node.name === node) ?? own
  const answer = answerForNode({ tolerations, isPerNode, room, rooms, neighbourhood, places: claims?.places ?? [] })
  return { ...answer, notJudged: [...answer.notJudged, ...(claims?.notJudged ?? ['where its volumes are']), ...(isOfAllNodes ? [] : ['anti-affinity of pods on other nodes'])] }
}

/** A pod as the next one would be: one that waits, else any, else the template as it is written. */
function patternOf(workload: JsonObject, pods: readonly JsonObject[]): JsonObject | undefined {
  const template = at(workload, 'spec', 'template')
  // A DaemonSet's pods are each for their own node.
  const like = textAt(workload, 'kind') === 'DaemonSet' ? undefined : (pods.find((pod) => textAt(pod, 'spec', 'nodeName') === undefined) ?? pods[0])
  const pod = like ?? (isObject(template) ? template : undefined)
  if (pod === undefined || !isObject(pod['spec'])) return undefined
  const { nodeName: _nodeName, ...spec } = pod['spec']
  return { ...pod, spec }
}

async function whyNoNode(node: string, asker: Looking['asker']): Promise<string> {
  const names = await asker.ask('nodes', () => asker.listPicked('/api/v1/nodes', {}, (each) => textAt(each, 'metadata', 'name')))
  const nearest = names.kind === 'told' ? closest(node, names.value) : undefined
  return `there is no node ${JSON.stringify(node)}${nearest === undefined ? '; kubectl get nodes lists them' : `; did you mean ${nearest}?`}`
}
