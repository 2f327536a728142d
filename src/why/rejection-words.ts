/** Why a pod cannot be made, in plain words, and what to do. */
export interface Rejection {
  /** A word for machines. */
  readonly reason: 'Quota' | 'LimitRange' | 'PodSecurity' | 'WebhookDenied' | 'WebhookFailed' | 'ServiceAccount' | 'NamespaceEnds' | 'Policy' | 'Invalid' | 'Rejected'
  readonly words: string
  readonly next: string
}

/**
 * Puts into plain words why the API server has not taken a pod.
 *
 * @param message of a condition ReplicaFailure, or of an Event FailedCreate.
 */
export function rejectionWords(message: string): Rejection {
  // `Error creating: pods "web-7d9f8-x2k4d" is forbidden: …`
  const said = message.replace(/^Error creating: /, '')
  const [, quota, rest] = /exceeded quota: ([^,]+), (.*)$/s.exec(said) ?? []
  if (quota !== undefined) return { reason: 'Quota', words: `one more pod would exceed the quota ${quota} of the namespace (${rest})`, next: 'ask for less, or have the quota raised: kubectl describe quota' }
  const [, lacking, what] = /failed quota: ([^:]+): must specify (.*)$/s.exec(said) ?? []
  if (lacking !== undefined) return { reason: 'Quota', words: `the quota ${lacking} of the namespace wants each container to say ${what}`, next: 'set these resources, or have a LimitRange give them' }
  const [, security] = /violates PodSecurity (.*)$/s.exec(said) ?? []
  if (security !== undefined) return { reason: 'PodSecurity', words: `Pod Security of the namespace does not allow it: ${security}`, next: 'set what it names in the securityContext' }
  const [, denier, words] = /admission webhook "([^"]+)" denied the request:? ?(.*)$/s.exec(said) ?? []
  if (denier !== undefined) return { reason: 'WebhookDenied', words: `the admission webhook ${denier} denies it: ${words}`, next: 'change what it names, or ask whoever runs that webhook' }
  const [, failing, why] = /failed calling webhook "([^"]+)":? ?(.*)$/s.exec(said) ?? []
  if (failing !== undefined) return { reason: 'WebhookFailed', words: `the admission webhook ${failing} cannot be asked, and must be (failurePolicy: Fail): ${why}`, next: 'have that webhook mended; no pod of the namespace can be made until it is' }
  const [, policy] = /ValidatingAdmissionPolicy '([^']+)'/.exec(said) ?? []
  if (policy !== undefined) return { reason: 'Policy', words: `the policy ${policy} denies it: ${said}`, next: 'change what it names' }
  const [, account] = /service ?account (?:\S+\/)?"?([^\s"]+)"? (?:was )?not found/.exec(said) ?? []
  if (account !== undefined) return { reason: 'ServiceAccount', words: `there is no ServiceAccount ${account}`, next: `kubectl create serviceaccount ${account.split('/').at(-1) ?? account}, or name another` }
  if (/is being terminated/.test(said)) return { reason: 'NamespaceEnds', words: 'its namespace is being deleted', next: 'wait until it is gone, and create it anew' }
  if (/(?:minimum|maximum) \S+ usage per|max limit to request ratio/.test(said)) return { reason: 'LimitRange', words: `a LimitRange of the namespace does not allow it: ${afterForbidden(said)}`, next: 'kubectl describe limitrange names the bounds' }
  if (/ is invalid: /.test(said)) return { reason: 'Invalid', words: said, next: 'mend the pod template' }
  return { reason: 'Rejected', words: said, next: 'the API server says so; change what it names' }
}

function afterForbidden(said: string): string {
  return said.replace(/^.*? is forbidden: /s, '')
}
