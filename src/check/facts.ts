import type { InjectConfig } from '../inject/context.ts'
import type { NodeStatus } from '../status/node-status.ts'
import type { JsonObject } from '../units/json.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import type { Asked } from './asked.ts'
import type { CheckedPod } from './checked-pod.ts'
import type { DryRun } from './dry-run.ts'
import type { Installation } from './installation.ts'

/** All that the checks look at. Objects are raw JSON, as the API server has them. */
export interface Facts {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Of this command. */
  readonly ownVersion: string
  /** Where the API server is, for people. */
  readonly server: string
  /** What the API server calls its version: `v1.37.2`. */
  readonly serverVersion: Asked<string>
  readonly kubeVersion: KubeVersion | undefined
  /** What we were not allowed to ask, each once. */
  readonly denied: readonly string[]
  /** Of `--namespace`: then nothing was looked for elsewhere. */
  readonly chosenNamespace: string | undefined
  /** In how many namespaces parts of usher are; those of the one that is checked stand in `installation`. */
  readonly namespaces: Asked<readonly string[]>
  readonly installation: Installation
  /** Of the service accounts that usher runs as, what they may not do and have to. */
  readonly missingRights: Asked<readonly string[]>
  /** All of the cluster. */
  readonly webhookConfigurations: Asked<readonly JsonObject[]>
  /** The Secret with the certificate, decoded; undefined: it is not there. */
  readonly secret: Asked<Readonly<Record<string, string>> | undefined>
  /** Whether the API server gets an answer of the webhook through its proxy, whatever the certificate is. */
  readonly webhookByProxy: Asked<true>
  /** Metrics of each pod of the webhook. */
  readonly webhookMetrics: readonly { readonly pod: string; readonly metrics: Asked<string> }[]
  readonly config: Asked<InjectConfig>
  /** Namespaces in which usher is on. */
  readonly enabled: Asked<readonly JsonObject[]>
  readonly dryRuns: readonly DryRun[]
  readonly nodes: Asked<readonly JsonObject[]>
  readonly locks: Asked<readonly NodeStatus[]>
  /** The pods of the webhook, as they are. */
  readonly webhookPods: Asked<readonly JsonObject[]>
  /** The pods of the locks, as they are. */
  readonly lockPods: Asked<readonly JsonObject[]>
  /** Of the namespaces in which usher is on, and those that have opted in themselves. */
  readonly pods: Asked<readonly CheckedPod[]>
  /** Configurations of kubelets. */
  readonly kubelets: readonly { readonly node: string; readonly config: Asked<JsonObject> }[]
}
