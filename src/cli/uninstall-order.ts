import { usherSelector } from '../check/installation.ts'
import { textAt } from '../check/json-paths.ts'
import { listPath, secretKind } from '../install/chart-kinds.ts'
import { type ChartObject, objectName } from '../install/chart-object.ts'
import type { UninstallPlan } from '../install/plan-uninstall.ts'
import { type Inmate, strangersAmong } from '../install/strangers.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure } from './admin-cluster.ts'
import { inmatesOf } from './namespace-inmates.ts'
import { deleteObject, releaseObject, type Removing } from './remove-objects.ts'
import { UnreachableError } from './unreachable-error.ts'

/** What in a namespace is not usher's. */
export interface LookInside {
  readonly strangers: readonly Inmate[]
  /** Kinds of which nobody can tell. */
  readonly untold: readonly string[]
}

/** In which order what goes. */
export interface UninstallOrder {
  /** Down to those that have pods. */
  readonly first: readonly ChartObject[]
  readonly rest: readonly ChartObject[]
  /** Where nothing else is in it. */
  readonly namespace: ChartObject | undefined
  /** A namespace that stays. */
  readonly released: ChartObject | undefined
  /** Of a namespace that `usher install` has made. */
  readonly inside: LookInside
}

const nothingInside: LookInside = { strangers: [], untold: [] }

/** Finds what goes, and looks into a namespace that would. Throws where the API server does not tell. */
export async function uninstallOrder(removing: Removing, { namespace, objects, created, labelled }: UninstallPlan): Promise<UninstallOrder> {
  const last = objects.findLastIndex(({ kind }) => kind.kind === 'DaemonSet' || kind.kind === 'Deployment') + 1
  const secrets = await explained(removing, () => ownSecrets(removing, namespace))
  const first = objects.slice(0, last)
  const rest = [...secrets, ...objects.slice(last)]
  if (created === undefined) return { first, rest, namespace: undefined, released: labelled, inside: nothingInside }
  const inside = await lookInside(removing, namespace, [...first, ...rest])
  return isEmpty(inside) ? { first, rest, namespace: created, released: undefined, inside } : { first, rest, namespace: undefined, released: created, inside }
}

/** Looks for what is in a namespace beside what goes. Throws where the API server does not tell. */
export function lookInside(removing: Removing, namespace: string, going: readonly ChartObject[]): Promise<LookInside> {
  return explained(removing, async () => {
    // A webhook may have made its Secret since.
    const all = [...going, ...(await ownSecrets(removing, namespace))]
    const { inmates, untold } = await inmatesOf(removing.asker, namespace)
    const services = all.filter(({ kind }) => kind.kind === 'Service').map(objectName)
    return { strangers: strangersAmong(inmates, all.flatMap(({ body }) => textAt(body, 'metadata', 'uid') ?? []), services), untold }
  })
}

/** Whether a namespace may go, as nothing else is in it. */
export function isEmpty({ strangers, untold }: LookInside): boolean {
  return strangers.length === 0 && untold.length === 0
}

async function ownSecrets({ asker }: Removing, namespace: string): Promise<readonly ChartObject[]> {
  return (await asker.list(listPath(secretKind, namespace), { labelSelector: ownSecret })).map((body) => ({ kind: secretKind, body }))
}

async function explained<T>({ admin }: Removing, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explainFailure(admin, error)
  }
}

/** As the webhook labels it. */
const ownSecret = `${usherSelector},app.kubernetes.io/managed-by=usher`

const triedAtATime = 4

/** Has the API server try everything first, so that nothing is taken out by half. Throws with all that it refuses. */
export async function tryUninstall(removing: Removing, objects: readonly ChartObject[], released: ChartObject | undefined): Promise<void> {
  const tries = [...objects.map((object) => () => deleteObject(removing, object, true)), ...(released === undefined ? [] : [() => releaseObject(removing, released, true)])]
  const refused = await mapBounded(tries, triedAtATime, async (attempt) => {
    try {
      await attempt()
      return []
    } catch (error) {
      if (!(error instanceof Error) || error instanceof UnreachableError) throw error
      return [`  ${error.message}`]
    }
  })
  if (refused.flat().length > 0) throw new Error(['nothing was taken out, for not all can be:', ...refused.flat()].join('\n'))
}
