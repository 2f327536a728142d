import { appImage } from './image.ts'
import type { Mode, Plan, Variant } from './plan.ts'

/** How long an idle starter waits for something else. */
export const idleSeconds = 20

/** Whether the pod of this number only waits; they stand among the others. */
export function isIdle({ idleOfEach }: Variant, index: number): boolean {
  return idleOfEach !== undefined && index % idleOfEach === idleOfEach - 1
}

/** The pods of a boot: bound to the node already, as those of a node that boots are. */
export function podsOf(namespace: string, node: string, plan: Pick<Plan, 'pods' | 'work'>, variant: Variant, { annotations = {} }: Mode): readonly object[] {
  return Array.from({ length: plan.pods }, (_, index) => {
    const idle = isIdle(variant, index)
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      // Its name says the order in which they were created. The nap has no part in a start, but in a restart.
      metadata: { namespace, name: `${idle ? 'idle' : 'heavy'}-${String(index).padStart(2, '0')}`, annotations: { 'usher.dev/nap': 'disabled', ...annotations } },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 1,
        containers: [containerOf(idle ? ['--idle', String(idleSeconds)] : [String(plan.work)], variant.limitSeconds)],
      },
    }
  })
}

function containerOf(args: readonly string[], limitSeconds: number): object {
  const httpGet = { path: '/healthz', port: 8080 }
  return {
    name: 'main',
    image: appImage,
    imagePullPolicy: 'Never',
    args,
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
    startupProbe: { httpGet, periodSeconds: 1, failureThreshold: limitSeconds },
    readinessProbe: { httpGet, periodSeconds: 1 },
    // As Kubernetes has it where nothing is said: three times in ten seconds, each answered within one.
    livenessProbe: { httpGet },
  }
}
