import { dataOf, readDocument } from '../manifest/document.ts'
import { splitDocuments } from '../manifest/split.ts'
import { type JsonObject, objectsOf } from '../units/json.ts'
import { type ManifestSource, type MissingSource, whyNot } from './manifest-sources.ts'

/**
 * All objects of manifests, in their order, as Kubernetes reads them; those of a List one by one.
 *
 * @throws with the place and a sentence, where something cannot be read.
 */
export async function readManifests(sources: readonly (ManifestSource | MissingSource)[]): Promise<readonly JsonObject[]> {
  const objects: JsonObject[] = []
  for (const source of sources) {
    if ('missing' in source) throw new Error(`${source.name}: ${source.missing}`)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    objects.push(...(await readSource(source)))
  }
  return objects
}

/** A source that is a text. */
export function textSource(name: string, text: string): ManifestSource {
  return {
    name,
    file: undefined,
    async *open() {
      yield Buffer.from(text)
    },
  }
}

async function readSource(source: ManifestSource): Promise<readonly JsonObject[]> {
  const objects: JsonObject[] = []
  try {
    for await (const { kind, bytes, line } of splitDocuments(source.open())) {
      if (kind === 'blank') continue
      if (kind !== 'document') throw new ManifestError(`${source.name}:${line}: it is too large to be read`)
      objects.push(...readOne(Buffer.from(bytes).toString(), (offset) => `${source.name}:${line + offset - 1}`))
    }
  } catch (error) {
    if (error instanceof ManifestError) throw error
    throw new Error(`${source.name}: it cannot be read: ${whyNot(error)}`, { cause: error })
  }
  return objects
}

class ManifestError extends Error {
  override readonly name = 'ManifestError'
}

function readOne(text: string, placeOf: (line: number) => string): readonly JsonObject[] {
  const plain = text.replace(/^\u{FEFF}/u, '')
  const reading = readDocument(plain)
  if (reading.kind === 'empty') return []
  if (reading.kind === 'unreadable') throw new ManifestError(`${placeOf(plain.slice(0, reading.fault.offset).split('\n').length)}: ${reading.fault.reason}`)
  const data = dataOf(reading.manifest)
  return data['kind'] === 'List' ? objectsOf(data['items']) : [data]
}
