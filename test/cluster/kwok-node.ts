/** What kwok knows its nodes by; also their taint. */
export const kwokAnnotation = 'kwok.x-k8s.io/node'

/** A node that kwok takes care of: nothing runs on it, whatever it says. */
export function fakeNode(name: string): object {
  const resources = { cpu: '32', memory: '256Gi', pods: '110' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, annotations: { [kwokAnnotation]: 'fake' }, labels: { type: 'kwok', 'kubernetes.io/hostname': name } },
    spec: { taints: [{ key: kwokAnnotation, value: 'fake', effect: 'NoSchedule' }] },
    status: { allocatable: resources, capacity: resources },
  }
}
