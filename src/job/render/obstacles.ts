import { instancesServiceOf } from '../names.ts'
import type { Job, JobPort } from '../job.ts'
import type { JobProblem } from '../problems.ts'
import type { RenderOptions } from '../rendered.ts'
import { envoyName, firstTcpPort } from './envoy.ts'
import type { Launch } from './launch.ts'
import type { WorkloadKind } from './pod.ts'
import { probeMountPath, usesProbeProgram } from './probes.ts'
import { portsOf } from './services.ts'
import { bindsToOneNode, volumeProblems } from './volumes.ts'

/** The oldest that runs a job at all: native sidecars, and tries for each index. */
const oldestMinor = 29

/** The oldest whose containers may have restart policies of their own. */
const ownRestartMinor = 35

/** Why a job cannot become objects, for all of its faults at once. */
export function obstaclesOf(job: Job, launch: Launch, kind: WorkloadKind, options: RenderOptions): readonly JobProblem[] {
  return [...nameObstacles(job), ...mountObstacles(job), ...portObstacles(job), ...versionObstacles(launch, kind, options), ...eachNodeObstacles(job, launch, options), ...volumeProblems(job, options)]
}

const reserved: readonly string[] = ['usher-lock', 'usher-probe', envoyName]
const instancesSuffix = instancesServiceOf('')

function nameObstacles({ name, containers, hasEnvoy }: Job): readonly JobProblem[] {
  const taken = containers.filter((container) => reserved.includes(container.name) && (container.name !== envoyName || hasEnvoy))
  return [
    ...(name.endsWith(instancesSuffix) ? [invalid(`The name ${name} ends in ${instancesSuffix}, as the Service of the instances of the job ${name.slice(0, -instancesSuffix.length)} would.`)] : []),
    ...taken.map((container) => invalid(`A container cannot be called ${container.name}: usher adds one of that name.`)),
  ]
}

/** Of the program of checks. */
function mountObstacles({ containers }: Job): readonly JobProblem[] {
  const taken = containers.filter(({ healthcheck, volumes }) => usesProbeProgram(healthcheck) && volumes.some(({ path }) => path.replace(/\/+$/, '') === probeMountPath))
  return taken.map(({ name }) => invalid(`${name} cannot have a volume at ${probeMountPath}: usher brings the program of its healthcheck there.`))
}

function portObstacles(job: Job): readonly JobProblem[] {
  const ports = portsOf(job)
  const repeated = (isSame: (left: JobPort, right: JobPort) => boolean): readonly JobPort[] => ports.filter((port, index) => ports.slice(0, index).some((before) => isSame(before, port)))
  const twice = repeated((left, right) => left.port === right.port && left.protocol === right.protocol)
  const crossed = repeated((left, right) => left.isHostPort && right.isHostPort && left.port !== right.port && left.target === right.target && left.protocol === right.protocol)
  const needsPort = [...(job.expose === undefined ? [] : ['expose']), ...(job.hasEnvoy ? ['sidecar: envoy'] : [])]
  return [
    ...twice.map(({ port, protocol }) => invalid(`The port ${port}/${protocol} is there twice: a job has each of its ports once.`)),
    ...crossed.map(({ target, protocol }) => invalid(`Two ports of the node lead to ${target}/${protocol}: Kubernetes has one for each port of a container.`)),
    ...(firstTcpPort(job) === undefined ? needsPort.map((key) => invalid(`${key} leads to the first port of the job, and it has none of TCP.`)) : []),
  ]
}

function versionObstacles({ last }: Launch, kind: WorkloadKind, { minor }: RenderOptions): readonly JobProblem[] {
  if (minor === undefined) return []
  if (minor < oldestMinor) return [notSupported(`Job files take Kubernetes 1.${oldestMinor}, and the cluster has 1.${minor}.`)]
  if (kind === 'Job' || minor >= ownRestartMinor) return []
  return last
    .filter(({ restart }) => restart.policy !== 'always')
    .map(({ name, restart }) => notSupported(`${name} says restart: ${restart.policy} beside a container that is always restarted, which takes Kubernetes 1.${ownRestartMinor}, and the cluster has 1.${minor}.`))
}

function eachNodeObstacles(job: Job, { last }: Launch, options: RenderOptions): readonly JobProblem[] {
  if (job.instances !== 'each-node') return []
  return [
    ...(last.some(({ restart }) => restart.policy === 'always') ? [] : [notSupported('A job with an instance on each node needs a container that is always restarted: Kubernetes has no batch Job for each node.')]),
    ...(bindsToOneNode(job, options) ? [notSupported('A job with an instance on each node cannot share a volume that only one node can have.')] : []),
  ]
}

function invalid(detail: string): JobProblem {
  return { code: 'invalid-job', detail }
}

function notSupported(detail: string): JobProblem {
  return { code: 'not-supported', detail }
}
