import { type Installation, partNames } from './installation.ts'
import { at, flagOf, hasSwitch, named, objectsAt, textAt } from './json-paths.ts'

/** A right that a service account of usher needs. */
export interface NeededRight {
  readonly account: string
  /** As the spec of a SubjectAccessReview has it. */
  readonly asked: AskedRight
}

type Attributes = Readonly<Record<string, string>>

/** To objects, or to a path of the API server that is none. */
export type AskedRight =
  | { readonly resourceAttributes: Attributes }
  | { readonly nonResourceAttributes: { readonly path: string; readonly verb: string } }

/** What the webhook and the lock ask of the API server, by how they are started; as the chart's rbac.yaml grants it. */
export function neededRights(installation: Installation): readonly NeededRight[] {
  const webhook = accountOf(installation.deployment)
  const lock = accountOf(installation.daemonSet)
  return [...(webhook === undefined ? [] : rightsOfWebhook(webhook, installation)), ...(lock === undefined ? [] : rightsOfLock(lock, installation))]
}

function rightsOfWebhook(account: string, installation: Installation): readonly NeededRight[] {
  const { namespace } = installation
  const { secret, isOwnSecret, configuration, daemonSet } = partNames(installation)
  const ofCertificates = [
    ...rights(account, ['get', 'patch'], { group: 'admissionregistration.k8s.io', resource: 'mutatingwebhookconfigurations', name: configuration }),
    ...rights(account, ['create'], { namespace, resource: 'secrets' }),
    ...rights(account, ['get', 'update'], { namespace, resource: 'secrets', name: secret }),
  ]
  const ofBreaker = (name: string): readonly NeededRight[] => [
    ...rights(account, ['list', 'watch'], { namespace, group: 'apps', resource: 'daemonsets', name }),
    ...rights(account, ['create'], { namespace, resource: 'events' }),
  ]
  return [
    ...rights(account, ['list', 'watch'], { resource: 'namespaces' }),
    ...rights(account, ['list', 'watch'], { resource: 'pods' }),
    ...(isOwnSecret ? ofCertificates : []),
    ...(daemonSet === undefined ? [] : ofBreaker(daemonSet)),
  ]
}

function rightsOfLock(account: string, { daemonSet }: Installation): readonly NeededRight[] {
  const container = named(objectsAt(daemonSet, 'spec', 'template', 'spec', 'containers'), 'lock')
  const namespace = flagOf(container, 'daemonsets-namespace') ?? ''
  const ofGate = [
    ...rights(account, ['list'], { ...(namespace === '' ? {} : { namespace }), group: 'apps', resource: 'daemonsets' }),
    ...rights(account, ['get'], { resource: 'nodes' }),
  ]
  const ofDependencies = ([['discovery.k8s.io', 'endpointslices'], ['apps', 'deployments'], ['apps', 'statefulsets'], ['apps', 'daemonsets'], ['batch', 'jobs']] as const).flatMap(
    ([group, resource]) => rights(account, ['list', 'watch'], { group, resource }),
  )
  return [
    ...rights(account, ['list', 'watch'], { resource: 'pods' }),
    ...(flagOf(container, 'events') === 'on' ? rights(account, ['create', 'patch'], { resource: 'events' }) : []),
    ...(flagOf(container, 'depends-on') === 'on' ? ofDependencies : []),
    ...(hasSwitch(container, 'daemonsets') ? ofGate : []),
    ...((flagOf(container, 'token-audience') ?? '') === '' ? [] : [{ account, asked: { nonResourceAttributes: { path: '/openid/v1/jwks', verb: 'get' } } }]),
  ]
}

function rights(account: string, verbs: readonly string[], attributes: Attributes): readonly NeededRight[] {
  return verbs.map((verb) => ({ account, asked: { resourceAttributes: { verb, ...attributes } } }))
}

/** Undefined: there is none, or it gets no token, and asks nothing. */
function accountOf(workload: unknown): string | undefined {
  const spec = at(workload, 'spec', 'template', 'spec')
  if (at(spec, 'automountServiceAccountToken') === false) return undefined
  return textAt(spec, 'serviceAccountName')
}

/** For people: `usher-lock may not list pods`. */
export function describeRight({ account, asked }: NeededRight): string {
  if ('nonResourceAttributes' in asked) return `${account} may not ${asked.nonResourceAttributes.verb} ${asked.nonResourceAttributes.path}`
  const { verb, resource, name, namespace } = asked.resourceAttributes
  return `${account} may not ${verb} ${resource}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`
}
