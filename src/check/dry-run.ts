import { randomBytes } from 'node:crypto'
import { injectKey, lockContainerName, statusKey } from '../inject/names.ts'
import { type InjectionStatus, readStatus } from '../inject/status.ts'
import type { JsonObject } from '../units/json.ts'
import type { Asked } from './asked.ts'
import { at, named, objectsAt, textAt } from './json-paths.ts'

/** What the API server would have made of a pod, in a namespace. Nothing is created. */
export interface DryRun {
  readonly namespace: JsonObject
  /** What the pod has said of usher itself. */
  readonly mark?: 'enabled' | undefined
  readonly pod: Asked<JsonObject>
  /** The same pod, opted out; asked for where the first one was {@link isRejection rejected}. */
  readonly control?: Asked<JsonObject>
}

/** Whether somebody has refused a pod for what it is. What fails in passing says nothing of pods. */
export function isRejection(asked: Asked<unknown>): boolean {
  if (asked.kind !== 'failed' || asked.status === undefined) return false
  return asked.status >= 400 && asked.status <= 499 && !passing.has(asked.status)
}

// A request that came too slowly, and one too many.
const passing: ReadonlySet<number> = new Set([408, 429])

const containerName = 'main'

/**
 * A pod that policies have nothing against, as far as anybody can know: it would pass Pod Security *restricted*, has
 * requests and limits, and an image that runs in the cluster already.
 *
 * @param mark what it says of usher itself: `enabled` opts in where the namespace does not, `disabled` out.
 */
export function probePod(namespace: string, image: string, mark?: 'enabled' | 'disabled'): JsonObject {
  const resources = { cpu: '100m', memory: '128Mi' }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `usher-check-${randomBytes(4).toString('hex')}`,
      namespace,
      labels: { 'app.kubernetes.io/name': 'usher-check', ...(mark === undefined ? {} : { [injectKey]: mark }) },
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: containerName,
          image,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
          resources: { requests: resources, limits: resources },
        },
      ],
    },
  }
}

/** What is left of an injection after all webhooks and policies. */
export interface Remains {
  /** Undefined: the webhook was not called, or somebody took even its mark. */
  readonly status: InjectionStatus | undefined
  /** Whether the container has a hook that naps. */
  readonly naps: boolean
  readonly waits: boolean
  /** Init containers that come before ours. */
  readonly before: readonly string[]
}

/** Reads what has become of {@link probePod}. */
export function remainsOf(pod: JsonObject): Remains {
  const inits = objectsAt(pod, 'spec', 'initContainers').map((each) => textAt(each, 'name') ?? '')
  const own = inits.indexOf(lockContainerName)
  const hook = at(named(objectsAt(pod, 'spec', 'containers'), containerName), 'lifecycle', 'preStop')
  return {
    status: readStatus(textAt(pod, 'metadata', 'annotations', statusKey)),
    naps: typeof at(hook, 'sleep', 'seconds') === 'number' || at(hook, 'exec', 'command') !== undefined,
    waits: own !== -1,
    before: own === -1 ? [] : inits.slice(0, own),
  }
}
