import type { JsonObject } from '../units/json.ts'
import { tokenAudience, tokenMountPath, tokenVolumeName } from './names.ts'
import type { PodFacts } from './pod.ts'

const fileName = 'token'

/** The token as the init container sees it. */
export const tokenFile = `${tokenMountPath}/${fileName}`

// The kubelet renews a token when four fifths of its time are over, for as long as the pod runs. With the least that
// the API server allows, 600 s, that would be six times as many requests as the token has that pods get by themselves.
const expirationSeconds = 3_600

// Whoever runs the init container reads it, and nobody else has it mounted. This is the mode where users differ and
// there is no fsGroup; elsewhere the kubelet makes it 0600 and gives it to the one user, or 0640 and to the group.
const everybodyReads = 0o444

/** The volume: a token of the pod's service account that is bound to the pod, and of use to the lock alone. */
export function tokenVolume(): JsonObject {
  const serviceAccountToken = { audience: tokenAudience, expirationSeconds, path: fileName }
  return { name: tokenVolumeName, projected: { defaultMode: everybodyReads, sources: [{ serviceAccountToken }] } }
}

/** The mount of that volume. */
export function tokenMount(): JsonObject {
  return { name: tokenVolumeName, mountPath: tokenMountPath, readOnly: true }
}

/** Whether the pod has a volume of that name. */
export function hasTokenVolume(facts: PodFacts): boolean {
  return facts.volumes.some((volume) => volume['name'] === tokenVolumeName)
}
