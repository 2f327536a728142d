import { isObject, type JsonObject } from '../units/json.ts'
import { type ManifestSource, type MissingSource, whyNot } from './manifest-sources.ts'
import { readManifests, textSource } from './read-manifests.ts'
import type { PlannedObject } from './try-object.ts'

/** Makes objects of a job file. Throws where it is not valid, with file, line and column. */
export type JobReader = (name: string, text: string) => Promise<readonly JsonObject[]>

/**
 * The objects of manifests, and of job files: files whose documents have containers or services and no apiVersion.
 *
 * @throws with the place and a sentence, where something cannot be read, or says nothing.
 */
export async function readPlanned(sources: readonly (ManifestSource | MissingSource)[], readJobFile: JobReader): Promise<readonly PlannedObject[]> {
  const planned: PlannedObject[] = []
  for (const source of sources) {
    if ('missing' in source) throw new Error(`${source.name}: ${source.missing}`)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    planned.push(...(await readSource(source, readJobFile)))
  }
  if (planned.length === 0) throw new Error(`${sources.map(({ name }) => name).join(', ')}: there is nothing to plan: no object of Kubernetes, and no job`)
  return planned
}

async function readSource(source: ManifestSource, readJobFile: JobReader): Promise<readonly PlannedObject[]> {
  const { name } = source
  const text = await textOf(source)
  const objects = await readManifests([textSource(name, text)])
  if (!objects.some(isJobDocument)) {
    for (const object of objects) if (!isManifest(object)) throw new Error(`${name}: a document has no apiVersion or no kind, and neither containers nor services: it is no object of Kubernetes, and no job`)
    return objects.map((object) => ({ object, style: 'kubernetes' }))
  }
  if (objects.some(isManifest)) throw new Error(`${name}: it has jobs and objects of Kubernetes: put them into two files, and name both with -f`)
  return (await readJobFile(name, text)).map((object) => ({ object, style: 'compose' }))
}

function isManifest({ apiVersion, kind }: JsonObject): boolean {
  return typeof apiVersion === 'string' && typeof kind === 'string'
}

/** Whether a document is a job, or a file of Compose. */
export function isJobDocument({ apiVersion, containers, services }: JsonObject): boolean {
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
