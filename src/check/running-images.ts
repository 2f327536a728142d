import type { JsonObject } from '../units/json.ts'
import { valueOf } from './asked.ts'
import type { Facts } from './facts.ts'
import { versionOf } from './installation.ts'
import { nameOf, named, objectsAt, textAt } from './json-paths.ts'

/** Images that are not what the labels say, for people; each once, with the names of what has them. */
export function oddImages({ installation, lockPods, webhookPods, nodes }: Pick<Facts, 'installation' | 'lockPods' | 'webhookPods' | 'nodes'>): readonly string[] {
  const { deployment, daemonSet } = installation
  const parts = [
    { title: 'Deployment', workload: deployment, pods: valueOf(webhookPods) ?? [], containers: ['webhook'] },
    { title: 'DaemonSet', workload: daemonSet, pods: valueOf(lockPods) ?? [], containers: ['lock', 'hold'] },
  ]
  return parts.flatMap(({ title, workload, pods, containers }) => {
    const version = versionOf(workload)
    if (workload === undefined || version === undefined) return []
    const template = textAt(workload, 'metadata', 'name') ?? ''
    const carriers = [{ name: `${title} ${template}`, spec: workload['spec'], path: ['template', 'spec'] }, ...pods.map((pod) => ({ name: `pod ${bareName(pod)}`, spec: pod['spec'], path: [] }))]
    const tags = containers.flatMap((container) => {
      const images = carriers.flatMap(({ name, spec, path }) => {
        const image = textAt(named(objectsAt(spec, ...path, 'containers'), container), 'image')
        return image !== undefined && isOtherTag(image, version) ? [{ name, image }] : []
      })
      return [...Map.groupBy(images, ({ image }) => image)].map(([image, all]) => `${container} is ${image}, labelled ${version}: ${shown(all.map(({ name }) => name))}`)
    })
    return [...tags, ...containers.flatMap((container) => differentIds(container, pods, valueOf(nodes) ?? []))]
  })
}

/** Whether an image has a tag, and that is not of the version; with or without the `v` that some put before it. */
function isOtherTag(image: string, version: string): boolean {
  const [reference = ''] = image.split('@')
  const tag = /:([^/:]+)$/.exec(reference)?.[1]
  // By digest alone: nothing can be compared.
  if (tag === undefined) return !image.includes('@')
  return tag.replace(/^v/, '') !== version.replace(/^v/, '')
}

/** One name, and several images by it, on nodes of the same architecture: the tag was moved between two pulls. */
function differentIds(container: string, pods: readonly JsonObject[], nodes: readonly JsonObject[]): readonly string[] {
  const architectures = new Map(nodes.map((node) => [nameOf(node), textAt(node, 'metadata', 'labels', 'kubernetes.io/arch')]))
  const running = pods.flatMap((pod) => {
    const image = textAt(named(objectsAt(pod, 'spec', 'containers'), container), 'image')
    const id = textAt(named(objectsAt(pod, 'status', 'containerStatuses'), container), 'imageID')
    const architecture = architectures.get(textAt(pod, 'spec', 'nodeName') ?? '')
    return image === undefined || id === undefined || architecture === undefined ? [] : [{ name: bareName(pod), kind: `${image} ${architecture}`, image, id }]
  })
  return [...Map.groupBy(running, ({ kind }) => kind).values()].flatMap((alike) => {
    const byId = [...Map.groupBy(alike, ({ id }) => id)]
    if (byId.length < 2) return []
    // The fewest are those that are meant least.
    const fewest = byId.toSorted(([, left], [, right]) => left.length - right.length)[0]?.[1] ?? []
    return [`${container} is ${byId.length} images by the one name ${fewest[0]?.image ?? ''}: other than elsewhere in ${shown(fewest.map(({ name }) => name))}`]
  })
}

function bareName(pod: JsonObject): string {
  return textAt(pod, 'metadata', 'name') ?? ''
}

// There may be as many as nodes.
const shownNames = 5

function shown(names: readonly string[]): string {
  return names.length <= shownNames ? names.join(', ') : `${names.slice(0, shownNames).join(', ')} and ${names.length - shownNames} more`
}
