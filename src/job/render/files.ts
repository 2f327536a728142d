import { createHash } from 'node:crypto'
import type { JsonObject } from '../../units/json.ts'
import type { Job, JobFile, JobVolume } from '../job.ts'
import type { RenderOptions } from '../rendered.ts'
import { metadataOf } from './labels.ts'

/** Where the content of a secret or config is. */
export interface FileSource {
  /** The name of the Secret or ConfigMap. */
  readonly object: string
  /** Undefined: all of its keys. */
  readonly key: string | undefined
}

/** Where a volume of a secret or config takes its file from: an object that the job brings along, or one of the namespace. */
export function fileSourceOf(job: Job, { type, name, key }: Extract<JobVolume, { type: 'secret' | 'config' }>): FileSource {
  const own = job.files.find((file) => file.type === type && file.name === name)
  return own === undefined ? { object: name, key } : { object: objectNameOf(job, own), key: keyOf(own) }
}

/** The name of the Secret that a variable names: one that the job brings along, or one of the namespace. */
export function secretOf(job: Job, name: string): string {
  const own = job.files.find((file) => file.type === 'secret' && file.name === name)
  return own === undefined ? name : objectNameOf(job, own)
}

/** The Secrets and ConfigMaps that a job brings along. */
export function fileObjectsOf(job: Job, options: RenderOptions): readonly JsonObject[] {
  return job.files.map((file) =>
    file.type === 'secret'
      ? { apiVersion: 'v1', kind: 'Secret', metadata: metadataOf(job, options, objectNameOf(job, file)), type: 'Opaque', immutable: true, data: { [keyOf(file)]: Buffer.from(file.content).toString('base64') } }
      : { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(job, options, objectNameOf(job, file)), immutable: true, data: { [keyOf(file)]: file.content } },
  )
}

/**
 * It names its content: other content is another object, so that a change rolls out as every other one does, and the
 * version before has its own still.
 */
export function objectNameOf({ name: job }: Pick<Job, 'name'>, { type, name, content }: JobFile): string {
  const checksum = createHash('sha256').update(JSON.stringify([job, type, name, content])).digest('hex').slice(0, 10)
  const readable = `${job}-${name}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, 200).replace(/-+$/, '')
  return `${readable}-${checksum}`
}

/** What the name of a key may not have is a dash there. */
function keyOf({ name }: JobFile): string {
  return name.replaceAll(/[^-._a-zA-Z0-9]/g, '-')
}
