import type { JsonObject } from '../units/json.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import type { PatchOperation } from './patch.ts'
import type { Controller } from './pod.ts'
import type { Reason } from './reasons.ts'

/** How the preStop nap is made: by the kubelet's own sleep, or by our binary. */
export type NapMethod = 'auto' | 'native' | 'exec'

/** Where the lock's init container is put when it is added. */
export type LockPosition = 'first' | 'last'

/** The configuration of the decision, resolved: every key is there. Times are whole seconds. */
export interface InjectConfig {
  /** The namespace in which usher itself runs; its pods are never touched. */
  readonly systemNamespace: string
  readonly nap: {
    readonly enabled: boolean
    readonly seconds: number
    readonly method: NapMethod
  }
  readonly lock: {
    readonly enabled: boolean
    readonly image: string
    readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
    readonly port: number
    readonly leaseSeconds: number
    readonly maxWaitSeconds: number
    readonly weight: number
    readonly position: LockPosition
    /** Runtime classes in which the init container can run; pods without a class always qualify. */
    readonly runtimeClasses: readonly string[]
    /** Whether the init container gets a token of the pod, by which the lock knows whose request it is. */
    readonly token: boolean
    /** What pods depend on where no annotation says otherwise, as the annotation has it. */
    readonly dependsOn: string
  }
  /** The largest values that an annotation may ask for. */
  readonly limits: {
    readonly napSeconds: number
    readonly leaseSeconds: number
    readonly maxWaitSeconds: number
    readonly weight: number
    readonly dependsOnSeconds: number
  }
}

/** What is known of the pod's namespace. */
export interface NamespaceFacts {
  readonly name: string
  /** Undefined while they are not known: then the API server's selectors have decided. */
  readonly labels?: JsonObject | undefined
  readonly annotations?: JsonObject | undefined
}

/** Everything beside the pod that a decision depends on. */
export interface DecisionContext {
  readonly config: InjectConfig
  readonly namespace: NamespaceFacts
  /** The API server's version; undefined while it is not known. */
  readonly kubeVersion: KubeVersion | undefined
  /** False while no lock is available, or injected pods hang on it. */
  readonly lockAvailable: boolean
  /** Whether to say what would be done, and do nothing, whatever is known of the namespace. */
  readonly audit?: boolean
  /** For a pod template: the controller that its pods will have. A pod names its own in its owner references. */
  readonly controller?: Controller | undefined
}

/** What is to be done with a pod, and why. */
export interface Decision {
  /** RFC 6902; empty where nothing is to be done. Owns its values: nothing in it is shared with the pod. */
  readonly patch: readonly PatchOperation[]
  /** Never empty. */
  readonly reasons: readonly Reason[]
  /** Sentences for whoever creates the pod. */
  readonly warnings: readonly string[]
}
