import { type Installation, partNames } from './installation.ts'
import { at, flagOf, named, objectsAt, textAt } from './json-paths.ts'

/** A right that a service account of usher needs. */
export interface NeededRight {
  readonly account: string
  /** As a SubjectAccessReview has it. */
  readonly attributes: Readonly<Record<string, string>>
}

/** What the webhook and the lock ask of the API server, by how they are started. */
export function neededRights(installation: Installation): readonly NeededRight[] {
  const webhook = accountOf(installation.deployment)
  const lock = accountOf(installation.daemonSet)
  return [...(webhook === undefined ? [] : rightsOfWebhook(webhook, installation)), ...(lock === undefined ? [] : rightsOfLock(lock, installation))]
}

function rightsOfWebhook(account: string, installation: Installation): readonly NeededRight[] {
  const { namespace } = installation
  const { secret, configuration, daemonSet } = partNames(installation)
  return [
    ...rights(account, ['list', 'watch'], { resource: 'namespaces' }),
    ...rights(account, ['list', 'watch'], { resource: 'pods' }),
    ...rights(account, ['get', 'patch'], { group: 'admissionregistration.k8s.io', resource: 'mutatingwebhookconfigurations', name: configuration }),
    ...rights(account, ['get'], { namespace, resource: 'secrets', name: secret }),
    ...rights(account, ['create'], { namespace, resource: 'secrets' }),
    ...(daemonSet === undefined ? [] : rights(account, ['list', 'watch'], { namespace, group: 'apps', resource: 'daemonsets', name: daemonSet })),
  ]
}

function rightsOfLock(account: string, { daemonSet }: Installation): readonly NeededRight[] {
  const container = named(objectsAt(daemonSet, 'spec', 'template', 'spec', 'containers'), 'lock')
  return [
    ...rights(account, ['list', 'watch'], { resource: 'pods' }),
    ...(flagOf(container, 'events') === 'on' ? rights(account, ['create', 'patch'], { resource: 'events' }) : []),
  ]
}

function rights(account: string, verbs: readonly string[], attributes: Readonly<Record<string, string>>): readonly NeededRight[] {
  return verbs.map((verb) => ({ account, attributes: { verb, ...attributes } }))
}

/** Undefined: there is none, or it gets no token, and asks nothing. */
function accountOf(workload: unknown): string | undefined {
  const spec = at(workload, 'spec', 'template', 'spec')
  if (at(spec, 'automountServiceAccountToken') === false) return undefined
  return textAt(spec, 'serviceAccountName')
}

/** For people: `usher-lock may not list pods`. */
export function describeRight({ account, attributes }: NeededRight): string {
  const { verb, resource, name, namespace } = attributes
  return `${account} may not ${verb} ${resource}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`
}
