/** A kind of which the chart has objects, and where the API server has them. */
export interface ChartKind {
  readonly apiVersion: string
  readonly kind: string
  /** As it stands in paths. */
  readonly resource: string
  readonly isNamespaced: boolean
  /** What a cluster needs for it, and how the chart does without; undefined: every cluster has it. */
  readonly needs?: string
}

const certManager = 'cert-manager, or the chart with another webhook.certificates.source'
const prometheus = 'the Prometheus operator, or the chart without serviceMonitor.enabled'

/**
 * In the order in which they are put in: what something leans on comes before it, and the API server is told of the webhook
 * last, when it runs. Taken out, they go the other way: at no time is the API server told of a webhook that is not there.
 */
export const chartKinds: readonly ChartKind[] = [
  { apiVersion: 'v1', kind: 'Namespace', resource: 'namespaces', isNamespaced: false },
  { apiVersion: 'v1', kind: 'ServiceAccount', resource: 'serviceaccounts', isNamespaced: true },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', resource: 'clusterroles', isNamespaced: false },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', resource: 'clusterrolebindings', isNamespaced: false },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', resource: 'roles', isNamespaced: true },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', resource: 'rolebindings', isNamespaced: true },
  { apiVersion: 'v1', kind: 'ConfigMap', resource: 'configmaps', isNamespaced: true },
  { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', resource: 'issuers', isNamespaced: true, needs: certManager },
  { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', resource: 'certificates', isNamespaced: true, needs: certManager },
  { apiVersion: 'v1', kind: 'Service', resource: 'services', isNamespaced: true },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', resource: 'networkpolicies', isNamespaced: true },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', resource: 'daemonsets', isNamespaced: true },
  { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments', isNamespaced: true },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', resource: 'poddisruptionbudgets', isNamespaced: true },
  { apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor', resource: 'servicemonitors', isNamespaced: true, needs: prometheus },
  { apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor', resource: 'podmonitors', isNamespaced: true, needs: prometheus },
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', resource: 'mutatingwebhookconfigurations', isNamespaced: false },
]

/** What the webhook makes for itself, and the chart has not. */
export const secretKind: ChartKind = { apiVersion: 'v1', kind: 'Secret', resource: 'secrets', isNamespaced: true }

/** The kind of an object; undefined: the chart has none of it. */
export function chartKindOf(apiVersion: unknown, kind: unknown): ChartKind | undefined {
  return chartKinds.find((each) => each.apiVersion === apiVersion && each.kind === kind)
}

/** The path of all objects of a kind, in a namespace or in all. */
export function listPath({ apiVersion, resource, isNamespaced }: ChartKind, namespace?: string): string {
  const place = isNamespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}${place}/${resource}`
}
