import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtFolder } from '../go-tools/tool-folder.ts'
import { adminFiles, kubeconfigFile, secretFile } from './certificates.ts'
import { machineFile } from './folders.ts'
import { startOn } from './machine.ts'
import { control, podRange, ports, serviceRange } from './plan.ts'
import type { ClusterVersion } from './versions.ts'

/** Starts the store behind the API server. */
export function startStore(): void {
  start('etcd', join(builtFolder('etcd'), 'etcd'), etcdFlags())
}

/**
 * Starts the API server on its machine. It waits for its store.
 *
 * @param plugins of admission that it has beside its usual ones: `AlwaysPullImages`
 */
export function startApiServer(version: ClusterVersion, plugins: readonly string[] = []): void {
  start('kube-apiserver', join(builtFolder(version.tools), 'kube-apiserver'), apiServerFlags(plugins))
}

/** Starts what acts on the API server, which is ready: started before, it would look again only seconds later. */
export function startControllers(version: ClusterVersion): void {
  start('kube-controller-manager', join(builtFolder(version.controllers), 'kube-controller-manager'), controllerFlags())
  start('kube-scheduler', join(builtFolder(version.tools), 'kube-scheduler'), schedulerFlags())
}

/** Starts the DNS server, behind the service `kube-dns`. It asks nobody else: the cluster has no way out. */
export function startDns(): void {
  const corefile = machineFile(control.name, 'Corefile')
  writeFileSync(corefile, `
    .:${ports.dns} {
      bind ${control.address}
      errors
      kubernetes cluster.local in-addr.arpa {
        endpoint ${adminFiles.url}
        kubeconfig ${kubeconfigFile('coredns')}
        pods verified
        ttl 5
      }
    }
  `)
  start('coredns', join(builtFolder('coredns'), 'coredns'), ['-conf', corefile])
}

function start(program: string, path: string, flags: readonly string[]): void {
  startOn(control, program, [path, ...flags])
}

function etcdFlags(): readonly string[] {
  const url = `http://127.0.0.1:${ports.etcd}`
  const peerUrl = `http://127.0.0.1:${ports.etcdPeer}`
  return [
    `--name=${control.name}`,
    '--data-dir=/var/lib/etcd',
    // What a crash of this machine would lose is worth nothing.
    '--unsafe-no-fsync',
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=${control.name}=${peerUrl}`,
  ]
}

function apiServerFlags(plugins: readonly string[]): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--bind-address=${control.address}`,
    `--advertise-address=${control.address}`,
    `--secure-port=${ports.apiServer}`,
    `--client-ca-file=${secretFile('ca.crt')}`,
    `--tls-cert-file=${secretFile('apiserver.crt')}`,
    `--tls-private-key-file=${secretFile('apiserver.key')}`,
    '--authorization-mode=Node,RBAC',
    `--enable-admission-plugins=${['NodeRestriction', ...plugins].join(',')}`,
    '--allow-privileged=true',
    `--kubelet-certificate-authority=${secretFile('ca.crt')}`,
    `--kubelet-client-certificate=${secretFile('kubelet-client.crt')}`,
    `--kubelet-client-key=${secretFile('kubelet-client.key')}`,
    // The names of nodes are in no DNS.
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${secretFile('service-account.pub')}`,
    `--service-account-signing-key-file=${secretFile('service-account.key')}`,
    `--service-cluster-ip-range=${serviceRange}`,
  ]
}

function controllerFlags(): readonly string[] {
  return [
    `--kubeconfig=${kubeconfigFile('kube-controller-manager')}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllers}`,
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${secretFile('service-account.key')}`,
    `--root-ca-file=${secretFile('ca.crt')}`,
    `--cluster-cidr=${podRange}`,
    '--leader-elect=false',
    // Its requests of the first seconds would be spread over five of them.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    // The nodes' ranges are planned, and each kubelet's network is configured with its own.
    '--allocate-node-cidrs=false',
  ]
}

function schedulerFlags(): readonly string[] {
  const kubeconfig = `--kubeconfig=${kubeconfigFile('kube-scheduler')}`
  return [kubeconfig, '--bind-address=127.0.0.1', `--secure-port=${ports.scheduler}`, '--leader-elect=false']
}
