import type { JsonObject } from '../../units/json.ts'
import type { JobContainer } from '../job.ts'
import type { RenderOptions } from '../rendered.ts'
import { amountsOf } from './container.ts'
import { probeVolumeName } from './volumes.ts'

/** Where it has the volume: in its image, /usher-probe is the program that it brings. */
const mountPath = '/volume'

/**
 * The init container that brings the program of checks: its own, so that a job works without the webhook, and under a name
 * that the webhook does not use.
 *
 * @param like its resources are those of this container, as the lock's are: it meets the quotas and limits that this one
 * meets, and never raises what the pod asks for.
 */
export function probeContainer(like: JobContainer, { waitImage }: RenderOptions): JsonObject {
  const amounts = amountsOf(like)
  return {
    name: 'usher-probe',
    image: waitImage,
    // An image that does not know the flag, or a copy that fails: better an init container that says so than a pod that never gets healthy.
    args: [`--install-probe=${mountPath}/usher-probe`, '--no-lock', '--strict'],
    ...(Object.keys(amounts).length === 0 ? {} : { resources: { requests: amounts, limits: amounts } }),
    // As Pod Security restricted wants it; its image names a user by number, and a cluster may choose another.
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: probeVolumeName, mountPath }],
  }
}
