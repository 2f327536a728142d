import type { JsonObject } from '../units/json.ts'
import { at, flagOf, named, objectsAt, textAt } from './json-paths.ts'
import { calledNamespaces } from './registration.ts'

/** The label of all objects of usher, and its value. */
export const nameLabel = 'app.kubernetes.io/name'
export const usherName = 'usher'

/** By which all objects of usher are found. */
export const usherSelector = `${nameLabel}=${usherName}`

/** The objects of usher in a namespace; undefined: that one is not there. */
export interface Installation {
  readonly namespace: string
  readonly daemonSet: JsonObject | undefined
  readonly deployment: JsonObject | undefined
  readonly service: JsonObject | undefined
  readonly configMap: JsonObject | undefined
}

const componentKey = 'app.kubernetes.io/component'

/** Sorts what was found by the labels of usher by its namespaces. Others may have taken the name: that is no installation. */
export function installationsIn(objects: {
  readonly daemonSets: readonly JsonObject[]
  readonly deployments: readonly JsonObject[]
  readonly services: readonly JsonObject[]
  readonly configMaps: readonly JsonObject[]
}): readonly Installation[] {
  const daemonSets = objects.daemonSets.filter((each) => isComponent(each, 'lock') && hasContainer(at(each, 'spec', 'template'), 'lock'))
  const deployments = objects.deployments.filter((each) => isComponent(each, 'webhook') && hasContainer(at(each, 'spec', 'template'), 'webhook'))
  const services = objects.services.filter((each) => isComponent(each, 'webhook'))
  const configMaps = objects.configMaps.filter((each) => textAt(each, 'data', configKey) !== undefined)
  // A lonely Service or ConfigMap is a leftover, and no installation.
  const namespaces = [...new Set([...daemonSets, ...deployments].map(namespaceOf))].toSorted()
  return namespaces.map((namespace) => {
    const ours = (list: readonly JsonObject[]): JsonObject | undefined => list.find((each) => namespaceOf(each) === namespace)
    return { namespace, daemonSet: ours(daemonSets), deployment: ours(deployments), service: ours(services), configMap: ours(configMaps) }
  })
}

/** Which of several is looked at: one whose webhook the API server calls, else one that is whole. */
export function chosenOf(found: readonly Installation[], configurations: readonly JsonObject[]): Installation | undefined {
  const called = calledNamespaces(configurations)
  const rank = (each: Installation): number => 2 * Number(called.includes(each.namespace)) + Number(isWhole(each))
  return found.toSorted((left, right) => rank(right) - rank(left))[0]
}

function isWhole({ daemonSet, deployment, service }: Installation): boolean {
  return daemonSet !== undefined && deployment !== undefined && service !== undefined
}

function isComponent(object: JsonObject, name: string): boolean {
  return textAt(object, 'metadata', 'labels', componentKey) === name
}

/** Whether a pod, or the template of one, has a container of this name. */
export function hasContainer(pod: unknown, name: string): boolean {
  return named(objectsAt(pod, 'spec', 'containers'), name) !== undefined
}

function namespaceOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'namespace') ?? ''
}

/** The key of the ConfigMap that holds the configuration. */
export const configKey = 'usher.yaml'

/** What the webhook's own flags say of the other parts, or the names that the chart gives them. */
export interface PartNames {
  readonly secret: string
  /** Whether the webhook makes that Secret, and not somebody else. */
  readonly isOwnSecret: boolean
  readonly configuration: string
  /** Undefined: the lock is turned off. */
  readonly daemonSet: string | undefined
  readonly port: number
  readonly probePort: number
}

/** Reads the flags of the webhook. */
export function partNames({ deployment }: Installation): PartNames {
  const spec = at(deployment, 'spec', 'template', 'spec')
  const container = named(objectsAt(spec, 'containers'), 'webhook')
  const flag = (name: string): string | undefined => flagOf(container, name)
  const mounted = textAt(named(objectsAt(spec, 'volumes'), 'tls'), 'secret', 'secretName')
  return {
    secret: flag('certs-secret') ?? mounted ?? 'usher-webhook-tls',
    isOwnSecret: container === undefined || flag('certs-secret') !== undefined,
    configuration: flag('webhook-configuration') ?? 'usher',
    daemonSet: container === undefined ? 'usher-lock' : flag('lock-daemonset'),
    port: Number(flag('port')) || 8443,
    probePort: Number(flag('probe-port')) || 8080,
  }
}

/** The image of the webhook, which runs in the cluster already; the name that the chart gives it, where there is no webhook. */
export function webhookImage({ deployment }: Pick<Installation, 'deployment'>): string {
  return textAt(named(objectsAt(deployment, 'spec', 'template', 'spec', 'containers'), 'webhook'), 'image') ?? 'usher'
}

/** The version that an object of the chart is labelled with. */
export function versionOf(object: unknown): string | undefined {
  return textAt(object, 'metadata', 'labels', 'app.kubernetes.io/version')
}
