import { isAbsent, isObject, type JsonObject } from '../../src/units/json.ts'
import { allContainers, listAt, objectAt, shown, valueAt } from './pod-reader.ts'

/**
 * What the Pod Security Standards, level *restricted* (baseline included) of Kubernetes 1.37, have against a pod.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 *
 * @returns one sentence a violation; empty where the pod is admitted.
 */
export function restrictedViolations(pod: unknown): string[] {
  const spec = objectAt(pod, 'spec')
  const found = [...hostAccess(spec), ...annotationProfiles(pod), ...volumes(spec), ...sysctls(spec)]
  const ofPod = objectAt(spec, 'securityContext')
  found.push(...commonFields('the pod', ofPod))
  const containers = [...allContainers(pod), ...listAt(spec, 'ephemeralContainers')]
  for (const container of containers) {
    const who = `container ${shown(container['name'])}`
    const own = objectAt(container, 'securityContext')
    found.push(...commonFields(who, own), ...containerBaseline(who, container, own))
    found.push(...hosts(who, container))
    // Linux only, since 1.25.
    if (valueAt(spec, 'os', 'name') !== 'windows') found.push(...linuxOnly(who, own, ofPod))
  }
  if (spec['hostUsers'] !== false) found.push(...nonRoot(containers, ofPod))
  return found
}

function hostAccess(spec: JsonObject): string[] {
  const fields = ['hostNetwork', 'hostPID', 'hostIPC'] as const
  return fields.filter((field) => spec[field] === true).map((field) => `the pod sets ${field}`)
}

function annotationProfiles(pod: unknown): string[] {
  const found: string[] = []
  for (const [key, value] of Object.entries(objectAt(pod, 'metadata', 'annotations'))) {
    if (!key.startsWith('container.apparmor.security.beta.kubernetes.io/')) continue
    const profile = shown(value)
    if (profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/')) continue
    found.push(`the annotation ${key} sets the AppArmor profile ${profile}`)
  }
  return found
}

const volumeTypes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
] as const

function volumes(spec: JsonObject): string[] {
  return listAt(spec, 'volumes').flatMap((volume) => {
    const name = shown(volume['name'])
    if (!isAbsent(volume['hostPath'])) return [`volume ${name} is a hostPath`]
    return volumeTypes.some((type) => !isAbsent(volume[type])) ? [] : [`volume ${name} is of a type that is not allowed`]
  })
}

const safeSysctls: ReadonlySet<unknown> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

function sysctls(spec: JsonObject): string[] {
  const all = listAt(spec, 'securityContext', 'sysctls').map((sysctl) => sysctl['name'])
  return all.filter((name) => !safeSysctls.has(name)).map((name) => `the pod sets the sysctl ${shown(name)}`)
}

const seLinuxTypes: ReadonlySet<unknown> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
])

/** Fields that pod and containers have in common. */
function commonFields(who: string, context: JsonObject): string[] {
  const found: string[] = []
  const appArmor = valueAt(context, 'appArmorProfile', 'type')
  if (!isAbsent(appArmor) && appArmor !== 'RuntimeDefault' && appArmor !== 'Localhost') {
    found.push(`${who} sets the AppArmor profile ${shown(appArmor)}`)
  }
  const { type, user, role } = objectAt(context, 'seLinuxOptions')
  if (!isAbsent(type) && !seLinuxTypes.has(type)) found.push(`${who} sets the SELinux type ${shown(type)}`)
  if (!isAbsent(user) && user !== '') found.push(`${who} sets an SELinux user`)
  if (!isAbsent(role) && role !== '') found.push(`${who} sets an SELinux role`)
  const seccomp = valueAt(context, 'seccompProfile', 'type')
  if (isObject(context['seccompProfile']) && !isSeccomp(seccomp)) {
    found.push(`${who} sets the seccomp profile ${shown(seccomp)}`)
  }
  if (valueAt(context, 'windowsOptions', 'hostProcess') === true) found.push(`${who} is a host process`)
  return found
}

function isSeccomp(type: unknown): boolean {
  return type === 'RuntimeDefault' || type === 'Localhost'
}

function containerBaseline(who: string, container: JsonObject, context: JsonObject): string[] {
  const found: string[] = []
  if (context['privileged'] === true) found.push(`${who} is privileged`)
  const procMount = context['procMount']
  if (!isAbsent(procMount) && procMount !== 'Default') found.push(`${who} sets procMount to ${shown(procMount)}`)
  for (const port of listAt(container, 'ports')) {
    if (!isAbsent(port['hostPort']) && port['hostPort'] !== 0) found.push(`${who} has a hostPort`)
  }
  return found
}

// Since 1.34, in baseline.
const handlers = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
] as const

function hosts(who: string, container: JsonObject): string[] {
  const found: string[] = []
  for (const path of handlers) {
    for (const action of ['httpGet', 'tcpSocket']) {
      const host = valueAt(container, ...path, action, 'host')
      if (!isAbsent(host) && host !== '') found.push(`${who} names a host in ${path.join('.')}.${action}`)
    }
  }
  return found
}

function linuxOnly(who: string, own: JsonObject, ofPod: JsonObject): string[] {
  const found: string[] = []
  if (own['allowPrivilegeEscalation'] !== false) found.push(`${who} does not forbid privilege escalation`)
  const { add, drop } = objectAt(own, 'capabilities')
  if (!(Array.isArray(drop) && drop.includes('ALL'))) found.push(`${who} does not drop ALL capabilities`)
  // Baseline allows fourteen more; restricted leaves this one.
  if (Array.isArray(add) && add.some((name) => name !== 'NET_BIND_SERVICE')) found.push(`${who} adds a capability`)
  const profile = isObject(own['seccompProfile']) ? own['seccompProfile'] : objectAt(ofPod, 'seccompProfile')
  if (!isSeccomp(profile['type'])) found.push(`${who} has no seccomp profile`)
  return found
}

/** Relaxed for pods in a user namespace, since 1.35. */
function nonRoot(containers: readonly JsonObject[], ofPod: JsonObject): string[] {
  const found: string[] = []
  if (ofPod['runAsNonRoot'] === false) found.push('the pod allows root')
  if (ofPod['runAsUser'] === 0) found.push('the pod runs as user 0')
  for (const container of containers) {
    const who = `container ${shown(container['name'])}`
    const own = objectAt(container, 'securityContext')
    const runAsNonRoot = own['runAsNonRoot'] ?? ofPod['runAsNonRoot']
    if (runAsNonRoot !== true) found.push(`${who} may run as root`)
    if (own['runAsUser'] === 0) found.push(`${who} runs as user 0`)
  }
  return found
}
