import type { Amount, Healthcheck, JobContainer, JobVolume } from '../job.ts'
import { agreed, readFields, type Said } from './fields.ts'
import { type FileEntry, quote } from './file-node.ts'
import { checkLabel } from './names.ts'
import { readCommand } from './read-command.ts'
import { type ContainerDependency, readDependsOn, type WorkloadDependency } from './read-depends-on.ts'
import { type Deployed, type Instances, nothingDeployed, readCpus, readDeploy, readInstances, readMemory, readRestart, type Restart } from './read-deploy.ts'
import { readVariables } from './read-environment.ts'
import { type DefinedFiles, readFileUses } from './read-files.ts'
import { readHealthcheck } from './read-healthcheck.ts'
import { type PlacedPort, readPorts } from './read-ports.ts'
import { type NamedVolumes, type PlacedVolume, readVolumes } from './read-volumes.ts'
import { readMatch, readSeconds, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'

/** What the top of the file declares for its containers. */
export interface Declared {
  readonly volumes: NamedVolumes
  readonly secrets: DefinedFiles
  readonly configs: DefinedFiles
}

/** A container as its own lines tell it: what depends on its siblings is still open. */
export interface ContainerPart {
  readonly name: string
  readonly at: number
  /** But for `restart`, `dependsOn`, `ports` and `volumes`. */
  readonly own: Omit<JobContainer, 'restart' | 'dependsOn' | 'ports' | 'volumes'>
  readonly healthcheck: Healthcheck | undefined
  /** Undefined: not said. */
  readonly restart: Said<Restart> | undefined
  readonly ports: readonly PlacedPort[]
  readonly volumes: readonly PlacedVolume[]
  readonly files: readonly JobVolume[]
  readonly waitsFor: readonly ContainerDependency[]
  readonly workloads: readonly WorkloadDependency[]
  readonly instances: readonly Said<Instances>[]
  readonly update: Pick<Deployed, 'order' | 'rollback'>
}

const stopGraceSeconds = 10

// One that usher puts in itself.
const takenNames: ReadonlySet<string> = new Set(['usher-lock', 'usher-probe'])

/** Reads one of `containers`. */
export function readContainer(scope: Scope, { key: name, at, value }: FileEntry, declared: Declared): ContainerPart | undefined {
  const { report } = scope
  checkLabel(scope, at, name, 'containers')
  if (takenNames.has(name)) report.problem(at, `${name} is the name of a container of usher's own: choose another`)
  const fields = readFields(scope, value, 'container', name)
  if (fields === undefined) return undefined
  const when = <T>(key: Parameters<typeof fields.get>[0], read: (entry: FileEntry) => T): T | undefined => {
    const entry = fields.get(key)
    return entry === undefined ? undefined : read(entry)
  }
  const image = when('image', (entry) => readMatch(scope, entry.value, 'image', /^[^\s]{1,512}$/, 'the name of an image'))
  if (!fields.says('image')) report.problem(at, `${name} needs an image`)
  const deploy = when('deploy', (entry) => readDeploy(scope, entry, 'container')) ?? nothingDeployed
  const ports = when('ports', (entry) => readPorts(scope, entry)) ?? []
  const healthcheck = when('healthcheck', (entry) => readHealthcheck(scope, entry, ports))
  const dependencies = when('depends_on', (entry) => readDependsOn(scope, entry)) ?? { containers: [], workloads: [] }
  const volumes = when('volumes', (entry) => readVolumes(scope, entry, name, declared.volumes)) ?? []
  const files = [
    ...(when('secrets', (entry) => readFileUses(scope, entry, 'secret', declared.secrets)) ?? []),
    ...(when('configs', (entry) => readFileUses(scope, entry, 'config', declared.configs)) ?? []),
  ]
  checkPaths(scope, at, [...volumes, ...files])
  const restartSaid = [...(when('restart', (entry) => readRestart(scope, entry)) ?? []), ...deploy.restart]
  agreed(scope, restartSaid, (left, right) => left.policy === right.policy && left.tries === right.tries)
  const own = {
    name,
    image: image ?? '',
    ...defined('entrypoint', when('entrypoint', (entry) => readCommand(scope, entry))),
    ...defined('command', when('command', (entry) => readCommand(scope, entry))),
    ...defined('workingDirectory', when('working_dir', (entry) => readMatch(scope, entry.value, 'working_dir', /^\//, 'an absolute path'))),
    ...defined('user', when('user', (entry) => readUser(scope, entry))),
    environment: readVariables(scope, fields.get('environment'), fields.get('env_file'), declared.secrets),
    ...defined('memory', memoryOf(scope, fields.all('memory'), deploy, name, at)),
    ...defined('cpus', agreed(scope, [...(when('cpus', (entry) => readCpus(scope, entry, 'cpus')) ?? []), ...deploy.cpus])),
    ...defined('healthcheck', healthcheck),
    stopGraceSeconds: when('stop_grace_period', (entry) => readSeconds(scope, entry.value, 'stop_grace_period')) ?? stopGraceSeconds,
  }
  return {
    name,
    at,
    own,
    healthcheck,
    restart: restartSaid[0],
    ports,
    volumes,
    files,
    waitsFor: dependencies.containers,
    workloads: dependencies.workloads,
    instances: [...(when('scale', (entry) => readInstances(scope, entry, 'scale')) ?? []), ...deploy.instances],
    update: deploy,
  }
}

/** A member that is there or not, as `exactOptionalPropertyTypes` has it. */
function defined<K extends string, T>(key: K, value: T | undefined): { readonly [each in K]?: T } {
  const member: { [each in K]?: T } = {}
  if (value !== undefined) member[key] = value
  return member
}

/** Request and limit are one: what is reserved must be what it is limited to. */
function memoryOf(scope: Scope, entries: readonly FileEntry[], deploy: Deployed, name: string, at: number): Amount | undefined {
  const said = [...entries.flatMap((entry) => readMemory(scope, entry, entry.key)), ...deploy.memory]
  const amount = agreed(scope, said, (left, right) => left.bytes === right.bytes)
  if (said.length === 0 && entries.length === 0) scope.report.warning(at, `${name} has no memory: nothing is reserved for it, nothing limits it, and whether there is room for it is not checked`)
  const [only] = said
  if (only !== undefined && said.every((each) => /reserv/.test(each.name))) {
    scope.report.warning(only.at, `${only.name} is the limit of ${name} as well: what takes more is killed`)
  }
  return amount
}

function readUser(scope: Scope, { value, at }: FileEntry): JobContainer['user'] | undefined {
  const text = readWord(scope, value, 'user')
  if (text === undefined) return undefined
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? []
  if (uid === undefined || Number(uid) > mostId || Number(gid ?? 0) > mostId) {
    scope.report.problem(at, `user must be numbers, UID or UID:GID, not ${quote(text)}: names are in the image, which Kubernetes does not look into`)
    return undefined
  }
  return gid === undefined ? { uid: Number(uid) } : { uid: Number(uid), gid: Number(gid) }
}

const mostId = 2_147_483_647

function checkPaths({ report }: Scope, at: number, volumes: readonly { readonly path: string; readonly at?: number }[]): void {
  const seen = new Set<string>()
  for (const { path, at: own = at } of volumes) {
    const plain = path.replace(/(?<=.)\/+$/, '')
    if (seen.has(plain)) report.problem(own, `there is something at ${path} already`)
    seen.add(plain)
  }
}
