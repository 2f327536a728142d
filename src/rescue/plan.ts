import type { Hang, Owner } from './hang.ts'
import { renewalOf, type Successor } from './successor.ts'

/** How an admin wants pods to be freed. */
export interface Wish {
  /** `auto`: by another image where there is one, else by deletion where that is known to help. */
  readonly by: 'auto' | 'image' | 'delete'
  /** Of `--image`. */
  readonly image: string | undefined
}

/** What is known of a pod's surroundings. */
export interface Known {
  /** Images of `usher-wait` that run on its node now. */
  readonly images: readonly string[]
  /** Undefined: nobody has asked yet, or needs to know. */
  readonly successor: Successor | undefined
}

/** What is to be done with a pod. */
export type Rescue =
  | { readonly kind: 'image'; readonly image: string; readonly isOnNode: boolean }
  | { readonly kind: 'delete'; readonly owner: Owner; readonly successor: Successor | undefined }
  /** Nothing that would help; `why` says what somebody can do. */
  | { readonly kind: 'none'; readonly why: string }

/**
 * Decides what frees a pod. Another image goes first: it leaves the pod where it is, and takes none of its owner's
 * patience. Pure.
 */
export function planRescue(hang: Hang, wish: Wish, known: Known): Rescue {
  const { by } = wish
  const image = wish.image ?? known.images.find((each) => each !== hang.image)
  if (by !== 'delete' && image !== undefined && image !== hang.image) {
    return { kind: 'image', image, isOnNode: known.images.includes(image) }
  }
  if (by === 'image') return { kind: 'none', why: whyNoImage(hang, image) }
  const { owner } = hang
  if (owner === undefined) return { kind: 'none', why: `no controller would make it anew${by === 'auto' ? `, and ${whyNoImage(hang, image)}` : ''}; ${byHand(hang)}` }
  const { successor } = known
  if (by === 'auto') {
    const doubt = doubtOf(owner, successor)
    if (doubt !== undefined) return { kind: 'none', why: `${doubt}, and ${whyNoImage(hang, image)}; --by delete all the same` }
    const isInVain = successor?.kind === 'with' && successor.image === hang.image && hang.kind !== 'overdue'
    if (isInVain) {
      return {
        kind: 'none',
        why: `its successor would get usher-lock of the same image: the webhook puts it in (it leaves the lock out once a pod has hung for 20 s: try again), or the template of ${nameOfOwner(owner)} has it itself; --image NAME, or --by delete all the same`,
      }
    }
  }
  return { kind: 'delete', owner, successor }
}

/**
 * Why nobody may be sure that another pod comes in the place of one that is deleted. A Job is never sure: besides its
 * backoffLimit there are the limits of its indexes and its podFailurePolicy, and of what it has counted its status is late.
 * Nor is an owner whose next pod the API server does not admit, or does not tell of: its pod would be gone for nothing.
 */
function doubtOf(owner: Owner, successor: Successor | undefined): string | undefined {
  const renewal = renewalOf(owner)
  if (renewal === 'unknown') return `whether ${nameOfOwner(owner)} makes it anew is not known`
  if (renewal === 'counts') return `${nameOfOwner(owner)} would count its deletion as a failure, and may fail for good`
  return successor?.kind === 'unknown' ? `what ${nameOfOwner(owner)} would make in its place is not known (${successor.why})` : undefined
}

function whyNoImage({ image: own, node }: Hang, image: string | undefined): string {
  return image === own ? `usher-lock has the image ${own} already` : `no other image of usher-wait runs on ${node} (--image names one that can be pulled)`
}

/** What nobody but its author may do: a pod without usher is another pod. */
function byHand({ namespace, name }: Hang): string {
  return `kubectl get pod ${name} -n ${namespace} -o yaml | usher uninject -f - | kubectl replace --force -f - makes it anew by hand`
}

/** `ReplicaSet/web-5f7` */
export function nameOfOwner({ kind, name }: Owner): string {
  return `${kind}/${name}`
}
