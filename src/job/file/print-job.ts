import { stringify } from 'yaml'
import type { Job, JobContainer, JobFile, JobPort, JobVariable, JobVolume } from '../job.ts'
import { durationOf } from './read-depends-on.ts'

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value | undefined }
type Fields = Readonly<Record<string, Value | undefined>>

/** A job as a file that reads as the same job: every default is written out, and variables are put in. */
export function printJob(job: Job): string {
  const files = [...new Map(job.containers.flatMap(({ volumes }) => volumes.filter(isFile)).map((use) => [topKeyOf(use, job.files), use])).values()]
  const top = (type: JobFile['type']): Value | undefined => {
    const brought = job.files.filter((file) => file.type === type).map(({ name, content }) => [name, { content }] as const)
    const external = files.filter((use) => use.type === type && !isBrought(use, job.files)).map((use) => [topKeyOf(use, job.files), { external: true, name: use.name, key: use.key }] as const)
    return orNothing(Object.fromEntries([...brought, ...external]))
  }
  return stringify(escaped({
    name: job.name,
    ...(job.instances === 'each-node' ? { deploy: { mode: 'global' } } : { numInstances: job.instances }),
    depends_on: orNothing(Object.fromEntries(job.dependsOn.map(printWorkload))),
    expose: job.expose && { host: job.expose.host, tls: job.expose.tlsSecret },
    update: job.update,
    reallocate_after: durationOf(job.reallocateAfterSeconds),
    startup_lock: { enabled: job.startupLock.isEnabled, timeout: job.startupLock.timeoutSeconds },
    nap: job.napSeconds,
    vault: job.vaultRole === undefined ? undefined : { role: job.vaultRole },
    sidecar: job.hasEnvoy ? 'envoy' : undefined,
    secrets: top('secret'),
    configs: top('config'),
    containers: Object.fromEntries(job.containers.map((container) => [container.name, printContainer(container, job.files)])),
  }), { lineWidth: 0, aliasDuplicateObjects: false })
}

type FileUse = Extract<JobVolume, { type: JobFile['type'] }>

function isFile(volume: JobVolume): volume is FileUse {
  return volume.type === 'secret' || volume.type === 'config'
}

function isBrought({ type, name }: FileUse, files: readonly JobFile[]): boolean {
  return files.some((file) => file.type === type && file.name === name)
}

/** What is of the cluster is called by its object and its key. */
function topKeyOf(use: FileUse, files: readonly JobFile[]): string {
  return isBrought(use, files) || use.key === undefined || use.key === use.name ? use.name : `${use.name}.${use.key}`
}

function printContainer(container: JobContainer, files: readonly JobFile[]): Fields {
  const { restart, user, healthcheck } = container
  const uses = (type: JobFile['type']): Value | undefined =>
    orNothing(container.volumes.filter(isFile).filter((use) => use.type === type).map((use) => ({ source: topKeyOf(use, files), target: use.path })))
  return {
    image: container.image,
    restart: restart.tries === undefined ? restart.policy : `${restart.policy}:${restart.tries}`,
    entrypoint: container.entrypoint,
    command: container.command,
    working_dir: container.workingDirectory,
    user: user === undefined ? undefined : user.gid === undefined ? String(user.uid) : `${user.uid}:${user.gid}`,
    environment: orNothing(container.environment.map(printVariable)),
    ports: orNothing(container.ports.map(printPort)),
    depends_on: orNothing(Object.fromEntries(container.dependsOn.map((each) => [each.container, { condition: each.condition }]))),
    memory: container.memory?.written,
    cpus: container.cpus,
    healthcheck: healthcheck && {
      ...healthcheck.check,
      timeout: durationOf(healthcheck.timeoutSeconds),
      interval: durationOf(healthcheck.intervalSeconds),
      start_interval: durationOf(healthcheck.startIntervalSeconds),
      start_period: durationOf(healthcheck.startPeriodSeconds),
      healthy_threshold: healthcheck.healthyThreshold,
      unhealthy_threshold: healthcheck.unhealthyThreshold,
    },
    volumes: orNothing(container.volumes.flatMap(printVolume)),
    secrets: uses('secret'),
    configs: uses('config'),
    stop_grace_period: durationOf(container.stopGraceSeconds),
  }
}

/** `job/db:timeout=10m:on-timeout=fail` */
function printWorkload(written: string): readonly [string, Value] {
  const [target = '', ...options] = written.split(':')
  return [target, { condition: 'healthy', ...Object.fromEntries(options.map((option) => option.replace('on-timeout', 'on_timeout').split('='))) }]
}

function printVariable(variable: JobVariable): Value {
  if ('allOfSecret' in variable) return { secret: variable.allOfSecret }
  return { ...variable }
}

function printPort({ port, target, protocol, isHostPort }: JobPort): Value {
  const kind = protocol.toLowerCase()
  return isHostPort ? { target, published: port, protocol: kind, host_port: true } : `${port}:${target}${kind === 'tcp' ? '' : `/${kind}`}`
}

function printVolume(volume: JobVolume): readonly Value[] {
  if (isFile(volume)) return []
  const { type, name, path, space, isReadOnly } = volume
  const common = { type, name, path, space: space.written, read_only: isReadOnly || undefined }
  return [volume.type === 'shared' ? { ...common, storage_class: volume.storageClass, one_node: volume.oneNode || undefined } : { ...common, enforce: volume.isEnforced || undefined }]
}

function orNothing<T extends Value>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value
}

/** A dollar is written twice, so that it stands for no variable; what is not there is left out. */
function escaped(value: Value): Value {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$')
  if (typeof value !== 'object') return value
  if (isList(value)) return value.map(escaped)
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, escaped(each)]])))
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
