import { formatSeconds } from '../../units/duration.ts'
import { readFields } from './fields.ts'
import { describe, type FileEntry, quote } from './file-node.ts'
import { subdomain } from './names.ts'
import { readChoice, readSeconds, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'

/** What stands under `depends_on`. */
export interface Dependencies {
  readonly containers: readonly ContainerDependency[]
  readonly workloads: readonly WorkloadDependency[]
}

/** A sibling that comes first. */
export interface ContainerDependency {
  readonly container: string
  /** Undefined: by what it is. */
  readonly condition: 'started' | 'healthy' | 'completed' | undefined
  readonly at: number
}

/** Something else in the cluster that must be healthy. */
export interface WorkloadDependency {
  /** `job/db`, `service/shop/redis`. */
  readonly target: string
  /** With its options, in the form of the annotation. */
  readonly written: string
  readonly at: number
}

/** Reads `depends_on`: a list, or a map with conditions. */
export function readDependsOn(scope: Scope, { value }: FileEntry): Dependencies {
  const { report } = scope
  if (value.kind === 'scalar') {
    report.problem(value.at, `depends_on must be a list or a map, not ${describe(value)}`)
    return { containers: [], workloads: [] }
  }
  const entries = value.kind === 'map'
    ? value.entries.map(({ key, at, value: node }) => ({ name: key, at, node }))
    : value.items.flatMap((item) => {
        const name = readWord(scope, item, 'depends_on')
        return name === undefined ? [] : [{ name, at: item.at, node: undefined }]
      })
  const containers: ContainerDependency[] = []
  const workloads: WorkloadDependency[] = []
  const seen = new Set<string>()
  for (const { name, at, node } of entries) {
    if (seen.has(name)) report.problem(at, `depends_on: ${quote(name)} stands there twice`)
    seen.add(name)
    const fields = node === undefined ? undefined : readFields(scope, node, 'dependency', name)
    const conditionEntry = fields?.get('condition')
    const word = conditionEntry === undefined ? undefined : readChoice(scope, conditionEntry.value, 'condition', conditions)
    const condition = word === undefined ? undefined : conditionWords[word]
    const options = [fields?.get('timeout'), fields?.get('on_timeout')] as const
    if (name.includes('/')) {
      if (conditionEntry !== undefined && condition !== undefined && condition !== 'healthy') {
        report.problem(conditionEntry.value.at, `condition: of another workload nothing but healthy can be waited for, not ${condition}`)
      }
      if (checkWorkload(scope, at, name)) workloads.push({ target: name, written: withOptions(scope, name, ...options), at })
      continue
    }
    for (const option of options) {
      if (option !== undefined) report.problem(option.at, `${option.key} is of other workloads, such as job/${name}; a container of the same job is waited for as long as it takes`)
    }
    containers.push({ container: name, condition, at })
  }
  return { containers, workloads }
}

const conditionWords = {
  healthy: 'healthy',
  started: 'started',
  completed: 'completed',
  service_healthy: 'healthy',
  service_started: 'started',
  service_completed_successfully: 'completed',
} as const
const conditions = ['healthy', 'started', 'completed', 'service_healthy', 'service_started', 'service_completed_successfully'] as const

const kinds = ['job', 'service', 'deployment', 'statefulset', 'daemonset']
const namespaceName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
// The annotation, in which they end, takes no longer ones.
const mostTimeoutSeconds = 86_400

function checkWorkload({ report }: Scope, at: number, name: string): boolean {
  const [kind = '', ...names] = name.split('/')
  const isFit = kinds.includes(kind) && (names.length === 1 || (names.length === 2 && namespaceName.test(names[0] ?? ''))) && subdomain.test(names.at(-1) ?? '')
  if (!isFit) report.problem(at, `depends_on: ${quote(name)} is neither a container nor KIND/NAME or KIND/NAMESPACE/NAME, with a kind of ${kinds.join(', ')}`)
  return isFit
}

function withOptions(scope: Scope, name: string, timeout: FileEntry | undefined, onTimeout: FileEntry | undefined): string {
  const seconds = timeout === undefined ? undefined : readSeconds(scope, timeout.value, 'timeout', 1)
  if (timeout !== undefined && seconds !== undefined && seconds > mostTimeoutSeconds) scope.report.problem(timeout.value.at, 'timeout must be 24h at the most')
  const action = onTimeout === undefined ? undefined : readChoice(scope, onTimeout.value, 'on_timeout', ['fail', 'proceed'])
  return [name, seconds === undefined ? '' : `timeout=${durationOf(seconds)}`, action === undefined ? '' : `on-timeout=${action}`].filter((each) => each !== '').join(':')
}

/** Whole minutes as such: `10m`. */
export function durationOf(seconds: number): string {
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : formatSeconds(seconds)
}
