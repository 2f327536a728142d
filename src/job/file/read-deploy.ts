import type { Amount, JobContainer } from '../job.ts'
import { readFields, type Said } from './fields.ts'
import { type FileEntry, quote } from './file-node.ts'
import { readAmount, readChoice, readCores, readWhole, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'

/** What is said by `deploy`, each to be compared with its synonyms. */
export interface Deployed {
  readonly instances: readonly Said<Instances>[]
  readonly memory: readonly Said<Amount>[]
  readonly cpus: readonly Said<number>[]
  readonly restart: readonly Said<Restart>[]
  readonly order: readonly Said<'start-first' | 'stop-first'>[]
  readonly rollback: readonly Said<boolean>[]
}

/** `replicated`: not one on each node, whatever the number. */
export type Instances = number | 'each-node' | 'replicated'
export type Restart = JobContainer['restart']

export const nothingDeployed: Deployed = { instances: [], memory: [], cpus: [], restart: [], order: [], rollback: [] }

// More than a cluster has pods.
const mostInstances = 100_000
const mostTries = 1_000_000

/** Reads `deploy` of a job, or of a container. */
export function readDeploy(scope: Scope, { value }: FileEntry, owner: 'job' | 'container'): Deployed {
  const fields = readFields(scope, value, 'deploy', 'deploy')
  if (fields === undefined) return nothingDeployed
  const [mode, replicas] = [fields.get('mode'), fields.get('replicas')]
  const [resources, restartPolicy, updateConfig] = [fields.get('resources'), fields.get('restart_policy'), fields.get('update_config')]
  const word = mode === undefined ? undefined : readChoice(scope, mode.value, 'mode', ['replicated', 'global'])
  const number = replicas === undefined ? [] : readInstances(scope, replicas, 'deploy.replicas')
  for (const entry of owner === 'job' ? [resources, restartPolicy] : []) {
    if (entry !== undefined) scope.report.problem(entry.at, `${entry.key} is of a container: it stands under deploy of that one`)
  }
  return {
    instances: mode === undefined || word === undefined ? number : [...number, { value: word === 'global' ? 'each-node' : word, at: mode.at, name: 'deploy.mode', written: word }],
    ...(resources === undefined ? { memory: [], cpus: [] } : readResources(scope, resources)),
    restart: restartPolicy === undefined ? [] : readRestartPolicy(scope, restartPolicy),
    ...(updateConfig === undefined ? { order: [], rollback: [] } : readUpdateConfig(scope, updateConfig)),
  }
}

/** A number of instances, under whatever name. */
export function readInstances(scope: Scope, { value, at }: FileEntry, name: string): readonly Said<number>[] {
  const number = readWhole(scope, value, name, 0, mostInstances)
  return number === undefined ? [] : [{ value: number, at, name, written: String(number) }]
}

/** An amount of memory, under whatever name. */
export function readMemory(scope: Scope, { value, at }: FileEntry, name: string): readonly Said<Amount>[] {
  const amount = readAmount(scope, value, name)
  return amount === undefined ? [] : [{ value: amount, at, name, written: amount.written }]
}

/** A number of cores, under whatever name. */
export function readCpus(scope: Scope, { value, at }: FileEntry, name: string): readonly Said<number>[] {
  const cores = readCores(scope, value, name)
  return cores === undefined ? [] : [{ value: cores, at, name, written: String(cores) }]
}

function readResources(scope: Scope, { value }: FileEntry): Pick<Deployed, 'memory' | 'cpus'> {
  const fields = readFields(scope, value, 'resources', 'resources')
  const read = (['limits', 'reservations'] as const).map((key) => {
    const entry = fields?.get(key)
    const amounts = entry === undefined ? undefined : readFields(scope, entry.value, 'amounts', key)
    const [memory, cpus] = [amounts?.get('memory'), amounts?.get('cpus')]
    const place = `deploy.resources.${key}`
    return { memory: memory === undefined ? [] : readMemory(scope, memory, `${place}.memory`), cpus: cpus === undefined ? [] : readCpus(scope, cpus, `${place}.cpus`) }
  })
  return { memory: read.flatMap(({ memory }) => memory), cpus: read.flatMap(({ cpus }) => cpus) }
}

function readRestartPolicy(scope: Scope, { value, at }: FileEntry): readonly Said<Restart>[] {
  const fields = readFields(scope, value, 'restartPolicy', 'restart_policy')
  const [condition, attempts] = [fields?.get('condition'), fields?.get('max_attempts')]
  const word = condition === undefined ? 'any' : readChoice(scope, condition.value, 'condition', ['any', 'on-failure', 'none'])
  const tries = attempts === undefined ? undefined : readWhole(scope, attempts.value, 'max_attempts', 0, mostTries)
  if (attempts !== undefined && word !== undefined && word !== 'on-failure') scope.report.problem(attempts.at, `max_attempts is of condition: on-failure; ${word} has no number of tries`)
  if (fields === undefined || word === undefined) return []
  const policy = ({ any: 'always', 'on-failure': 'on-failure', none: 'never' } as const)[word]
  return [{ value: withTries(policy, tries), at, name: 'deploy.restart_policy', written: tries === undefined ? word : `${word}:${tries}` }]
}

/** Reads `restart`: `always`, `unless-stopped`, `on-failure`, `on-failure:3`, `no`, `never`. */
export function readRestart(scope: Scope, { value, at }: FileEntry): readonly Said<Restart>[] {
  const text = readWord(scope, value, 'restart')
  if (text === undefined) return []
  // Unquoted, no is false to parsers of YAML 1.1, and stands there as false when they write it again.
  const [, word = '', number] = /^([a-z-]+)(?::(\d{1,6}))?$/.exec(text === 'false' ? 'no' : text) ?? []
  const policy = Object.hasOwn(policies, word) ? policies[word] : undefined
  if (policy === undefined || (number !== undefined && policy !== 'on-failure')) {
    scope.report.problem(value.at, `restart must be one of always, unless-stopped, on-failure, on-failure:TRIES, no, never, not ${quote(text)}`)
    return []
  }
  return [{ value: withTries(policy, number === undefined ? undefined : Number(number)), at, name: 'restart', written: text }]
}

const policies: Readonly<Record<string, Restart['policy']>> = { always: 'always', 'unless-stopped': 'always', 'on-failure': 'on-failure', no: 'never', never: 'never' }

function withTries(policy: Restart['policy'], tries: number | undefined): Restart {
  return tries === undefined ? { policy } : { policy, tries }
}

function readUpdateConfig(scope: Scope, { value }: FileEntry): Pick<Deployed, 'order' | 'rollback'> {
  const fields = readFields(scope, value, 'updateConfig', 'update_config')
  const [orderEntry, action] = [fields?.get('order'), fields?.get('failure_action')]
  const order = orderEntry === undefined ? undefined : readChoice(scope, orderEntry.value, 'order', ['start-first', 'stop-first'])
  const word = action === undefined ? undefined : readChoice(scope, action.value, 'failure_action', ['rollback', 'pause'])
  return {
    order: orderEntry === undefined || order === undefined ? [] : [{ value: order, at: orderEntry.at, name: 'deploy.update_config.order', written: order }],
    rollback: action === undefined || word === undefined ? [] : [{ value: word === 'rollback', at: action.at, name: 'deploy.update_config.failure_action', written: word }],
  }
}
