import type { Finding } from '../check/finding.ts'
import { keepersOf, labelFor, type NamespaceState, stateOf } from '../enable/namespace-state.ts'
import type { Remark } from '../enable/obstacles.ts'
import { injectKey } from '../inject/names.ts'
import type { JsonObject } from '../units/json.ts'
import type { FoundInstallation } from './find-installation.ts'

/** What of the installation speaks against turning it on. */
export function usherObstacles({ findings }: FoundInstallation, isCalled: boolean): readonly Remark[] {
  const [installed] = findings
  // Without knowing where it is nothing else of it can be told.
  if (installed?.outcome === 'skipped') {
    return [{ detail: `it cannot be told whether usher is installed: ${installed.detail}`, hint: 'choose a context that may look (--context), or say where it is (--namespace)' }]
  }
  const failed = findings.filter(({ outcome }) => outcome === 'failed')
  if (failed.length > 0) return failed.map(remarkOf)
  return isCalled ? [] : [{ detail: 'the API server makes pods without the webhook (dry run)', hint: 'usher check says why' }]
}

/** What is worth knowing of the installation. */
export function usherNotes({ findings, config, whyNoConfig, namespaces }: FoundInstallation, isOn: boolean): readonly Remark[] {
  const isGone = !isOn && namespaces?.length === 0
  const wrong = findings.filter(({ outcome }) => outcome === 'warning' || (outcome === 'failed' && !isOn && !isGone))
  const gone = isGone ? [{ detail: 'nothing of usher was found in the cluster: new pods are made without it already' }] : []
  const guess = config === undefined && !isGone ? [{ detail: `the configuration of the webhook cannot be read, and what changes is told by the default one: ${whyNoConfig ?? ''}` }] : []
  return [...wrong.map(remarkOf), ...gone, ...guess]
}

function remarkOf({ outcome: _outcome, ...remark }: Finding): Remark {
  return remark
}

/** What speaks against the change where not all that makes pods may be listed. */
export function unseenObstacles(unseen: readonly string[]): readonly Remark[] {
  if (unseen.length === 0) return []
  return [{ detail: 'not all of the namespace may be looked at, and what is not seen is not tried', items: unseen, hint: 'choose a context that may (--context), or have the right given to you' }]
}

/** What is worth knowing of the namespace itself. */
export function keeperNotes(namespace: JsonObject, to: NamespaceState): readonly Remark[] {
  const optedOut = stateOf(namespace) === 'disabled' && to !== 'none' ? [{ detail: 'somebody has opted the namespace out, by its label' }] : []
  const keepers = keepersOf(namespace)
  if (keepers.length === 0) return optedOut
  const label = labelFor(to)
  const hint = label === null ? `take the label ${injectKey} out of its manifest, too, or it comes back` : `put ${injectKey}: ${label} into its manifest, too, or the label may be set back`
  return [...optedOut, { detail: `the namespace is kept by ${keepers.join(', and by ')}`, hint }]
}
