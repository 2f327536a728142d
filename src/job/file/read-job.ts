import { type Job, reallocateAfterSeconds } from '../job.ts'
import { agreed, type Fields, readFields, type Said } from './fields.ts'
import { describe, type FileEntry, type FileNode } from './file-node.ts'
import { readJobName, subdomain } from './names.ts'
import { containersOf } from './join-containers.ts'
import { type ContainerPart, readContainer } from './read-container.ts'
import { readDependsOn, type WorkloadDependency } from './read-depends-on.ts'
import { type Instances, nothingDeployed, readDeploy, readInstances } from './read-deploy.ts'
import { broughtFiles, type DefinedFiles, readDefinedFiles } from './read-files.ts'
import { checkPorts } from './read-ports.ts'
import { checkVolumes, readNamedVolumes } from './read-volumes.ts'
import { readChoice, readFlag, readMatch, readSeconds, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'
import { warnUnused } from './warn-unused.ts'

/** A job, and where its name stands. */
export interface PlacedJob {
  readonly job: Job
  readonly at: number
}

type JobFields = Fields<'job'>

const noFiles: DefinedFiles = new Map()
// More than a pod is meant for; keeps what is compared with each other small.
const mostContainers = 100
// As the annotation, in which they end, has it.
const mostWorkloads = 32

/** Reads one document. What is wrong is reported; what is returned is of use only where nothing was. */
export function readJob(scope: Scope, document: FileNode): PlacedJob | undefined {
  const { report } = scope
  if (isManifest(document)) {
    report.problem(document.at, 'it is a manifest of Kubernetes, and no job file: kubectl apply takes it')
    return undefined
  }
  const fields = readFields(scope, document, 'job', 'a job')
  if (fields === undefined) return undefined
  const nameEntry = fields.get('name')
  if (!fields.says('name')) report.problem(document.at, `a job needs a name${isCompose(document) ? '; of a file of Compose, usher job import makes a job file' : ''}`)
  const name = nameEntry === undefined ? undefined : readJobName(scope, nameEntry.value)
  const secrets = definedFiles(scope, fields.get('secrets'), 'secret')
  const configs = definedFiles(scope, fields.get('configs'), 'config')
  const volumesEntry = fields.get('volumes')
  const volumes = volumesEntry === undefined ? new Map() : readNamedVolumes(scope, volumesEntry)
  const declared = { volumes, secrets, configs }
  const parts = containerEntries(scope, document, fields).flatMap((entry) => readContainer(scope, entry, declared) ?? [])
  checkPorts(scope, parts)
  checkVolumes(scope, parts.flatMap((part) => part.volumes))
  warnUnused(scope, volumesEntry, declared, parts)
  const deployEntry = fields.get('deploy')
  const deploy = deployEntry === undefined ? nothingDeployed : readDeploy(scope, deployEntry, 'job')
  const dependsOn = fields.get('depends_on')
  const job: Job = {
    name: name ?? '',
    instances: instancesOf(scope, fields, [...deploy.instances, ...parts.flatMap(({ instances }) => instances)]),
    containers: containersOf(scope, parts),
    dependsOn: workloadsOf(scope, dependsOn, parts),
    ...exposeOf(scope, fields, parts),
    update: updateOf(scope, fields, [deploy, ...parts.map(({ update }) => update)]),
    reallocateAfterSeconds: secondsOf(scope, fields, 'reallocate_after') ?? reallocateAfterSeconds,
    startupLock: startupLockOf(scope, fields),
    ...napOf(scope, fields),
    ...vaultOf(scope, fields),
    hasEnvoy: envoyOf(scope, fields, parts),
    files: broughtFiles(secrets, configs),
  }
  return { job, at: nameEntry?.value.at ?? document.at }
}

function isManifest(document: FileNode): boolean {
  return document.kind === 'map' && ['apiVersion', 'kind'].every((key) => document.entries.some((entry) => entry.key === key))
}

/** Whether it is probably a file of Compose, whose name is that of its folder. */
function isCompose(document: FileNode): boolean {
  return document.kind === 'map' && document.entries.some((entry) => entry.key === 'services')
}

function definedFiles(scope: Scope, entry: FileEntry | undefined, type: 'secret' | 'config'): DefinedFiles {
  return entry === undefined ? noFiles : readDefinedFiles(scope, entry, type)
}

function containerEntries({ report }: Scope, document: FileNode, fields: JobFields): readonly FileEntry[] {
  const [entry, other] = fields.all('containers')
  if (other !== undefined) report.problem(other.at, 'containers and services are the same: one of them')
  if (entry === undefined) {
    if (!fields.says('containers')) report.problem(document.at, 'a job needs containers')
    return []
  }
  if (entry.value.kind !== 'map') {
    report.problem(entry.value.at, `${entry.key} must be a map of containers by their names, not ${describe(entry.value)}`)
    return []
  }
  const { entries } = entry.value
  if (entries.length === 0) report.problem(entry.value.at, 'a job needs at least one container')
  if (entries.length > mostContainers) report.problem(entry.value.at, `a job has at most ${mostContainers} containers`)
  return entries.slice(0, mostContainers)
}

function instancesOf(scope: Scope, fields: JobFields, deployed: readonly Said<Instances>[]): Job['instances'] {
  const entry = fields.get('numInstances')
  // A number stands for itself, and is what others are compared with.
  const said = [...(entry === undefined ? [] : readInstances(scope, entry, 'numInstances')), ...deployed].toSorted((left, right) => rankOf(left) - rankOf(right))
  const first = agreed<Instances>(scope, said, (left, right) => left === right || (typeof left === 'number' && right === 'replicated'))
  return first === undefined || first === 'replicated' ? 1 : first
}

function rankOf({ value }: Said<Instances>): number {
  return value === 'replicated' ? 1 : 0
}

/** What other workloads must be healthy: of the job and of each of its containers, once. */
function workloadsOf(scope: Scope, entry: FileEntry | undefined, parts: readonly ContainerPart[]): readonly string[] {
  const own = entry === undefined ? { containers: [], workloads: [] } : readDependsOn(scope, entry)
  for (const { container, at } of own.containers) scope.report.problem(at, `depends_on of a job names other workloads, such as job/${container}; what its containers wait for stands with them`)
  const byTarget = new Map<string, WorkloadDependency>()
  for (const each of [...own.workloads, ...parts.flatMap(({ workloads }) => workloads)]) {
    const other = byTarget.get(each.target)
    if (other !== undefined && other.written !== each.written) scope.report.problem(each.at, `depends_on: ${each.target} stands elsewhere in this job with other options; a job waits once`)
    byTarget.set(each.target, other ?? each)
  }
  const [beyond] = [...byTarget.values()].slice(mostWorkloads)
  if (beyond !== undefined) scope.report.problem(beyond.at, `depends_on: a job waits for ${mostWorkloads} other workloads at the most`)
  return [...byTarget.values()].map(({ written }) => written)
}

function exposeOf(scope: Scope, fields: JobFields, parts: readonly ContainerPart[]): Pick<Job, 'expose'> {
  const entry = fields.get('expose')
  const own = entry === undefined ? undefined : readFields(scope, entry.value, 'expose', 'expose')
  if (entry === undefined || own === undefined) return {}
  const [hostEntry, tls] = [own.get('host'), own.get('tls')]
  const host = hostEntry === undefined ? undefined : readMatch(scope, hostEntry.value, 'host', subdomain, 'the name of a host')
  const tlsSecret = tls === undefined ? undefined : readMatch(scope, tls.value, 'tls', subdomain, 'the name of a Secret')
  if (!parts.some(({ ports }) => ports.some(({ protocol }) => protocol === 'TCP'))) scope.report.problem(entry.at, 'expose needs a port: none of the containers has one in ports')
  return { expose: { ...(host === undefined ? {} : { host }), ...(tlsSecret === undefined ? {} : { tlsSecret }) } }
}

function updateOf(scope: Scope, fields: JobFields, deployed: readonly ContainerPart['update'][]): Job['update'] {
  const entry = fields.get('update')
  const own = entry === undefined ? undefined : readFields(scope, entry.value, 'update', 'update')
  const [orderEntry, rollbackEntry] = [own?.get('order'), own?.get('rollback')]
  const order = orderEntry === undefined ? undefined : readChoice(scope, orderEntry.value, 'order', ['start-first', 'stop-first'])
  const rollback = rollbackEntry === undefined ? undefined : readFlag(scope, rollbackEntry.value, 'rollback')
  const orders = orderEntry === undefined || order === undefined ? [] : [{ value: order, at: orderEntry.at, name: 'update.order', written: order }]
  const rollbacks = rollbackEntry === undefined || rollback === undefined ? [] : [{ value: rollback, at: rollbackEntry.at, name: 'update.rollback', written: String(rollback) }]
  return {
    order: agreed(scope, [...orders, ...deployed.flatMap((each) => each.order)]) ?? 'start-first',
    rollback: agreed(scope, [...rollbacks, ...deployed.flatMap((each) => each.rollback)]) ?? true,
  }
}

function secondsOf(scope: Scope, fields: JobFields, key: 'reallocate_after'): number | undefined {
  const entry = fields.get(key)
  return entry === undefined ? undefined : readSeconds(scope, entry.value, key)
}

function startupLockOf(scope: Scope, fields: JobFields): Job['startupLock'] {
  const entry = fields.get('startup_lock')
  const own = entry === undefined ? undefined : readFields(scope, entry.value, 'startupLock', 'startup_lock')
  const [enabled, timeout] = [own?.get('enabled'), own?.get('timeout')]
  const isEnabled = enabled === undefined || readFlag(scope, enabled.value, 'enabled') !== false
  const timeoutSeconds = timeout === undefined ? undefined : readSeconds(scope, timeout.value, 'timeout', 1)
  if (timeout !== undefined && !isEnabled) scope.report.problem(timeout.at, 'timeout is of a startup_lock that is enabled')
  return timeoutSeconds === undefined ? { isEnabled } : { isEnabled, timeoutSeconds }
}

function napOf(scope: Scope, fields: JobFields): Pick<Job, 'napSeconds'> {
  const entry = fields.get('nap')
  if (entry === undefined) return {}
  const isOff = entry.value.kind === 'scalar' && entry.value.text === 'disabled'
  const napSeconds = isOff ? 0 : readSeconds(scope, entry.value, 'nap')
  return napSeconds === undefined ? {} : { napSeconds }
}

function vaultOf(scope: Scope, fields: JobFields): Pick<Job, 'vaultRole'> {
  const entry = fields.get('vault')
  const own = entry === undefined ? undefined : readFields(scope, entry.value, 'vault', 'vault')
  const role = own?.get('role')
  if (own?.says('role') === false) scope.report.problem(own.at, 'vault needs a role')
  const vaultRole = role === undefined ? undefined : readWord(scope, role.value, 'role')
  return vaultRole === undefined ? {} : { vaultRole }
}

function envoyOf(scope: Scope, fields: JobFields, parts: readonly ContainerPart[]): boolean {
  const entry = fields.get('sidecar')
  if (entry === undefined || readChoice(scope, entry.value, 'sidecar', ['envoy']) === undefined) return false
  const taken = parts.find(({ name }) => name === 'envoy')
  if (taken !== undefined) scope.report.problem(taken.at, 'envoy is the name of the sidecar: choose another')
  if (!parts.some(({ ports }) => ports.some(({ protocol }) => protocol === 'TCP'))) scope.report.problem(entry.at, 'sidecar: envoy needs a port: none of the containers has one in ports')
  return true
}
