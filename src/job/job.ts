/**
 * A job as its file describes it: every synonym resolved, every default filled in, every duration in seconds. It is what
 * `file/` reads and `render/` makes objects of.
 */
export interface Job {
  /** A DNS label, unique in the cluster. */
  readonly name: string
  /** `each-node`: one instance on each node that takes it (`deploy.mode: global`). */
  readonly instances: number | 'each-node'
  /** As they stand in the file, which has one at least. */
  readonly containers: readonly JobContainer[]
  /** What must be healthy before an instance starts, in the form of the annotation `usher.dev/depends-on`. */
  readonly dependsOn: readonly string[]
  readonly expose?: { readonly host?: string; readonly tlsSecret?: string }
  readonly update: { readonly order: 'start-first' | 'stop-first'; readonly rollback: boolean }
  /** How long an instance stays with a node that is lost. */
  readonly reallocateAfterSeconds: number
  readonly startupLock: { readonly isEnabled: boolean; readonly timeoutSeconds?: number }
  /** 0: none; undefined: what usher does by default. */
  readonly napSeconds?: number
  readonly vaultRole?: string
  readonly hasEnvoy: boolean
  /** Files of `configs:` and `secrets:` that the job's own file defines; those of the cluster are only named by a container. */
  readonly files: readonly JobFile[]
}

export interface JobContainer {
  readonly name: string
  readonly image: string
  readonly restart: { readonly policy: 'always' | 'on-failure' | 'never'; /** Tries after the first. */ readonly tries?: number }
  /** In place of the image's own entry point. */
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly workingDirectory?: string
  readonly user?: { readonly uid: number; readonly gid?: number }
  readonly environment: readonly JobVariable[]
  readonly ports: readonly JobPort[]
  readonly dependsOn: readonly { readonly container: string; readonly condition: 'started' | 'healthy' | 'completed' }[]
  /** Request and limit; undefined: nothing is asked for, and nothing is checked. */
  readonly memory?: Amount
  /** Of cores. */
  readonly cpus?: number
  readonly healthcheck?: Healthcheck
  readonly volumes: readonly JobVolume[]
  /** How long it may take to end. */
  readonly stopGraceSeconds: number
}

/** An amount of bytes, and how it was written: messages show the latter. */
export interface Amount {
  readonly bytes: number
  readonly written: string
}

export type JobVariable =
  | { readonly name: string; readonly value: string }
  /** Of a Secret of the namespace. */
  | { readonly name: string; readonly secret: string; readonly key: string }
  /** All keys of a Secret. */
  | { readonly allOfSecret: string }

/** `80:3000`: 80 of the job's Service leads to 3000 of the container. */
export interface JobPort {
  readonly port: number
  readonly target: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  /** The port of the node, too: at most one instance a node. */
  readonly isHostPort: boolean
}

export interface Healthcheck {
  readonly check:
    | { readonly type: 'http'; readonly port: number; readonly path: string; readonly expect: '200' | '2xx-3xx' }
    | { readonly type: 'tcp'; readonly port: number }
    | { readonly type: 'command'; readonly command: readonly string[] }
  readonly timeoutSeconds: number
  readonly intervalSeconds: number
  /** Between checks until it has been healthy for the first time. */
  readonly startIntervalSeconds: number
  /** For so long after its start failures do not count. */
  readonly startPeriodSeconds: number
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
}

export type JobVolume =
  /** One for all instances. `name` is unique in the job; two containers that name it share it. */
  | { readonly type: 'shared'; readonly name: string; readonly path: string; readonly space: Amount; readonly isReadOnly: boolean; readonly storageClass?: string; /** Where no class can be shared: all instances on one node. */ readonly oneNode: boolean }
  /** Of one instance, and gone with it. */
  | { readonly type: 'local'; readonly name: string; readonly path: string; readonly space: Amount; readonly isReadOnly: boolean; /** A volume of its own, in which writes fail when it is full, instead of an eviction. */ readonly isEnforced: boolean }
  /** A file of a Secret or ConfigMap. */
  | { readonly type: 'secret' | 'config'; readonly name: string; readonly path: string; readonly key?: string }

/** A Secret or ConfigMap that the job brings along. */
export interface JobFile {
  readonly type: 'secret' | 'config'
  readonly name: string
  readonly content: string
}

/** Of {@link Job.reallocateAfterSeconds}, where the file does not say it. */
export const reallocateAfterSeconds = 30
