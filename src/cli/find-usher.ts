import { usherSelector } from '../check/installation.ts'
import { type ChartKind, chartKinds, listPath } from '../install/chart-kinds.ts'
import type { ChartObject } from '../install/chart-object.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'

const askedAtATime = 4

/**
 * All objects of the chart's kinds that are labelled as usher's, in all namespaces.
 *
 * @throws where the API server does not answer, or does not tell; the message says what to do.
 */
export async function findUsher(admin: JoinedAdmin, asker: Asker): Promise<readonly ChartObject[]> {
  const { kube } = admin
  const denied = new Set<ChartKind>()
  async function list(kind: ChartKind): Promise<readonly ChartObject[]> {
    try {
      // Of a list, the elements do not name their kind.
      const { apiVersion, kind: name } = kind
      return (await asker.list(listPath(kind), { labelSelector: usherSelector })).map((body) => ({ kind, body: { ...body, apiVersion, kind: name } }))
    } catch (error) {
      if (error instanceof kube.ApiError && error.status === 404 && kind.needs !== undefined) return []
      if (!(error instanceof kube.ApiError && error.status === 403)) throw explainFailure(admin, error)
      denied.add(kind)
      return []
    }
  }
  const found = await mapBounded(chartKinds, askedAtATime, list)
  if (denied.size === 0) return found.flat()
  const resources = chartKinds.filter((kind) => denied.has(kind)).map(({ resource }) => resource)
  throw new Error(`you may not list ${resources.join(', ')} of all namespaces: usher is installed and taken out with the rights of a cluster administrator; choose a context that has them (--context)`)
}
