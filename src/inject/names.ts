import { dependsOnKey } from '../depends-on/dependency.ts'

/** The one place where the prefix of our labels and annotations stands. */
export const prefix = 'usher.dev/'

/** Namespace label, pod label and pod annotation that turn usher on and off. */
export const injectKey = `${prefix}inject`

/** Pod annotation in which usher writes down what it did. */
export const statusKey = `${prefix}status`

/** Annotations that tune, on a pod or, as the default of its pods, on a namespace. */
export const tuning = {
  nap: `${prefix}nap`,
  napMethod: `${prefix}nap-method`,
  napContainers: `${prefix}nap-containers`,
  lock: `${prefix}lock`,
  lockLease: `${prefix}lock-lease`,
  lockMaxWait: `${prefix}lock-max-wait`,
  lockWeight: `${prefix}lock-weight`,
  lockPosition: `${prefix}lock-position`,
  dependsOn: dependsOnKey,
} as const

/** The init container that waits for the lock, and that brings the nap binary. */
export const lockContainerName = 'usher-lock'

/** The emptyDir through which the nap binary reaches the application's containers. */
export const binVolumeName = 'usher-bin'

/** Where that volume is mounted. */
export const binMountPath = '/usher'

/** The nap binary as the application's container sees it. */
export const napPath = `${binMountPath}/nap`

/** The projected volume through which the init container gets a service account token of the pod. */
export const tokenVolumeName = 'usher-token'

/**
 * Where that volume is mounted: in the init container alone, whose image is ours. Beside the other tokens, below
 * /var/run/secrets, what another webhook mounts above it could leave no room for it, and the pod would not start.
 */
export const tokenMountPath = '/usher-token'

/** For whom that token is; the lock takes those of no other audience. */
export const tokenAudience = 'usher'

/** An emptyDir makes cluster-autoscaler keep a node, unless this annotation of the pod names it. */
export const evictKey = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes'
