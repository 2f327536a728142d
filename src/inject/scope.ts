import { isObject } from '../units/json.ts'
import type { DecisionContext } from './context.ts'
import { injectKey } from './names.ts'
import type { PodFacts } from './pod.ts'
import type { ReasonCode } from './reasons.ts'
import { parseSwitch } from './settings.ts'
import { shorten } from './shorten.ts'

/** Whether usher has anything to do with a pod at all. */
export type Scope =
  | { readonly kind: 'inject' }
  /** Decide, and say what would be done; do nothing. */
  | { readonly kind: 'audit' }
  | { readonly kind: 'skip'; readonly code: ReasonCode }

/**
 * Any opt-out wins over any opt-in:
 *
 * | pod annotation | pod label | namespace label | outcome               |
 * |----------------|-----------|-----------------|-----------------------|
 * | off            | any       | any             | opted-out             |
 * | any            | disabled  | any             | opted-out             |
 * | not off        | other     | off             | namespace-opted-out   |
 * | not off        | other     | audit           | audit                 |
 * | not off        | other     | enabled         | inject                |
 * | not off        | enabled   | other, none     | inject                |
 * | not off        | other     | other, none     | namespace-not-enabled |
 * | not off        | other     | not known       | inject                |
 *
 * "off" is disabled, false, no or off in any case. While the namespace's labels are not known, the API
 * server's selectors have decided: it would not have asked otherwise. Where they have said that it is in audit mode,
 * the context does, too, and that counts more than labels which may not have reached us yet.
 */
export function scopeOf(facts: PodFacts, context: DecisionContext, warnings: string[]): Scope {
  if (isOfNode(facts)) return { kind: 'skip', code: 'mirror-pod' }
  if (isWindows(facts)) return { kind: 'skip', code: 'windows-pod' }
  const { namespace, config } = context
  if (namespace.name === 'kube-system' || namespace.name === config.systemNamespace) {
    return { kind: 'skip', code: 'system-namespace' }
  }

  const annotation = facts.annotations[injectKey]
  const wanted = annotation === undefined ? undefined : parseSwitch(annotation)
  const label = facts.labels[injectKey]
  if (wanted === false || label === 'disabled') return { kind: 'skip', code: 'opted-out' }
  if (annotation !== undefined && wanted === undefined) {
    warnings.push(`${injectKey}: ${shorten(annotation)} is not "enabled" or "disabled"; it is as if it were not there`)
  }

  if (context.audit === true) return { kind: 'audit' }
  if (namespace.labels === undefined) return { kind: 'inject' }
  const ofNamespace = namespace.labels[injectKey]
  if (typeof ofNamespace === 'string') {
    if (parseSwitch(ofNamespace) === false) return { kind: 'skip', code: 'namespace-opted-out' }
    if (ofNamespace === 'audit') return { kind: 'audit' }
    if (ofNamespace === 'enabled') return { kind: 'inject' }
  }
  return label === 'enabled' ? { kind: 'inject' } : { kind: 'skip', code: 'namespace-not-enabled' }
}

// Set by the kubelet: on the mirror that it creates of a static pod, and on the static pod itself.
const mirrorKey = 'kubernetes.io/config.mirror'
const sourceKey = 'kubernetes.io/config.source'

function isOfNode(facts: PodFacts): boolean {
  if (facts.annotations[mirrorKey] !== undefined || facts.controller?.kind === 'Node') return true
  const source = facts.annotations[sourceKey]
  return source === 'file' || source === 'http'
}

function isWindows(facts: PodFacts): boolean {
  const { os, nodeSelector } = facts.spec
  if (isObject(os) && os['name'] === 'windows') return true
  if (!isObject(nodeSelector)) return false
  return nodeSelector['kubernetes.io/os'] === 'windows' || nodeSelector['beta.kubernetes.io/os'] === 'windows'
}
