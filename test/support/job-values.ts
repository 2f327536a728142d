import type { Amount, Healthcheck, Job, JobContainer } from '../../src/job/job.ts'
import type { RenderOptions } from '../../src/job/rendered.ts'
import { render } from '../../src/job/render/render.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { objectAt } from './pod-reader.ts'

const kibi = 1_024

/** An amount as a job file writes it: `2G`, `100M`. */
export function amount(written: string): Amount {
  const [, digits, unit = ''] = /^(\d+)([KMG]?)$/.exec(written) ?? []
  if (digits === undefined) throw new TypeError(`not an amount: ${written}`)
  return { bytes: Number(digits) * kibi ** ['', 'K', 'M', 'G'].indexOf(unit), written }
}

/** A container that says nothing but what is given. */
export function container(name: string, parts: Partial<JobContainer> = {}): JobContainer {
  return { name, image: `${name}-image`, restart: { policy: 'always' }, environment: [], ports: [], dependsOn: [], volumes: [], stopGraceSeconds: 10, ...parts }
}

/** A job that says nothing but what is given. */
export function job(containers: readonly JobContainer[], parts: Partial<Job> = {}): Job {
  return {
    name: 'web',
    instances: 1,
    containers,
    dependsOn: [],
    update: { order: 'start-first', rollback: true },
    reallocateAfterSeconds: 30,
    startupLock: { isEnabled: true },
    hasEnvoy: false,
    files: [],
    ...parts,
  }
}

/** A check as a job file has it that names its type alone. */
export function healthcheck(check: Healthcheck['check'], parts: Partial<Healthcheck> = {}): Healthcheck {
  return { check, timeoutSeconds: 30, intervalSeconds: 60, startIntervalSeconds: 5, startPeriodSeconds: 0, healthyThreshold: 2, unhealthyThreshold: 2, ...parts }
}

/** The example of the sketch that job files come from. */
export const simpleWebapp: Job = job(
  [
    container('app', {
      image: 'web-app-image',
      command: ['bin/rails', 's', '--restart'],
      environment: [{ name: 'DATABASE_URL', value: 'postgresql://webapp:webapp@localhost/webapp' }],
      ports: [{ port: 80, target: 3000, protocol: 'TCP', isHostPort: false }],
      dependsOn: [{ container: 'db', condition: 'started' }],
      memory: amount('2G'),
      healthcheck: healthcheck({ type: 'http', port: 3000, path: '/healthcheck', expect: '200' }),
      volumes: [
        { type: 'shared', name: 'app-data-shared', path: '/data/shared', space: amount('1G'), isReadOnly: false, oneNode: false },
        { type: 'local', name: 'app-data-scratch', path: '/data/scratch', space: amount('100M'), isReadOnly: false, isEnforced: false },
      ],
    }),
    container('db', {
      image: 'postgres:13',
      memory: amount('4G'),
      environment: ['USER', 'PASSWORD', 'DB'].map((name) => ({ name: `POSTGRES_${name}`, value: 'webapp' })),
      volumes: [{ type: 'local', name: 'db-data', path: '/var/lib/postgresql/data', space: amount('10G'), isReadOnly: false, isEnforced: false }],
    }),
  ],
  { name: 'simple-webapp', instances: 3 },
)

/** A cluster of the newest version, with a class of volumes that many nodes may write. */
export const options: RenderOptions = { namespace: 'shop', waitImage: 'usher-wait:0.1.0', sharedStorageClass: 'nfs' }

/** What a job becomes. */
export interface Seen {
  readonly objects: readonly JsonObject[]
  readonly workload: JsonObject
  readonly warnings: readonly string[]
  /** The spec of its pods. */
  readonly pod: JsonObject
  /** The object of a kind; an empty one where there is none. */
  of(kind: string, name?: string): JsonObject
}

/** Other options than {@link options}; undefined: not said. */
type Others = { readonly [K in keyof RenderOptions]?: RenderOptions[K] | undefined }

/** Renders a job that nothing is in the way of. */
export function seen(value: Job, more: Others = {}): Seen {
  const rendering = render(value, withOthers(more))
  if ('problems' in rendering) throw new Error(`the job has problems: ${JSON.stringify(rendering.problems)}`)
  const { objects, workload, warnings } = rendering
  return {
    objects,
    workload,
    warnings,
    pod: objectAt(workload, 'spec', 'template', 'spec'),
    of: (kind, name) => objects.find((object) => object['kind'] === kind && (name === undefined || objectAt(object, 'metadata')['name'] === name)) ?? {},
  }
}

/** What is in the way of a job: each code, and its detail. */
export function problemsOf(value: Job, more: Others = {}): readonly (readonly [code: string, detail: string])[] {
  const rendering = render(value, withOthers(more))
  return 'problems' in rendering ? rendering.problems.map(({ code, detail }) => [code, detail] as const) : []
}

function withOthers(more: Others): RenderOptions {
  const said = Object.fromEntries(Object.entries({ ...options, ...more }).filter(([, value]) => value !== undefined))
  return { namespace: options.namespace, waitImage: options.waitImage, ...said }
}
