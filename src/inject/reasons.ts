/**
 * Every outcome that a decision can have, with its sentence for people. Log lines, metric labels,
 * audit annotations and the command line print these codes and no others.
 */
export const reasonTable = {
  // The review or the pod as a whole.
  'not-a-pod': 'The review is not about a pod, so there is nothing to inject.',
  'not-a-create': 'The review is not about the creation of a pod; a pod is only injected when it is created.',
  'malformed-pod': 'The pod is not one that the API server would accept; it passes unchanged, and the API server says why.',
  'pod-too-deep': 'The pod is nested deeper than the API server accepts; it passes unchanged.',
  'mirror-pod': 'The pod mirrors a static pod of its node, which cannot be changed from here.',
  'windows-pod': 'The pod runs on Windows, where neither lock nor nap is available.',
  'system-namespace': "The namespace is kube-system or usher's own; its pods must start without usher.",
  'newer-status': 'A newer usher has injected this pod; this one leaves it as it is.',
  'opted-out': 'The pod opts out by its label or annotation.',
  'namespace-opted-out': 'The namespace opts out by its label, which no opt-in of a pod overrides.',
  'namespace-not-enabled': 'Neither the namespace nor the pod is labelled for injection.',
  audit: 'The namespace is in audit mode: the other reasons say what would be done, and nothing is.',
  'internal-error': 'usher failed while it decided; the pod passes unchanged, and the log has the stack.',
  'patch-failed': 'The patch did not pass its own check; the pod passes unchanged, and the log has the cause.',

  // Leaving politely.
  'nap-added': 'A preStop sleep was added, and the grace period was raised by as much.',
  'nap-shortened': "Somebody lowered the grace period after the injection, so usher's nap was shortened to half of it.",
  'nap-removed': "Somebody lowered the grace period after the injection so far that usher's nap was taken out again.",
  'nap-emptied': "A webhook with older types empties usher's preStop sleep, which the API server would reject, so there is none.",
  'nap-disabled': 'The nap is turned off by annotation or configuration.',
  'nap-not-listed': 'The annotation nap-containers does not name this container.',
  'nap-no-container': 'No container of the pod is left to nap.',
  'prestop-exists': 'The container has a preStop hook of its own, which stays as it is.',
  'finishes-by-itself': 'The pod finishes by itself (restartPolicy is not Always); a nap would hold it up.',
  'last-applied-grace-period': 'The bare pod was applied with a grace period of its own; raising it would make the next apply fail.',
  'grace-period-zero': 'The grace period is 0, which asks for the pod to be killed at once.',
  'grace-period-invalid': 'The grace period is not a whole number of seconds that can be raised.',
  'kube-version-unknown': 'The version of the API server is not known, and before 1.30 it would reject a pod with a native sleep.',
  'nap-binary-unavailable': 'The nap binary cannot be brought into the pod, and this nap needs it.',

  // Starting in turn.
  'lock-added': 'An init container was added that waits for the startup lock of its node.',
  'lock-resized': "The first container's resources were changed after the injection, and the init container follows them.",
  'lock-disabled': 'The lock is turned off by annotation or configuration.',
  'lock-unavailable': 'No lock is available at the moment, so nothing is added that would wait for it.',
  'job-pod': "The pod belongs to a Job, whose deadline includes the wait: it waits for the lock only by the pod's own annotation usher.dev/lock: enabled, and for what it depends on only by its own usher.dev/depends-on.",
  'system-priority': 'The pod has a system priority class; it never waits.',
  'deadline-too-short': "Half of the pod's activeDeadlineSeconds is less than a second, too short to wait in.",

  // Waiting for others before that.
  'gate-added': 'The pod waits for what its annotation depends-on names before it queues for the lock.',

  // Either.
  'already-injected': 'usher has injected this before; nothing is to be done again.',
  'daemonset-pod': 'The pod belongs to a DaemonSet: it never waits for the lock; it naps, and waits for what it depends on, only when annotated itself.',
  'runtime-class': 'The runtime class is not on the configured list, so no container of ours is added.',
  'name-conflict': 'Something foreign in the pod has one of our names (usher-lock, usher-bin, usher-token).',
  'annotations-full': "The pod's annotations leave no room for usher's within the limit of 256 KiB.",
  'mount-conflict': 'Something else is mounted at /usher in a container that needs the nap binary.',
} as const

/** A code of {@link reasonTable}. */
export type ReasonCode = keyof typeof reasonTable

/** One outcome of a decision: what was decided, of which feature, and for which containers. */
export interface Reason {
  readonly code: ReasonCode
  /** Absent where the reason is of the pod as a whole. */
  readonly feature?: 'nap' | 'lock' | 'gate'
  /** Names of the containers that it is about; absent where it is about the pod. */
  readonly containers?: readonly string[]
  /** What exactly, where the code leaves that open; never a value from the pod that may be secret. */
  readonly detail?: string
}
