import { type ChartObject, objectPath, titleOf } from '../install/chart-object.ts'
import type { Outcome } from '../install/difference.ts'
import type { Surroundings } from '../install/obstacles.ts'
import { applyObject, type Applying, asThatOf, createNamespace, findRefusals, makeItYourself, type Tried, tryObjects } from './apply-objects.ts'
import type { ChangeReport } from './change-report.ts'
import { deleteObject } from './remove-objects.ts'

/** By its path, what would come of each object; `told`: it was put in already, and that was told. */
export type KnownOutcomes = ReadonlyMap<string, Outcome | 'told'>

/** What is tried. */
export interface TryInstall {
  readonly applying: Applying
  readonly objects: readonly ChartObject[]
  readonly around: Surroundings
  readonly isDryRun: boolean
  readonly report: ChangeReport
}

/**
 * Has the API server try everything before anything is put in, so that what it refuses is told at once, and nothing is
 * there by half. In a namespace that is not there nothing can be tried: rights are asked for; then, unless it is all a dry
 * run, the namespace is made first, and goes again where something is refused by more than that.
 *
 * @throws where anything is refused; the message names all of it.
 */
export async function tryInstall({ applying, objects, around, isDryRun, report }: TryInstall): Promise<KnownOutcomes> {
  const isFresh = around.namespace === undefined
  const early = objects.filter(({ kind }) => !isFresh || !kind.isNamespaced)
  const late = objects.filter((object) => !early.includes(object))
  const tried = await tryObjects(applying, early, around)
  refuseAny(tried, await findRefusals(applying, late))
  const namespace = objects.find(({ kind }) => kind.kind === 'Namespace')
  if (!isFresh || isDryRun || namespace === undefined) return new Map(outcomesOf(tried))
  const made = await createNamespace(applying, namespace)
  const triedInIt = await tryIn(applying, late, around, { made, namespace })
  await report.done('created', titleOf(namespace))
  return new Map<string, Outcome | 'told'>([...outcomesOf(tried), ...outcomesOf(triedInIt), [objectPath(namespace), 'told']])
}

/** A namespace as it was made just now, and as it is to be. */
interface FreshNamespace {
  readonly made: ChartObject
  readonly namespace: ChartObject
}

async function tryIn(applying: Applying, objects: readonly ChartObject[], around: Surroundings, { made, namespace }: FreshNamespace): Promise<readonly Tried[]> {
  try {
    await applyObject(applying, asThatOf(namespace, made), undefined)
    const tried = await tryObjects(applying, objects, around)
    refuseAny(tried, [])
    return tried
  } catch (error) {
    await deleteObject(applying, made, false).catch((reason: unknown) => {
      if (error instanceof Error) error.message = `${error.message}\n${titleOf(made)} was made to try that, and stays: ${String(reason)}`
    })
    throw error
  }
}

function outcomesOf(tried: readonly Tried[]): readonly (readonly [string, Outcome])[] {
  return tried.flatMap((each) => (each.kind === 'taken' ? [[objectPath(each.object), each.outcome] as const] : []))
}

const setBack = 'usher install --adopt sets these fields back; to keep what others have set, have the chart render it (usher install -f -)'

function refuseAny(tried: readonly Tried[], more: readonly string[]): void {
  const conflicts = tried.flatMap((each) => (each.kind === 'conflict' ? [each.problem] : []))
  const refusals = tried.flatMap((each) => (each.kind === 'refused' ? [each] : []))
  const refused = [...refusals.map(({ problem }) => problem), ...more]
  if (conflicts.length + refused.length === 0) return
  const lines = [
    'nothing was changed, for not all can be:',
    ...[...refused, ...conflicts].map((each) => `  ${each}`),
    ...(conflicts.length > 0 ? [setBack] : []),
    ...refusals.flatMap(({ object }) => (object.kind.kind === 'Namespace' ? [makeItYourself(object)] : [])),
    ...(refused.some((each) => /forbidden|you may not/.test(each)) ? ['choose a context that may (--context), or have the right given to you'] : []),
  ]
  throw new Error(lines.join('\n'))
}
