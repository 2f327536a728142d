import { control, ports, serviceAddresses } from './plan.ts'

/** The name of the RBAC objects of the DNS server. */
const dnsUser = 'system:coredns'

/** What the cluster starts with: the DNS server's rights, and its service. The server itself is no pod. */
export function firstObjects(): readonly object[] {
  const rbac = 'rbac.authorization.k8s.io'
  const dnsPorts = [
    { name: 'dns', port: 53, targetPort: ports.dns, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, targetPort: ports.dns, protocol: 'TCP' },
  ]
  return [
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: dnsUser },
      rules: [
        { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: dnsUser },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: dnsUser },
      subjects: [{ apiGroup: rbac, kind: 'User', name: dnsUser }],
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: { clusterIP: serviceAddresses.dns, ports: dnsPorts },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'kubernetes.io/service-name': 'kube-dns' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [control.address], conditions: { ready: true } }],
      ports: dnsPorts.map(({ name, protocol, targetPort: port }) => ({ name, protocol, port })),
    },
  ]
}
