/** Something in a namespace. */
export interface Inmate {
  readonly kind: string
  readonly name: string
  readonly uid: string
  /** The uids of those that it goes with. */
  readonly owners: readonly string[]
  /** Whether it is labelled as usher's: what Deployment and DaemonSet have made, though they may be gone already. */
  readonly isLabelled: boolean
}

// Made in every namespace by the control planes and meshes that there are; they go with it.
const furniture: Readonly<Record<string, readonly RegExp[]>> = {
  ServiceAccount: [/^(?:default|builder|deployer)$/],
  ConfigMap: [/^(?:kube-root-ca\.crt|openshift-service-ca\.crt|istio-ca-root-cert)$/],
  Secret: [/^(?:default|builder|deployer)-(?:token|dockercfg)-/],
  RoleBinding: [/^system:/],
  // News that end by themselves.
  Event: [/./],
}

/**
 * What is in a namespace beside what goes: with a namespace, all that is in it goes, whosever it is.
 *
 * @param gone uids of what goes; what they own goes, too.
 * @param services names of Services that go: their Endpoints have no owner.
 */
export function strangersAmong(inmates: readonly Inmate[], gone: readonly string[], services: readonly string[]): readonly Inmate[] {
  const going = new Set([...gone, ...inmates.filter(({ isLabelled, owners }) => isLabelled && owners.length > 0).map(({ uid }) => uid)])
  for (let before = -1; before < going.size; ) {
    before = going.size
    for (const { uid, owners } of inmates) if (owners.some((owner) => going.has(owner))) going.add(uid)
  }
  return inmates.filter(({ kind, name, uid }) => {
    if (going.has(uid) || (kind === 'Endpoints' && services.includes(name))) return false
    return !(Object.hasOwn(furniture, kind) && furniture[kind]?.some((names) => names.test(name)) === true)
  })
}
