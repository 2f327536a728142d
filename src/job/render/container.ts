import type { Json, JsonObject } from '../../units/json.ts'
import type { Job, JobContainer, JobPort, JobVariable } from '../job.ts'
import { secretOf } from './files.ts'
import { literal } from './literal.ts'
import { probesOf } from './probes.ts'
import { bytesQuantity, coresQuantity } from './quantity.ts'
import { mountsOf } from './volumes.ts'

/** What a container is in its pod. */
export interface ContainerRole {
  /** Of its own; undefined: as the pod's. */
  readonly restartPolicy?: 'Always' | 'Never' | 'OnFailure'
  /** `none`: the API server takes no probes here. `unheld`: without the one that holds back what starts after it. */
  readonly probes: 'all' | 'unheld' | 'none'
  /** Of the disk of its node, for volumes that are asked for with this container. */
  readonly localBytes: number
  /** A port of the node that a proxy takes in its place. */
  readonly proxied?: JobPort
}

/** A container of a job's pods. */
export function containerOf(job: Job, container: JobContainer, role: ContainerRole): JsonObject {
  const { name, image, entrypoint, command, workingDirectory, environment, healthcheck } = container
  const ports = portsOf(container, role.proxied)
  const envFrom = environment.flatMap((variable) => ('allOfSecret' in variable ? [{ secretRef: { name: secretOf(job, variable.allOfSecret) } }] : []))
  const env = environment.flatMap((variable) => ('name' in variable ? [variableOf(job, variable)] : []))
  const resources = resourcesOf(container, role.localBytes)
  const mounts = mountsOf(job, container)
  return {
    name,
    image,
    ...(role.restartPolicy === undefined ? {} : { restartPolicy: role.restartPolicy }),
    ...(entrypoint === undefined ? {} : { command: entrypoint.map(literal) }),
    ...(command === undefined ? {} : { args: command.map(literal) }),
    ...(workingDirectory === undefined ? {} : { workingDir: workingDirectory }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(envFrom.length === 0 ? {} : { envFrom }),
    ...(env.length === 0 ? {} : { env }),
    ...(resources === undefined ? {} : { resources }),
    ...(healthcheck === undefined || role.probes === 'none' ? {} : probesOf(healthcheck, role.probes === 'all')),
    ...(container.user === undefined ? {} : { securityContext: userOf(container.user) }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  }
}

/** Each port of the container once, whichever ports of the job lead to it. */
function portsOf({ ports }: JobContainer, proxied: JobPort | undefined): readonly JsonObject[] {
  const distinct = ports.filter(({ target, protocol }, index) => ports.findIndex((each) => each.target === target && each.protocol === protocol) === index)
  return distinct.map(({ target, protocol }) => {
    const ofNode = ports.find((each) => each.target === target && each.protocol === protocol && each.isHostPort && each !== proxied)
    return { containerPort: target, protocol, ...(ofNode === undefined ? {} : { hostPort: ofNode.port }) }
  })
}

function variableOf(job: Job, variable: Exclude<JobVariable, { allOfSecret: string }>): Json {
  const { name } = variable
  // An empty value is none to the API server, which does not keep it.
  if ('value' in variable) return variable.value === '' ? { name } : { name, value: literal(variable.value) }
  return { name, valueFrom: { secretKeyRef: { name: secretOf(job, variable.secret), key: variable.key } } }
}

/**
 * Request and limit are one, for memory and for cores. Local space is asked for, and without a limit: logs would count
 * toward it.
 */
function resourcesOf(container: JobContainer, localBytes: number): JsonObject | undefined {
  const amounts = amountsOf(container)
  const requests = { ...amounts, ...(localBytes === 0 ? {} : { 'ephemeral-storage': bytesQuantity(localBytes) }) }
  if (Object.keys(requests).length === 0) return undefined
  return { requests, ...(Object.keys(amounts).length === 0 ? {} : { limits: amounts }) }
}

/** What a container has of memory and cores. */
export function amountsOf({ memory, cpus }: JobContainer): JsonObject {
  return { ...(cpus === undefined ? {} : { cpu: coresQuantity(cpus) }), ...(memory === undefined ? {} : { memory: bytesQuantity(memory.bytes) }) }
}

function userOf({ uid, gid }: NonNullable<JobContainer['user']>): JsonObject {
  return { runAsUser: uid, ...(gid === undefined ? {} : { runAsGroup: gid }) }
}
