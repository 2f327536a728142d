import { createHash } from 'node:crypto'
import type { JsonObject } from '../../units/json.ts'
import type { Job, JobContainer, JobVolume } from '../job.ts'
import type { JobProblem } from '../problems.ts'
import type { RenderOptions } from '../rendered.ts'
import { fileSourceOf } from './files.ts'
import { labelsOf, metadataOf } from './labels.ts'
import { needsProbeProgram, probeMountPath, usesProbeProgram } from './probes.ts'
import { bytesQuantity } from './quantity.ts'

type Shared = Extract<JobVolume, { type: 'shared' }>

/** The emptyDir by which the program of checks reaches the containers; not a name that the webhook uses. */
export const probeVolumeName = 'usher-probe'

const probeVolume: JsonObject = { name: probeVolumeName, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }

/** The volumes of a job's pods. */
export function podVolumesOf(job: Job): readonly JsonObject[] {
  return [...(needsProbeProgram(job) ? [probeVolume] : []), ...distinctVolumes(job).map((volume) => ({ name: volumeNameOf(volume), ...sourceOf(job, volume) }))]
}

function sourceOf(job: Job, volume: JobVolume): JsonObject {
  if (volume.type === 'shared') return { persistentVolumeClaim: { claimName: claimNameOf(job, volume) } }
  if (volume.type === 'local') return localSourceOf(job, volume)
  const { object } = fileSourceOf(job, volume)
  return volume.type === 'secret' ? { secret: { secretName: object } } : { configMap: { name: object } }
}

function localSourceOf(job: Job, { isEnforced, space }: Extract<JobVolume, { type: 'local' }>): JsonObject {
  if (!isEnforced) return { emptyDir: { sizeLimit: bytesQuantity(space.bytes) } }
  return { ephemeral: { volumeClaimTemplate: { metadata: { labels: labelsOf(job) }, spec: claimSpec('ReadWriteOnce', space.bytes) } } }
}

/** Where a container sees its volumes. */
export function mountsOf(job: Job, { volumes, healthcheck }: JobContainer): readonly JsonObject[] {
  const probe = usesProbeProgram(healthcheck) ? [{ name: probeVolumeName, mountPath: probeMountPath, readOnly: true }] : []
  return [...probe, ...volumes.map((volume) => mountOf(job, volume))]
}

function mountOf(job: Job, volume: JobVolume): JsonObject {
  const mount = { name: volumeNameOf(volume), mountPath: volume.path }
  if (volume.type === 'shared' || volume.type === 'local') return volume.isReadOnly ? { ...mount, readOnly: true } : mount
  const { key } = fileSourceOf(job, volume)
  return { ...mount, ...(key === undefined ? {} : { subPath: key }), readOnly: true }
}

/**
 * The local space that is asked for with a container, on its node's disk: each volume once in a pod, with the first of the
 * containers that have it.
 *
 * @param containers of the pod, in the order in which they ask.
 */
export function localBytesOf(containers: readonly JobContainer[], container: JobContainer): number {
  const seen = new Set(containers.slice(0, containers.indexOf(container)).flatMap(({ volumes }) => volumes.map(volumeNameOf)))
  let sum = 0
  for (const volume of container.volumes) {
    if (volume.type === 'local' && !volume.isEnforced && !seen.has(volumeNameOf(volume))) sum += volume.space.bytes
    seen.add(volumeNameOf(volume))
  }
  return sum
}

/** The volumes of a job's pods that are lost with them whatever happens: nothing that would have to keep a node. */
export function lostWithPod(job: Job): readonly string[] {
  const local = distinctVolumes(job).filter((volume) => volume.type === 'local' && !volume.isEnforced)
  return [...(needsProbeProgram(job) ? [probeVolumeName] : []), ...local.map(volumeNameOf)]
}

/** The claims of shared volumes, as far as there is a class of volumes for them. */
export function claimsOf(job: Job, options: RenderOptions): readonly JsonObject[] {
  return sharedVolumes(job).flatMap((volume) => {
    if (isOnOneNode(volume, options)) return [claimOf(job, options, volume, 'ReadWriteOnce', volume.storageClass)]
    const storageClass = volume.storageClass ?? options.sharedStorageClass
    return storageClass === undefined ? [] : [claimOf(job, options, volume, 'ReadWriteMany', storageClass)]
  })
}

/** A problem for each volume that no class of volumes can hold. */
export function volumeProblems(job: Job, options: RenderOptions): readonly JobProblem[] {
  const { sharedStorageClass } = options
  return sharedVolumes(job)
    .filter((volume) => !isOnOneNode(volume, options) && (volume.storageClass ?? sharedStorageClass) === undefined)
    .map(noSharedStorage)
}

/** Whether all instances must be on one node, for a volume that only one node can have. */
export function bindsToOneNode(job: Job, options: RenderOptions): boolean {
  return sharedVolumes(job).some((volume) => isOnOneNode(volume, options))
}

/** A way out where there is no class to share; one that the volume names itself is such a one that cannot be shared. */
function isOnOneNode({ oneNode, storageClass }: Shared, { sharedStorageClass }: RenderOptions): boolean {
  return oneNode && (storageClass !== undefined || sharedStorageClass === undefined)
}

function claimOf(job: Job, options: RenderOptions, volume: Shared, mode: string, storageClass: string | undefined): JsonObject {
  const spec = { ...claimSpec(mode, volume.space.bytes), ...(storageClass === undefined ? {} : { storageClassName: storageClass }) }
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: metadataOf(job, options, claimNameOf(job, volume)), spec }
}

function claimSpec(mode: string, bytes: number): JsonObject {
  return { accessModes: [mode], resources: { requests: { storage: bytesQuantity(bytes) } } }
}

function noSharedStorage({ name, space }: Shared): JobProblem {
  const detail = `The volume ${name} of ${space.written} is shared by all instances, and no class of volumes that several nodes may write at once is configured.`
  return { code: 'no-shared-storage', detail, members: { volume: name } }
}

function sharedVolumes(job: Job): readonly Shared[] {
  return distinctVolumes(job).filter((volume) => volume.type === 'shared')
}

/** One for each name, in the order in which they are first named. */
function distinctVolumes({ containers }: Job): readonly JobVolume[] {
  const all = containers.flatMap(({ volumes }) => volumes)
  return all.filter((volume, index) => all.findIndex((each) => volumeNameOf(each) === volumeNameOf(volume)) === index)
}

/** Types have names of their own: a secret may be called as a volume is, and neither as what the webhook adds. */
function volumeNameOf({ type, name }: JobVolume): string {
  return nameWithin(`${type}-${name}`, 63)
}

/** With a dot, which neither name has: no two jobs and volumes make the same. */
function claimNameOf({ name: job }: Job, { name }: Shared): string {
  return `${job}.${nameWithin(name, 63)}`
}

/** The text itself where it is a DNS label of so many characters; else what can be kept of it, and a checksum. */
function nameWithin(text: string, length: number): string {
  if (text.length <= length && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(text)) return text
  const checksum = createHash('sha256').update(text).digest('hex').slice(0, 8)
  const kept = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, length - 9).replace(/-+$/, '')
  return `${kept}-${checksum}`
}
