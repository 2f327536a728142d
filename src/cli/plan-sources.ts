import { dirname } from 'node:path'
import type { JobProblem } from '../job/problems.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { type ManifestSource, type MissingSource, whyNot } from './manifest-sources.ts'
import { readManifests, textSource } from './read-manifests.ts'
import type { PlannedObject } from './try-object.ts'

/** What is to be planned; or a job that never can be. */
export type PlannedInput =
  /** @property warnings sentences for people. */
  { readonly kind: 'read'; readonly objects: readonly PlannedObject[]; readonly warnings: readonly string[] } | { readonly kind: 'rejected'; readonly job: string; readonly problem: JobProblem }

/** A job file. */
export interface JobFileText {
  /** As messages name it. */
  readonly name: string
  readonly text: string
  /** To which the paths in it are relative. */
  readonly folder: string
}

/** What a job file becomes: the objects of its jobs, or why a job is rejected. */
export type JobObjects = { readonly objects: readonly JsonObject[]; readonly warnings: readonly string[] } | { readonly job: string; readonly problem: JobProblem }

/** Reads a job file. */
export type JobReader = (file: JobFileText) => Promise<JobObjects>

/**
 * The objects of manifests, and of job files: files whose documents have containers or services and no apiVersion.
 *
 * @throws with the place and a sentence, where something cannot be read, or says nothing.
 */
export async function readPlanned(sources: readonly (ManifestSource | MissingSource)[], readJobFile: JobReader): Promise<PlannedInput> {
  const objects: PlannedObject[] = []
  const warnings: string[] = []
  for (const source of sources) {
    if ('missing' in source) throw new Error(`${source.name}: ${source.missing}`)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const read = await readSource(source, readJobFile)
    if (read.kind === 'rejected') return read
    objects.push(...read.objects)
    warnings.push(...read.warnings)
  }
  if (objects.length === 0) throw new Error(`${sources.map(({ name }) => name).join(', ')}: there is nothing to plan: no object of Kubernetes, and no job`)
  return { kind: 'read', objects, warnings }
}

async function readSource(source: ManifestSource, readJobFile: JobReader): Promise<PlannedInput> {
  const { name } = source
  const text = await textOf(source)
  const documents = await readManifests([textSource(name, text)])
  if (!documents.some(isJobDocument)) {
    if (!documents.every(isManifest)) throw new Error(`${name}: a document has no apiVersion or no kind, and neither containers nor services: it is no object of Kubernetes, and no job`)
    return { kind: 'read', objects: documents.map((object) => ({ object, style: 'kubernetes' })), warnings: [] }
  }
  if (documents.some(isManifest)) throw new Error(`${name}: it has jobs and objects of Kubernetes: put them into two files, and name both with -f`)
  const read = await readJobFile({ name, text, folder: source.file === undefined ? '.' : dirname(source.file) })
  if ('problem' in read) return { kind: 'rejected', ...read }
  return { kind: 'read', objects: read.objects.map((object) => ({ object, style: 'compose' })), warnings: read.warnings }
}

function isManifest({ apiVersion, kind }: JsonObject): boolean {
  return typeof apiVersion === 'string' && typeof kind === 'string'
}

/** Whether a document is a job, or a file of Compose. */
function isJobDocument({ apiVersion, containers, services }: JsonObject): boolean {
  return apiVersion === undefined && (isObject(containers) || isObject(services))
}

async function textOf(source: ManifestSource): Promise<string> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of source.open()) chunks.push(chunk)
  } catch (error) {
    throw new Error(`${source.name}: it cannot be read: ${whyNot(error)}`, { cause: error })
  }
  return Buffer.concat(chunks).toString()
}
