import { homedir } from 'node:os'
import { join } from 'node:path'

/** The folder of the cluster's state and logs, outside the repository. */
export const stateFolder = join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'usher', 'cluster')

/** A log for each part; `down` leaves them. */
export const logFolder = join(stateFolder, 'logs')

/** The logs of the cluster before this one. */
export const earlierLogFolder = join(stateFolder, 'logs.before')

/** What is gone after `down`. */
export const liveFolder = join(stateFolder, 'live')

/** A record of each process. */
export const processFolder = join(liveFolder, 'processes')

/** Certificates, keys and kubeconfigs. */
export const secretFolder = join(liveFolder, 'secrets')

/** The kubeconfig of a cluster administrator. */
export const adminKubeconfig = join(secretFolder, 'admin.kubeconfig')

/** The folder of a machine: its disk, as far as it has one. */
export function machineFolder(name: string): string {
  return join(liveFolder, 'machines', name)
}

/** A file of a machine that one of its parts is configured with. */
export function machineFile(machine: string, file: string): string {
  return join(machineFolder(machine), 'etc', file)
}

/** The log of a part: `node-1/kubelet`. */
export function logFile(part: string): string {
  return join(logFolder, `${part.replaceAll('/', '.')}.log`)
}
