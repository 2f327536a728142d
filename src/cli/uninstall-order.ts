import { usherSelector } from '../check/installation.ts'
import { textAt } from '../check/json-paths.ts'
import { listPath, secretKind } from '../install/chart-kinds.ts'
import { type ChartObject, objectName } from '../install/chart-object.ts'
import type { UninstallPlan } from '../install/plan-uninstall.ts'
import { type Inmate, strangersAmong } from '../install/strangers.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure } from './admin-cluster.ts'
import { type Applying, deleteObject } from './apply-objects.ts'
import { inmatesOf } from './namespace-inmates.ts'
import { UnreachableError } from './unreachable-error.ts'

/** In which order what goes. */
export interface UninstallOrder {
  /** Down to those that have pods. */
  readonly first: readonly ChartObject[]
  readonly rest: readonly ChartObject[]
  readonly namespace: ChartObject | undefined
  /** A namespace that stays. */
  readonly released: ChartObject | undefined
  /** What else is in a namespace that would go. */
  readonly strangers: readonly Inmate[]
  /** Kinds of which nobody can tell. */
  readonly untold: readonly string[]
}

/** Finds what goes, and looks into a namespace that would. Throws where the API server does not tell. */
export async function uninstallOrder({ admin, asker }: Pick<Applying, 'admin' | 'asker'>, { namespace, objects, created, labelled }: UninstallPlan): Promise<UninstallOrder> {
  try {
    const last = objects.findLastIndex(({ kind }) => kind.kind === 'DaemonSet' || kind.kind === 'Deployment') + 1
    const secrets = (await asker.list(listPath(secretKind, namespace), { labelSelector: ownSecret })).map((body) => ({ kind: secretKind, body }))
    const first = objects.slice(0, last)
    const rest = [...secrets, ...objects.slice(last)]
    if (created === undefined) return { first, rest, namespace: undefined, released: labelled, strangers: [], untold: [] }
    const { inmates, untold } = await inmatesOf(asker, namespace)
    const going = [...first, ...rest]
    const services = going.filter(({ kind }) => kind.kind === 'Service').map(objectName)
    const strangers = strangersAmong(inmates, going.flatMap(({ body }) => textAt(body, 'metadata', 'uid') ?? []), services)
    const goes = strangers.length === 0 && untold.length === 0
    return { first, rest, strangers, untold, namespace: goes ? created : undefined, released: goes ? undefined : created }
  } catch (error) {
    throw explainFailure(admin, error)
  }
}

/** As the webhook labels it. */
const ownSecret = `${usherSelector},app.kubernetes.io/managed-by=usher`

const triedAtATime = 4

/** Has the API server try everything first, so that nothing is taken out by half. Throws with all that it refuses. */
export async function tryUninstall(removing: Pick<Applying, 'admin' | 'asker'>, objects: readonly ChartObject[]): Promise<void> {
  const refused = await mapBounded(objects, triedAtATime, async (object) => {
    try {
      await deleteObject(removing, object, true)
      return []
    } catch (error) {
      if (!(error instanceof Error) || error instanceof UnreachableError) throw error
      return [`  ${error.message}`]
    }
  })
  if (refused.flat().length > 0) throw new Error(['nothing was taken out, for not all can be:', ...refused.flat()].join('\n'))
}
