import { type Example, exampleOf } from '../workload.ts'

/** How an application starts: it burns so much CPU, or waits without any, as for a database. */
export interface StartKind {
  readonly kind: 'cpu' | 'idle'
  /** Of CPU time, or of time. */
  readonly seconds: number
}

/** One of the pods that boot. */
export interface BootPod {
  /** NAMESPACE/NAME is its name in the lock, NAME for people. */
  readonly name: string
  readonly start: StartKind
  /** As its controller creates it. */
  readonly example: Example
}

/** The image of every application here. */
export const applicationImage = 'registry.example.com/shop/application:1.0.0'
export const namespace = 'shop'

// With these the demo takes half a minute on two cores, and three quarters where these are busy.
const seconds = { cpu: 1.8, idle: 3 } as const

// Idle starters among the others: while one has the permit, its core is free for the next.
const pods: readonly (readonly [string, StartKind['kind']])[] = [
  ['web', 'cpu'],
  ['mail', 'idle'],
  ['cart', 'cpu'],
  ['orders', 'cpu'],
  ['stock', 'idle'],
  ['search', 'cpu'],
  ['report', 'idle'],
  ['payment', 'cpu'],
]

/** The pods of the node that boots, each of a StatefulSet of its own; their starts take `scale` times as long. */
export function bootPods(scale: number): readonly BootPod[] {
  return pods.map(([name, kind]) => {
    const start = kindOf(kind, scale)
    const example = exampleOf(manifestOf(name, start), `the pod of ${namespace}/${name}`)
    return { name: `${name}-0`, start, example }
  })
}

/** What the application is told. */
export function argsOf({ kind, seconds: amount }: StartKind): readonly string[] {
  return [`--${kind}-seconds=${amount}`]
}

function kindOf(kind: StartKind['kind'], scale: number): StartKind {
  return { kind, seconds: Math.round(seconds[kind] * scale * 1_000) / 1_000 }
}

function manifestOf(name: string, start: StartKind): unknown {
  const labels = { app: name }
  const resources = { requests: { cpu: '250m', memory: '128Mi' }, limits: { memory: '256Mi' } }
  const containers = [{ name, image: applicationImage, args: argsOf(start), resources }]
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace },
    spec: { serviceName: name, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  }
}
