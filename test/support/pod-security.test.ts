import t from 'tap'
import type { Json, JsonObject } from '../../src/units/json.ts'
import { restrictedViolations } from './pod-security.ts'

const safe: JsonObject = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}

interface Parts {
  readonly metadata?: JsonObject
  readonly spec?: JsonObject
  readonly container?: JsonObject
  readonly context?: JsonObject
}

function pod({ metadata, spec, container, context }: Parts): JsonObject {
  const app = { name: 'app', image: 'app', securityContext: { ...safe, ...context }, ...container }
  return { metadata: metadata ?? {}, spec: { containers: [app], ...spec } }
}

function admits(parts: Parts): boolean {
  return restrictedViolations(pod(parts)).length === 0
}

t.test('admits a pod with the four settings that every container needs', async (t) => {
  t.strictSame(restrictedViolations(pod({})), [])
})

t.test('names what is wrong with a pod that sets nothing', async (t) => {
  t.strictSame(restrictedViolations({ spec: { containers: [{ name: 'app' }] } }), [
    'container app does not forbid privilege escalation',
    'container app does not drop ALL capabilities',
    'container app has no seccomp profile',
    'container app may run as root',
  ])
})

const forbidden: readonly (readonly [string, Parts])[] = [
  ['host network', { spec: { hostNetwork: true } }],
  ['host PIDs', { spec: { hostPID: true } }],
  ['host IPC', { spec: { hostIPC: true } }],
  ['privileged', { context: { privileged: true } }],
  ['a capability of the baseline', { context: { capabilities: { drop: ['ALL'], add: ['CHOWN'] } } }],
  ['capabilities dropped one by one', { context: { capabilities: { drop: ['NET_RAW', 'CHOWN'] } } }],
  ['no capabilities dropped', { context: { capabilities: {} } }],
  ['hostPath', { spec: { volumes: [{ name: 'host', hostPath: { path: '/' } }] } }],
  ['hostPath beside an allowed type', { spec: { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] } }],
  ['nfs', { spec: { volumes: [{ name: 'v', nfs: { server: 'nfs', path: '/' } }] } }],
  ['a volume without a type', { spec: { volumes: [{ name: 'v' }] } }],
  ['a hostPort', { container: { ports: [{ containerPort: 80, hostPort: 80 }] } }],
  ['a host in a liveness probe', { container: { livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } } }],
  ['a host in a readiness probe', { container: { readinessProbe: { tcpSocket: { host: '10.0.0.1', port: 80 } } } }],
  ['a host in a startup probe', { container: { startupProbe: { httpGet: { host: '127.0.0.1', port: 80 } } } }],
  ['a host in preStop', { container: { lifecycle: { preStop: { httpGet: { host: 'sleep', port: 80 } } } } }],
  ['a host in postStart', { container: { lifecycle: { postStart: { tcpSocket: { host: 'sleep', port: 80 } } } } }],
  ['AppArmor by annotation', {
    metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/app': 'unconfined' } },
  }],
  ['AppArmor of the pod', { spec: { securityContext: { appArmorProfile: { type: 'Unconfined' } } } }],
  ['AppArmor of the container', { context: { appArmorProfile: { type: 'Unconfined' } } }],
  ['an SELinux type', { context: { seLinuxOptions: { type: 'spc_t' } } }],
  ['an SELinux user', { spec: { securityContext: { seLinuxOptions: { user: 'system_u' } } } }],
  ['an SELinux role', { context: { seLinuxOptions: { role: 'system_r' } } }],
  ['unmasked /proc', { context: { procMount: 'Unmasked' } }],
  ['seccomp off', { context: { seccompProfile: { type: 'Unconfined' } } }],
  ['seccomp off for the pod', { spec: { securityContext: { seccompProfile: { type: 'Unconfined' } } } }],
  ['no seccomp', { context: { seccompProfile: null } }],
  ['a sysctl', { spec: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } } }],
  ['privilege escalation', { context: { allowPrivilegeEscalation: true } }],
  ['privilege escalation not forbidden', { context: { allowPrivilegeEscalation: null } }],
  ['root allowed', { context: { runAsNonRoot: false } }],
  ['root allowed by the pod', { spec: { securityContext: { runAsNonRoot: false } } }],
  ['root not forbidden', { context: { runAsNonRoot: null } }],
  ['user 0', { context: { runAsUser: 0 } }],
  ['user 0 by the pod', { spec: { securityContext: { runAsUser: 0 } } }],
  ['a host process', { spec: { securityContext: { windowsOptions: { hostProcess: true } } } }],
  ['an init container that sets nothing', { spec: { initContainers: [{ name: 'init' }] } }],
  ['an ephemeral container that sets nothing', { spec: { ephemeralContainers: [{ name: 'shell' }] } }],
]

t.test('rejects', async (t) => {
  for (const [what, parts] of forbidden) t.notOk(admits(parts), what)
})

const volumeTypes: readonly string[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]
const volumes: Json[] = volumeTypes.map((type) => ({ name: type.toLowerCase(), [type]: {} }))
const ofPod = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'Localhost', localhostProfile: 'a' } }

const allowed: readonly (readonly [string, Parts])[] = [
  ['every volume type of the list', { spec: { volumes } }],
  ['NET_BIND_SERVICE', { context: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } }],
  ['settings of the pod', { spec: { securityContext: ofPod }, context: { runAsNonRoot: null, seccompProfile: null } }],
  ['a container that beats its pod', { spec: { securityContext: { runAsUser: 1 } }, context: { runAsUser: 65_532 } }],
  ['ports, probes and hooks without hosts', {
    container: {
      ports: [{ containerPort: 80, hostPort: 0 }],
      livenessProbe: { httpGet: { port: 80, host: '' } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
    },
  }],
  ['safe sysctls', { spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } } }],
  ['root in a user namespace', { spec: { hostUsers: false }, context: { runAsNonRoot: false, runAsUser: 0 } }],
  ['AppArmor profiles', {
    metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/app': 'localhost/app' } },
    context: { appArmorProfile: { type: 'RuntimeDefault' } },
  }],
  ['an SELinux type of containers', { context: { seLinuxOptions: { type: 'container_t', level: 's0' } } }],
  ['a Windows pod without Linux fields', {
    spec: { os: { name: 'windows' } },
    container: { securityContext: { runAsNonRoot: true } },
  }],
]

t.test('admits', async (t) => {
  for (const [what, parts] of allowed) t.strictSame(restrictedViolations(pod(parts)), [], what)
})
